"""The labelled files of this repository: valid, varied enough, and apart from each other."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import pytest

from app.cli_evaluate import EVALS
from app.evaluation.articles import read_article
from app.evaluation.lines import (
    Dialogue,
    LabelledMessage,
    LabelledQuestion,
    MessageLine,
    PatientStep,
    read_lines,
)
from app.evaluation.predictions import FOLDED
from app.models.enums import ChannelType, Intent

STRENGTH = (
    Intent.EMERGENCY,
    Intent.OPT_OUT,
    Intent.COMPLAINT,
    Intent.CANCEL,
    Intent.RESCHEDULE,
    Intent.SERVICE_DENIAL,
    Intent.BOOKING_REQUEST,
    Intent.QUESTION,
    Intent.IRRELEVANT,
    Intent.AUTO_REPLY,
)
EITHER_FIRST = {Intent.BOOKING_REQUEST, Intent.QUESTION}
SWAPPED = {(Intent.RESCHEDULE, Intent.CANCEL), (Intent.BOOKING_REQUEST, Intent.SERVICE_DENIAL)}
"""A visit is moved and another one dropped; one treatment is refused and another one accepted."""
ALWAYS_FOR_A_PERSON = {Intent.EMERGENCY, Intent.COMPLAINT}
FAILURE_TYPES = (
    "quoted hidden zerowidth html signature negation figurative past understated sarcasm yes-shaped no-shaped reversal "
    "deferral multi partial-cancel impossible-date ooo bounce own-account other-patient clinical vendor thanks "
    "injection yesno menu emoji indirect typo partial erasure deceased wrong-number bare-cancel es fr de it pt"
).split()
SHORT_WORDS = 3
"""Bare answers such as "yes please" stand in every collection: they say nothing about copying."""
ALIKE = 0.75
PRACTICES = sorted((EVALS / "knowledge" / "practices").iterdir())
TRAIN = sorted((EVALS / "train").glob("*.jsonl"))


def messages(split: str) -> list[LabelledMessage]:
    return read_lines(EVALS / "messages" / f"{split}.jsonl", LabelledMessage)


def words_of(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return frozenset(re.findall(r"[a-z0-9]{2,}", plain))


@dataclass(frozen=True, slots=True)
class Bag:
    """The words of a message and of what it answers."""

    id: str
    words: frozenset[str]
    context: frozenset[str]


def bags_of(lines: Iterable[MessageLine]) -> list[Bag]:
    """Of every message that is long enough to be copied."""
    bags = [Bag(line.id, words_of(line.text), words_of(line.prev_outgoing or "")) for line in lines]
    return [bag for bag in bags if len(bag.words) > SHORT_WORDS]


def alike(pairs: Iterable[tuple[Bag, Bag]]) -> list[tuple[str, str]]:
    """Those with nearly the same words, in the message and, where it differs, in what it answers."""
    return [(one.id, two.id) for one, two in pairs if _overlap(one.words, two.words) and _same_place(one, two)]


def _overlap(one: frozenset[str], two: frozenset[str]) -> bool:
    if not ALIKE < len(one) / len(two) < 1 / ALIKE:
        return False
    return len(one & two) > ALIKE * len(one | two)


def _same_place(one: Bag, two: Bag) -> bool:
    return one.context == two.context or _overlap(one.words | one.context, two.words | two.context)


@pytest.mark.parametrize(("split", "least", "each"), [("test", 420, 25), ("dev", 300, 20)])
def test_there_are_enough_of_each_label_channel_and_failure(split: str, least: int, each: int) -> None:
    lines = messages(split)
    assert len(lines) >= least
    labels = Counter(line.intent for line in lines)
    assert set(labels) == set(STRENGTH), "a label that agent.md section 1 does not know"
    assert min(labels.values()) >= each
    assert set(Counter(line.channel for line in lines)) == set(ChannelType)
    tags = Counter(tag for line in lines for tag in line.tags)
    assert not [tag for tag in FAILURE_TYPES if tags[tag] < 2]
    assert len(lines) == len({(line.channel, line.text, line.prev_outgoing) for line in lines})


def test_there_are_enough_injections() -> None:
    assert sum("injection" in line.tags for split in ("test", "dev") for line in messages(split)) >= 40


@pytest.mark.parametrize("split", ["test", "dev"])
def test_labels_keep_to_their_own_rules(split: str) -> None:
    for line in messages(split):
        assert line.intent is line.intents[0], line.id
        assert not set(line.intents) & set(FOLDED), line.id
        assert line.sentiment, line.id
        assert line.handoff or not ALWAYS_FOR_A_PERSON & set(line.intents), line.id
        assert bool(line.obeyed_if) is ("injection" in line.tags), line.id
        assert not line.handoff or not {"thanks", "ack"} & set(line.tags), line.id
        for other in line.intents[1:]:
            pair = (line.intent, other)
            assert pair in SWAPPED or set(pair) == EITHER_FIRST or other is line.intent or rank(pair), line.id


def rank(pair: tuple[Intent, Intent]) -> bool:
    first, second = (STRENGTH.index(intent) for intent in pair)
    return first <= second


@pytest.mark.parametrize("split", ["test", "dev"])
def test_no_message_is_there_twice(split: str) -> None:
    assert not alike(combinations(bags_of(messages(split)), 2))


def test_no_test_message_was_developed_with() -> None:
    assert not alike(product(bags_of(messages("test")), bags_of(messages("dev"))))


def test_a_copy_with_other_spelling_would_be_seen() -> None:
    one = MessageLine(id="a", channel=ChannelType.SMS, text="Could we please MOVE Tuesday's visit to Friday?")
    two = MessageLine(id="b", channel=ChannelType.EMAIL, text="could we move tuesdays visit  to Friday please!")
    other = MessageLine(id="c", channel=ChannelType.SMS, text="Could you please cancel Tuesday's visit for me?")
    assert alike(combinations(bags_of([one, two, other]), 2)) == [("a", "b")]
    elsewhere = two.model_copy(
        update={"prev_outgoing": "It was nice to see you. Would you like to rate us, or write to us?"}
    )
    assert not alike(combinations(bags_of([one, elsewhere]), 2))


@pytest.mark.parametrize("file", TRAIN, ids=lambda file: file.stem)
def test_nothing_was_trained_with_what_it_is_measured_on(file: Path) -> None:
    measured = [*messages("test"), *messages("dev")]
    assert not alike(product(bags_of(measured), bags_of(read_lines(file, MessageLine))))


@pytest.mark.parametrize(("name", "total"), [("questions", 60), ("questions_dev", 32)])
def test_questions_are_half_unanswerable_and_the_others_stand_in_their_article(name: str, total: int) -> None:
    questions = read_lines(EVALS / "knowledge" / f"{name}.jsonl", LabelledQuestion)
    assert len(questions) == total
    assert sum(question.page is None for question in questions) == total // 2
    for question in questions:
        assert bool(question.answer_contains) is bool(question.page), question.id
        if question.page:
            _, body = read_article(EVALS / "knowledge" / "articles" / question.page)
            assert all(words in body for words in question.answer_contains), question.id


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda practice: practice.name)
def test_every_practice_has_questions_that_its_articles_answer_and_near_misses(practice: Path) -> None:
    questions = read_lines(practice / "questions.jsonl", LabelledQuestion)
    assert sum(question.page is None for question in questions) >= len(questions) // 3
    for question in questions:
        assert bool(question.answer_contains) is bool(question.page), question.id
        if question.page:
            _, body = read_article(practice / "articles" / question.page)
            said = body.replace("*", "").lower()
            assert all(words.lower() in said for words in question.answer_contains), question.id


def test_no_question_was_developed_with() -> None:
    counted, developed = (
        {words_of(line.question) for line in read_lines(EVALS / "knowledge" / f"{name}.jsonl", LabelledQuestion)}
        for name in ("questions", "questions_dev")
    )
    for practice in PRACTICES:
        developed |= {words_of(line.question) for line in read_lines(practice / "questions.jsonl", LabelledQuestion)}
    assert not [one for one, two in product(counted, developed) if len(one & two) > ALIKE * len(one | two)]


def test_there_are_twenty_dialogues_of_several_kinds() -> None:
    dialogues = read_lines(EVALS / "dialogues" / "dialogues.jsonl", Dialogue)
    assert len(dialogues) >= 20
    assert {dialogue.channel for dialogue in dialogues} == set(ChannelType)
    assert any(len(step.patient) > 1 for line in dialogues for step in line.steps if isinstance(step, PatientStep))
    for flag in ("opted_out", "handoff"):
        assert {getattr(dialogue.expected, flag) for dialogue in dialogues} == {True, False}
