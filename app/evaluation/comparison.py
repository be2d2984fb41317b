"""Whether a run did better than an earlier one on the same lines: paired, so that luck is told from progress. Pure."""

from collections.abc import Mapping

from app.evaluation.report import Report
from app.evaluation.scores import Score
from app.evaluation.statistics import mcnemar

SURE = 0.05


class Difference(Score):
    """Over the lines that both runs have: how many are right now and were not, and the other way round."""

    common: int
    gained: int
    lost: int
    p_value: float

    @property
    def verdict(self) -> str:
        """One sentence; "better" and "worse" only when chance explains it in fewer than 1 of 20 cases."""
        if self.p_value >= SURE:
            return "no clear difference"
        return "better" if self.gained > self.lost else "worse"


def compare(former: Report, present: Report) -> dict[str, Difference]:
    """Messages, questions and dialogues, each by itself."""
    kinds = ("messages", "questions", "dialogues")
    return {kind: _difference(getattr(former.right, kind), getattr(present.right, kind)) for kind in kinds}


def _difference(former: Mapping[str, bool], present: Mapping[str, bool]) -> Difference:
    common = former.keys() & present.keys()
    gained = sum(present[each] and not former[each] for each in common)
    lost = sum(former[each] and not present[each] for each in common)
    return Difference(common=len(common), gained=gained, lost=lost, p_value=mcnemar(gained, lost))
