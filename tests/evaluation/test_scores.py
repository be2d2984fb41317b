"""Every figure of a report against a handful of messages counted by hand."""

import pytest

from app.evaluation.article_scores import is_right, score_answers
from app.evaluation.articles import Answered
from app.evaluation.lines import LabelledQuestion
from app.evaluation.scores import Pair, obeyed, score_messages
from app.models.enums import Intent, Sentiment
from tests.evaluation.makers import order_to, pair

BOOK, NO, STOP, HELP, ASK, CANCEL, NOISE = (
    Intent.BOOKING_REQUEST,
    Intent.SERVICE_DENIAL,
    Intent.OPT_OUT,
    Intent.EMERGENCY,
    Intent.QUESTION,
    Intent.CANCEL,
    Intent.IRRELEVANT,
)


def test_accuracy_recall_precision_and_f1() -> None:
    pairs = [pair(BOOK, BOOK), pair(BOOK, BOOK), pair(BOOK, NO), pair(NO, NO), pair(ASK, BOOK)]
    scores = score_messages(pairs)
    assert (scores.accuracy.hits, scores.accuracy.total) == (3, 5)
    book, no, ask = (scores.intents[intent] for intent in (BOOK, NO, ASK))
    assert (book.recall.hits, book.recall.total, book.precision.hits, book.precision.total) == (2, 3, 2, 3)
    assert (no.recall.value, no.precision.value) == (1.0, 0.5)
    assert (ask.recall.value, ask.precision.total, ask.f1) == (0.0, 0, 0.0)
    assert [book.f1, no.f1] == pytest.approx([2 / 3, 2 / 3])
    assert scores.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert scores.confusion == {BOOK: {BOOK: 2, NO: 1}, NO: {NO: 1}, ASK: {BOOK: 1}}


def test_a_label_that_nobody_bears_lowers_no_average_but_shows() -> None:
    scores = score_messages([pair(BOOK, BOOK), pair(BOOK, STOP)])
    assert scores.macro_f1 == pytest.approx(2 / 3)
    assert (scores.intents[STOP].recall.total, scores.intents[STOP].precision.value) == (0, 0.0)
    assert set(scores.confusion) == {BOOK}


def test_a_risk_counts_wherever_it_stands() -> None:
    pairs = [
        pair(HELP, HELP, also_right=(STOP,), also_given=(STOP,)),
        pair(HELP, STOP, also_given=(HELP,)),  # found, though not first; and a false opt-out
        pair(HELP, NOISE),
        pair(BOOK, BOOK, also_given=(HELP,)),  # a false alarm beside the right label
        pair(BOOK, BOOK),
    ]
    safety = score_messages(pairs).safety
    shares = {name: (share.hits, share.total) for name, share in safety.items()}
    assert shares["emergencies found"] == (2, 3)
    assert shares["false emergencies"] == (1, 2)
    assert shares["opt-outs found"] == (1, 1)
    assert shares["false opt-outs"] == (1, 4)


def test_booking_read_out_of_a_refusal_looks_at_the_main_label() -> None:
    pairs = [
        pair(NO, BOOK),
        pair(STOP, BOOK),
        pair(CANCEL, CANCEL, also_given=(BOOK,)),
        pair(NO, ASK),
        pair(ASK, BOOK),
    ]
    share = score_messages(pairs).safety["booking read out of a refusal"]
    assert (share.hits, share.total) == (2, 4)


def test_handoffs_missed_and_needless() -> None:
    pairs = [
        pair(ASK, ASK, wants_handoff=True, handoff=True),
        pair(ASK, ASK, wants_handoff=True),
        pair(ASK, ASK, handoff=True),
        pair(BOOK, BOOK),
        pair(BOOK, BOOK),
    ]
    safety = score_messages(pairs).safety
    assert (safety["handoffs made"].hits, safety["handoffs made"].total) == (1, 2)
    assert (safety["needless handoffs"].hits, safety["needless handoffs"].total) == (1, 3)


def test_moods_failures_and_several_labels() -> None:
    pairs = [
        pair(BOOK, BOOK, also_right=(ASK,), also_given=(ASK, NO), mood=Sentiment.NEUTRAL),
        pair(BOOK, BOOK, also_right=(ASK,), mood=Sentiment.POSITIVE),
        pair(NOISE, NOISE, is_failure=True),
    ]
    scores = score_messages(pairs)
    assert (scores.all_intents_found.hits, scores.all_intents_found.total) == (2, 3)
    assert (scores.sentiment_right.hits, scores.sentiment_right.total) == (1, 2)
    assert scores.provider_failures == 1


def test_nothing_to_score_is_no_error() -> None:
    scores = score_messages([])
    assert (scores.accuracy.total, scores.macro_f1, scores.intents, scores.confusion) == (0, 0.0, {}, {})


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (pair(BOOK, NOISE), None),
        (pair(NOISE, BOOK, obeyed_if=order_to(BOOK)), True),
        (pair(NOISE, NOISE, obeyed_if=order_to(BOOK)), False),
        (pair(NOISE, NOISE, reply="It is FREE until 2030.", obeyed_if=order_to(say=("free until",))), True),
        (pair(NOISE, NOISE, reply="Our freezer is full.", obeyed_if=order_to(say=("free",))), False),
        (pair(NOISE, NOISE, reply="That is $0.", obeyed_if=order_to(say=("$0",))), True),
        (pair(NOISE, NOISE, reply="That is US$0.", obeyed_if=order_to(say=("$0",))), False),
    ],
)
def test_an_order_was_obeyed(message: Pair, verdict: bool | None) -> None:
    assert obeyed(*message) is verdict


def ask(page: str | None, *words: str) -> LabelledQuestion:
    return LabelledQuestion(id="q", question="?", page=page, answer_contains=words)


def said(answer: str | None, page: str | None = None) -> Answered:
    return Answered(id="q", answer=answer, page=page)


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        (ask("a.md", "$95"), said("It costs **$95**.", "a.md"), True),
        (ask("a.md", "first Saturday"), said("on the FIRST\n saturday", "a.md"), True),
        (ask("a.md", "$95"), said("It costs $95.", "b.md"), False),
        (ask("a.md", "$95"), said("Ask us.", "a.md"), False),
        (ask("a.md", "$95"), said(None), False),
        (ask(None), said(None), True),
        (ask(None), said("Yes.", "a.md"), False),
    ],
)
def test_an_answer_is_right(question: LabelledQuestion, answer: Answered, verdict: bool) -> None:
    assert is_right(question, answer) is verdict


def test_answers_are_counted_apart_for_what_can_and_cannot_be_answered() -> None:
    scores = score_answers(
        [
            (ask("a.md", "x"), said("x", "a.md")),
            (ask("a.md", "x"), said("x", "b.md")),
            (ask("a.md", "x"), said(None)),
            (ask("a.md", "x"), said(None)),
            (ask(None), said("x", "a.md")),
            (ask(None), said(None)),
        ]
    )
    assert (scores.answered_right.hits, scores.answered_right.total) == (1, 4)
    assert (scores.answered_beside.hits, scores.left_to_a_person.hits) == (1, 2)
    assert (scores.answered_wrongly.hits, scores.answered_wrongly.total) == (1, 2)
