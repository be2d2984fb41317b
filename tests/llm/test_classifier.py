"""The classifier behind the offline provider's rules: that the shipped file is the trained one, and reads the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.llm.offline.classifier import COLUMNS, INTENTS, classify
from app.llm.offline.classifier_arrays import FILE, FORMAT, load
from app.llm.offline.classifier_features import MAX_CHARS, features_of
from app.llm.offline.classifier_previous import chosen, kinds_of
from app.models.enums import ChannelType, Intent
from scripts.training_data import FOLDER, training_hash

SAMPLE = json.loads(Path(__file__).with_name("classifier_sample.json").read_text("utf-8"))
INVITATION = "Hi Anna, it has been a while since your last check-up. Would you like to book a visit?"


def intent(text: str, *, previous: str | None = None, channel: ChannelType = ChannelType.SMS) -> Intent:
    return classify(text, channel=channel, previous_outgoing=previous).intent


def training_rows() -> list[dict[str, Any]]:
    return [
        json.loads(line) for path in sorted(FOLDER.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]


def test_shipped_file_belongs_to_the_committed_training_data() -> None:
    assert load().header.training_data == training_hash(), "evals/train has changed: run make train"
    assert load().header.labels == COLUMNS


def test_file_is_small() -> None:
    assert FILE.stat().st_size < 10_000_000


@pytest.mark.parametrize("row", SAMPLE, ids=range(len(SAMPLE)))
def test_arrays_score_as_scikit_learn_did(row: dict[str, Any]) -> None:
    channel, previous = ChannelType(row["channel"]), row["prev_outgoing"]
    scores = load().score(features_of(row["text"], channel=channel, previous_outgoing=previous))
    assert scores == pytest.approx(row["scores"], abs=0.01), "features or rules have changed: run make train"


def test_training_data_are_labelled_whole_and_never_twice() -> None:
    rows = training_rows()
    assert len(rows) >= 2_200
    assert sum("prev_outgoing" in row for row in rows) >= 350
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({(row["text"].strip().lower(), row.get("prev_outgoing")) for row in rows}) == len(rows)
    assert {row["intent"] for row in rows} == {label.value for label in INTENTS}
    for row in rows:
        assert row["intent"] in row["intents"]
        assert set(row["intents"]) <= {label.value for label in INTENTS}
        assert isinstance(row["handoff"], bool)
        assert row["handoff"] or "EMERGENCY" not in row["intents"]
        ChannelType(row["channel"])


def test_probabilities_are_probabilities() -> None:
    scores = classify("could I come on Tuesday?", channel=ChannelType.SMS, previous_outgoing=INVITATION)
    assert sum(scores.main.values()) == pytest.approx(1)
    every = [*scores.main.values(), *scores.present.values(), scores.handoff]
    assert all(0 <= probability <= 1 for probability in every)
    assert scores.confidence == max(scores.main.values()) == scores.main[scores.intent]


@pytest.mark.parametrize(
    ("previous", "reply", "expected"),
    [
        ("Shall we arrange your hygiene visit?", "yes", Intent.BOOKING_REQUEST),
        ("Shall we arrange your hygiene visit?", "no", Intent.SERVICE_DENIAL),
        ("Should we stop texting you?", "yes", Intent.OPT_OUT),
        ("Should we stop texting you?", "no", Intent.IRRELEVANT),
        ("Do you want us to cancel your visit on Tuesday?", "yes", Intent.CANCEL),
        ("Would you like to move your visit to another day?", "yes", Intent.RESCHEDULE),
        ("Is there any swelling or fever?", "yes", Intent.EMERGENCY),
        ("Is this a bad time for a check-up?", "no", Intent.BOOKING_REQUEST),
        ("Reply A for a morning, B for an afternoon, C if you are not interested", "c", Intent.SERVICE_DENIAL),
        ("Your visit is on Friday. Reply K to keep it or R to reschedule it.", "R", Intent.RESCHEDULE),
    ],
)
def test_bare_answer_means_what_was_asked(previous: str, reply: str, expected: Intent) -> None:
    assert intent(reply, previous=previous) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pls take my number off this thing", Intent.OPT_OUT),
        ("i need to cancle my apointment tomorow", Intent.CANCEL),
        ("any chance of another day that week for my appointment?", Intent.RESCHEDULE),
        ("we have a new dentist round the corner, so no thank you", Intent.SERVICE_DENIAL),
        ("what would a crown cost me", Intent.QUESTION),
        ("I was charged twice and nobody answers the phone, very disappointed", Intent.COMPLAINT),
        ("I am out of the office until 4 May and will reply on my return.", Intent.AUTO_REPLY),
        ("thank you all so much!", Intent.IRRELEVANT),
        ("¿me pueden dar una cita el martes?", Intent.BOOKING_REQUEST),
        ("je voudrais annuler mon rendez-vous", Intent.CANCEL),
    ],
)
def test_plain_messages_are_read(text: str, expected: Intent) -> None:
    assert intent(text) is expected


def test_risks_are_seen_beside_the_main_label() -> None:
    scores = classify(
        "Tuesday is fine for the cleaning, but my jaw is very swollen and I have a fever",
        channel=ChannelType.WHATSAPP,
        previous_outgoing=INVITATION,
    )
    assert scores.is_emergency
    assert not scores.is_opt_out
    calm = classify("Tuesday is fine for the cleaning", channel=ChannelType.WHATSAPP, previous_outgoing=INVITATION)
    assert not calm.is_emergency


def test_bare_cancel_is_an_opt_out_by_sms_only() -> None:
    by_sms = classify("cancel", channel=ChannelType.SMS, previous_outgoing=None)
    by_mail = classify("cancel", channel=ChannelType.EMAIL, previous_outgoing=None)
    assert by_sms.opt_out > by_mail.opt_out
    assert by_sms.is_opt_out


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "\u200b" * 50,
        "?" * 5_000,
        "a" * 100_000,
        "yes " * 20_000,
        "🦷" * 3_000,
        "\ud800",
        "<b>" * 4_000,
    ],
)
def test_any_text_gets_scores(text: str) -> None:
    scores = classify(text, channel=ChannelType.EMAIL, previous_outgoing=text)
    assert sum(scores.main.values()) == pytest.approx(1)


def test_of_a_long_message_beginning_and_end_count() -> None:
    long = f"I would like to book. {'Lorem ipsum dolor. ' * 300} Please stop writing to me."
    words, pieces, _ = features_of(long, channel=ChannelType.EMAIL, previous_outgoing=None)
    assert {"book", "writing"} <= words
    assert len(pieces) < 5 * MAX_CHARS


def test_options_of_a_menu_are_told_apart() -> None:
    menu = "Which suits you? 1) Mon 14 Dec 9:30 2) Tue 15 Dec 16:00 3) neither"
    assert chosen("2.", menu) == "Tue 15 Dec 16:00"
    assert chosen("option 3 please", menu) == "neither"
    assert chosen("4", menu) is None
    assert chosen("2 of us would come", menu) is None


def test_kinds_of_what_we_wrote() -> None:
    assert kinds_of(" ") == ["none"]
    assert kinds_of(" good day ") == ["told"]
    assert {"ask", "stop"} <= set(kinds_of(" shall we stop writing to you ?| "))


def test_file_of_another_format_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "classifier.bin"
    other.write_bytes(FILE.read_bytes().replace(f'"format": {FORMAT}'.encode(), b'"format": 9', 1))
    with pytest.raises(ValueError, match="make train"):
        load(other)
