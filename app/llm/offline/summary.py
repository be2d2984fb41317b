"""What staff read first when a conversation becomes theirs: who wrote, about what, and a reply to start from."""

from collections.abc import Sequence

from app.domain.screening import visible_text
from app.llm.base import Analysis, Summary, Turn
from app.models.enums import Author, Intent

MAX_QUESTION_CHARS = 200

_ABOUT = {
    Intent.EMERGENCY: "reports what may be an emergency",
    Intent.OPT_OUT: "asks not to be written to",
    Intent.COMPLAINT: "has a complaint",
    Intent.CANCEL: "wants to cancel a visit",
    Intent.RESCHEDULE: "wants to move a visit",
    Intent.SERVICE_DENIAL: "declines",
    Intent.BOOKING_REQUEST: "wants to be seen",
    Intent.QUESTION: "asks a question",
    Intent.CONFUSED: "could not be understood",
    Intent.IRRELEVANT: "wrote about something else",
    Intent.AUTO_REPLY: "sent an automatic reply",
    Intent.BOUNCE: "could not be reached",
}
# To start from, never sent by itself: it promises nothing that the clinic has not decided.
_SUGGESTED = {
    Intent.EMERGENCY: (
        "We are very sorry to hear this. Please call us right away so that we can see you as soon as possible."
    ),
    Intent.COMPLAINT: (
        "Thank you for telling us; we are sorry that this was your experience. May we call you to put it right?"
    ),
    Intent.CANCEL: "Thank you for letting us know. We will take care of your appointment and confirm it to you.",
    Intent.RESCHEDULE: "Thank you for letting us know. Which days and times would suit you better?",
    Intent.BOOKING_REQUEST: "We would be glad to see you. Which days and times suit you best?",
    Intent.QUESTION: "Thank you for your question. We are looking into it and will answer you here.",
    Intent.CONFUSED: "We want to be sure we understand you: could you tell us a little more about how we can help?",
}


def latest_patient_text(turns: Sequence[Turn]) -> str:
    """The newest message of the patient, quotes and signature cut; empty when the patient never wrote."""
    written = [turn.text for turn in turns if turn.author == Author.PATIENT]
    return visible_text(written[-1]) if written else ""


def sum_up(turns: Sequence[Turn], latest: Analysis | None) -> Summary:
    """Sum a conversation up; `latest` is the analysis of the patient's newest message, None when there is none."""
    question = one_line(latest_patient_text(turns), MAX_QUESTION_CHARS)
    counts = {author: sum(turn.author == author for turn in turns) for author in Author}
    wrote = [f"{_plural(counts[author], 'message')} from {name}" for author, name in _NAMES.items() if counts[author]]
    summary = f"{', '.join(wrote) or 'No message yet'}."
    if latest is not None:
        about = "; ".join(_ABOUT[intent] for intent in latest.intents)
        summary += f" The patient {about}; the mood is {latest.sentiment.value.lower()}."
    return Summary(summary, question, _SUGGESTED.get(latest.intent) if latest is not None else None)


_NAMES = {
    Author.PATIENT: "the patient",
    Author.AI: "the assistant",
    Author.STAFF: "staff",
    Author.SYSTEM: "the system",
}


def one_line(text: str, limit: int) -> str:
    """Text on one line, cut at a word with an ellipsis."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return f"{line[: limit - 1].rsplit(' ', 1)[0][: limit - 1]}…"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
