"""The numbered changes. A new one is appended; one that was released is never edited, renumbered or taken away.

Each must be harmless when it is repeated, and the product of before it must be able to work beside it: replicas are
updated one after the other.
"""

from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One change of the documents of a collection that `wanting` finds; `change` is an update pipeline.

    A changed document is found by `wanting` no more: that is what makes a repeat harmless.
    """

    number: int
    name: str
    says: str
    collection: str
    wanting: Raw
    change: list[Raw]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        number=1,
        name="visits_take_their_provider",
        says="visits of before there were buffers before a visit take their provider from their beginning",
        collection="appointments",
        wanting={"busy_from": {"$exists": False}},
        change=[{"$set": {"busy_from": "$appointment_date"}}],
    ),
    Migration(
        number=2,
        name="audit_rows_tell_reads",
        says="audit rows of before the record's timeline tell whether somebody only looked",
        collection="audit_log",
        wanting={"is_read": {"$exists": False}},
        change=[
            {
                "$set": {
                    "is_read": {
                        "$regexMatch": {"input": "$action", "regex": r"\.(read|listed|searched|exported|previewed)$"}
                    }
                }
            }
        ],
    ),
)
