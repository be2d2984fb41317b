"""Two runs over the same lines: what changed, and whether chance explains it."""

import pytest

from app.evaluation.article_scores import score_answers
from app.evaluation.comparison import compare
from app.evaluation.report import Cost, Report, Speed, Verdicts
from app.evaluation.scores import score_messages
from app.evaluation.statistics import Share


def report_of(messages: dict[str, bool]) -> Report:
    return Report(
        provider="offline",
        split="dev",
        messages=score_messages([]),
        knowledge=score_answers([]),
        dialogues_as_expected=Share.of([]),
        speed=Speed(p50_ms=1, p95_ms=2, messages_per_second=3),
        cost=Cost(calls=0, tokens=0, usd=0),
        right=Verdicts(messages=messages, questions={"q": True}, dialogues={}),
    )


def test_only_lines_that_both_runs_have_are_compared() -> None:
    former = report_of({"a": True, "b": False, "c": False, "gone": False})
    present = report_of({"a": False, "b": True, "c": True, "new": True})
    found = compare(former, present)
    assert (found["messages"].common, found["messages"].gained, found["messages"].lost) == (3, 2, 1)
    assert (found["questions"].common, found["questions"].gained, found["questions"].lost) == (1, 0, 0)
    assert (found["dialogues"].common, found["dialogues"].p_value) == (0, 1.0)


@pytest.mark.parametrize(
    ("gained", "lost", "verdict"),
    [(6, 0, "better"), (0, 6, "worse"), (5, 0, "no clear difference"), (20, 20, "no clear difference")],
)
def test_the_verdict_needs_more_than_luck(gained: int, lost: int, verdict: str) -> None:
    ids = [f"m{number}" for number in range(gained + lost)]
    former = report_of({name: place >= gained for place, name in enumerate(ids)})
    present = report_of({name: place < gained for place, name in enumerate(ids)})
    assert compare(former, present)["messages"].verdict == verdict
