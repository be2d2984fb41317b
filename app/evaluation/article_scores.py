"""How often the articles answered rightly, and how often they answered what they do not hold. Pure."""

from collections.abc import Sequence

from app.evaluation.articles import Answered
from app.evaluation.lines import LabelledQuestion
from app.evaluation.scores import Score
from app.evaluation.statistics import Share


class KnowledgeScores(Score):
    """`answered_right` is of the answerable ones, `answered_wrongly` of the unanswerable ones."""

    answered_right: Share
    left_to_a_person: Share
    """Of the answerable ones: safe, but no help."""
    answered_beside: Share
    """Of the answerable ones: from another article, or without what was asked for."""
    answered_wrongly: Share


def score_answers(pairs: Sequence[tuple[LabelledQuestion, Answered]]) -> KnowledgeScores:
    """Compare each question's page and words with what was answered."""
    open_ones = [(question, given) for question, given in pairs if question.page]
    return KnowledgeScores(
        answered_right=Share.of(is_right(question, given) for question, given in open_ones),
        left_to_a_person=Share.of(given.answer is None for _, given in open_ones),
        answered_beside=Share.of(
            given.answer is not None and not is_right(question, given) for question, given in open_ones
        ),
        answered_wrongly=Share.of(given.answer is not None for question, given in pairs if question.page is None),
    )


def is_right(question: LabelledQuestion, given: Answered) -> bool:
    """Answered from the right page with the right words, or left alone where no page answers."""
    if question.page is None or given.answer is None:
        return question.page is None and given.answer is None
    answer = _plain(given.answer)
    return given.page == question.page and all(_plain(words) in answer for words in question.answer_contains)


def _plain(text: str) -> str:
    return " ".join(text.replace("*", "").lower().split())
