"""The classifier's training messages, `evals/train/*.jsonl`, with the features that the offline provider sees."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.domain.risks import risks_of
from app.llm.base import PatientText
from app.llm.offline.by_rules import read_by_rules
from app.llm.offline.classifier import INTENTS
from app.llm.offline.classifier_features import Blocks, features_of
from app.llm.offline.cues import cues_of
from app.models.enums import ChannelType, Intent

FOLDER = Path(__file__).parents[1] / "evals" / "train"
_FOLDED = {Intent.BOUNCE: Intent.AUTO_REPLY, Intent.CONFUSED: Intent.IRRELEVANT}
RULES_WERE_WRITTEN_FOR = frozenset(
    "answers booking_denial emergency first mixed opt_out questions strangers_and_staff visits".split()
)
"""Files whose messages the rules know: there the rules' word says less about how they read a stranger's message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One labelled message."""

    text: str
    channel: ChannelType
    previous_outgoing: str | None
    blocks: Blocks
    main: int
    """Place of the main label in `INTENTS`."""
    cues: frozenset[str]
    """What the rules found in it."""
    is_final: bool
    """The rules decide alone."""
    by_rule: frozenset[Intent]
    """Risks that the rules see in it."""
    rule_main: int
    """Place in `INTENTS` of the label that the rules read."""
    is_fresh: bool
    """No rule was written for it."""
    targets: tuple[bool, ...]
    """For each label whether it is among the message's intents; then whether a person must see it."""


def training_hash() -> str:
    """SHA-256 over the training files and their names, in alphabetical order."""
    digest = sha256()
    for path in sorted(FOLDER.glob("*.jsonl")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_messages() -> list[Message]:
    """Every training message, in the order of the files."""
    return [_message(json.loads(line), path.stem) for path in sorted(FOLDER.glob("*.jsonl")) for line in _lines(path)]


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def _message(row: dict[str, Any], file: str) -> Message:
    channel, previous = ChannelType(row["channel"]), row.get("prev_outgoing")
    rules = read_by_rules(PatientText(row["text"], channel, previous))
    return Message(
        text=row["text"],
        channel=channel,
        previous_outgoing=previous,
        blocks=features_of(row["text"], channel=channel, previous_outgoing=previous),
        cues=frozenset(cues_of(rules)),
        is_final=rules.is_final,
        by_rule=frozenset(risks_of(rules.screening) + (rules.reading.intents if rules.is_final else ())),
        rule_main=INTENTS.index(_FOLDED.get(rules.reading.intents[0], rules.reading.intents[0])),
        is_fresh=file not in RULES_WERE_WRITTEN_FOR,
        main=INTENTS.index(Intent(row["intent"])),
        targets=(*(intent.value in row["intents"] for intent in INTENTS), row["handoff"]),
    )
