"""What the surviving record becomes: stops and histories united, missing facts filled; and the way back."""

from dataclasses import dataclass, field
from typing import Any

from app.models.base import Raw
from app.models.enums import PatientType
from app.models.merges import FactChange, PatientMerge

FILLED_WHEN_MISSING = ("date_of_birth", "initial_inquiry", "estimated_value", "next_follow_up_date")
REACH = ("email", "phone", "guardian_id")


@dataclass(slots=True, kw_only=True)
class United:
    """What the merge writes into the survivor, in the shapes that are stored."""

    changes: list[FactChange] = field(default_factory=list)
    added_stops: list[Raw] = field(default_factory=list)
    added_unusable: list[str] = field(default_factory=list)
    added_treatments: list[Raw] = field(default_factory=list)

    def written_to(self, survivor: Raw) -> dict[str, Any]:
        """The `$set` of the survivor."""
        treatments = [*survivor.get("treatment_history", []), *self.added_treatments]
        return {
            **{change.field: change.after for change in self.changes},
            "opt_outs": [*survivor.get("opt_outs", []), *self.added_stops],
            "unusable_addresses": [*survivor.get("unusable_addresses", []), *self.added_unusable],
            "treatment_history": sorted(treatments, key=lambda row: row["procedure_date"]),
        }


def unite(survivor: Raw, other: Raw, *, has_dependants: bool) -> United:
    """A stop on either stays, nothing of the survivor's own is overwritten, what it lacks comes from the other."""
    stopped = {stop["channel"] for stop in survivor.get("opt_outs", [])}
    unusable = set(survivor.get("unusable_addresses", []))
    known = [_treatment_key(row) for row in survivor.get("treatment_history", [])]
    return United(
        changes=_changes(survivor, other, has_dependants=has_dependants),
        added_stops=[stop for stop in other.get("opt_outs", []) if stop["channel"] not in stopped],
        added_unusable=[address for address in other.get("unusable_addresses", []) if address not in unusable],
        added_treatments=[row for row in other.get("treatment_history", []) if _treatment_key(row) not in known],
    )


def _treatment_key(row: Raw) -> tuple[Any, Any]:
    return row["procedure_name"], row["procedure_date"]


def _changes(survivor: Raw, other: Raw, *, has_dependants: bool) -> list[FactChange]:
    wanted: dict[str, Any] = {
        name: other[name] for name in FILLED_WHEN_MISSING if survivor.get(name) is None and other.get(name) is not None
    }
    wanted |= _reach(survivor, other, has_dependants=has_dependants)
    if other["patient_type"] == PatientType.EXISTING.value != survivor["patient_type"]:
        wanted["patient_type"] = PatientType.EXISTING.value
    notes = _notes(survivor.get("notes", ""), other.get("notes", ""))
    if notes != survivor.get("notes", ""):
        wanted["notes"] = notes
    return [FactChange(field=name, before=survivor.get(name), after=value) for name, value in wanted.items()]


def _reach(survivor: Raw, other: Raw, *, has_dependants: bool) -> dict[str, Any]:
    """Addresses are filled within one household only; somebody whom nobody could reach gets the other's whole reach."""
    if survivor.get("guardian_id") == other.get("guardian_id"):
        return {name: other[name] for name in ("email", "phone") if not survivor.get(name) and other.get(name)}
    if has_dependants or any(survivor.get(name) for name in REACH):
        return {}
    return {name: other[name] for name in REACH if other.get(name)}


def _notes(ours: str, theirs: str) -> str:
    return "\n".join(text for text in (ours, theirs if theirs not in ours else "") if text)


Stops = dict[str, Raw]
"""Stops by channel, as they are stored."""


def separate(merge: PatientMerge, survivor: Raw, said_since: Stops) -> dict[str, Any]:
    """The `$set` that takes from the survivor what only the merge gave it, unless it was changed or said since."""
    given_stops = {(stop.channel, stop.at) for stop in merge.added_stops}
    given_treatments = [_treatment_key(row) for row in merge.added_treatments]
    own_treatments = [row for row in survivor["treatment_history"] if _treatment_key(row) not in given_treatments]
    taken_back = {change.field: change.before for change in merge.changes if survivor.get(change.field) == change.after}
    if len(own_treatments) > merge.treatments_before:  # a visit since: they have been here
        taken_back.pop("patient_type", None)
    return {
        **taken_back,
        "opt_outs": [
            stop
            for stop in survivor["opt_outs"]
            if stop["channel"] in said_since or (stop["channel"], stop["at"]) not in given_stops
        ],
        "unusable_addresses": [item for item in survivor["unusable_addresses"] if item not in merge.added_unusable],
        "treatment_history": own_treatments,
    }


def with_stops(own: list[Raw], said_since: Stops) -> list[Raw]:
    """The restored record's stops, with those that were said while the two were one: they bind both."""
    known = {stop["channel"] for stop in own}
    return own + [stop for channel, stop in said_since.items() if channel not in known]
