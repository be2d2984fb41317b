"""What a model must answer, one Pydantic model for each decision, and how it becomes a value of the port.

The schema that is sent holds closed enums and plain types only, since not every compatible server knows more; limits
are checked here. Errors never show what was answered: it may repeat a patient's words (stack.md 2c).
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from app.domain.prompt_marks import shows_mark
from app.llm.base import Analysis, Draft, KnowledgeAnswer, LanguageModelError, Passage, Summary, UnwillingError
from app.llm.masks import shows_mask
from app.models.enums import ChannelType, Intent, Sentiment

LONGEST_REASON, LONGEST_ANSWER, LONGEST_QUESTION, LONGEST_SUBJECT = 200, 600, 200, 150
ECHO_WORDS, STEM = 4, 5
LONGEST_BODY = {ChannelType.EMAIL: 1_500, ChannelType.SMS: 300, ChannelType.WHATSAPP: 300}

_CITATION = re.compile(r"\s?\[\d{1,2}\]")
"""Our own numbers of the articles mean nothing to a patient."""

Label = Literal[
    Intent.EMERGENCY,
    Intent.OPT_OUT,
    Intent.COMPLAINT,
    Intent.CANCEL,
    Intent.RESCHEDULE,
    Intent.SERVICE_DENIAL,
    Intent.BOOKING_REQUEST,
    Intent.QUESTION,
    Intent.CONFUSED,
    Intent.IRRELEVANT,
    Intent.AUTO_REPLY,
]
"""Every intent but BOUNCE: only a mail server's own report is one."""


def _probability(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("must be from 0 to 1")
    return value


def _storable(text: str) -> str:
    return text.replace("\x00", "").strip()


Probability = Annotated[float, AfterValidator(_probability)]
Words = Annotated[str, AfterValidator(_storable)]


class Decision(BaseModel):
    """An answer of a model. Every field is required, no other is allowed, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @property
    def repeats_its_prompt(self) -> bool:
        """True when any of its words holds a prompt's mark."""
        return any(isinstance(value, str) and shows_mark(value) for _, value in self)


class MessageReading(Decision):
    """What one message wants; the reason comes first, so that the labels follow from it."""

    reason: Words
    intent: Label
    intents: list[Label]
    sentiment: Sentiment
    handoff: bool
    is_thanks: bool
    confidence: Probability

    def as_analysis(self) -> Analysis:
        """The main label first, and no contradiction: an emergency needs a person, thanks need none."""
        intents = tuple(dict.fromkeys((self.intent, *self.intents)))
        handoff = self.handoff or Intent.EMERGENCY in intents
        return Analysis(
            intent=self.intent,
            intents=intents,
            sentiment=self.sentiment,
            confidence=self.confidence,
            handoff=handoff,
            reason=one_line(self.reason, LONGEST_REASON) or "no reason given",
            is_thanks=self.is_thanks and not handoff and intents == (Intent.IRRELEVANT,),
        )


class FollowUpDraft(Decision):
    """One message of the clinic."""

    subject: Words
    body: Words

    def as_draft(self, channel: ChannelType, *, clinic_name: str, inquiry: str = "") -> Draft:
        """Raises LanguageModelError for one that is empty, too long, or holds a link.

        One that repeats what the patient wrote, or does not say who writes, obeyed somebody else: UnwillingError.
        """
        subject = one_line(self.subject, LONGEST_SUBJECT) if channel is ChannelType.EMAIL else ""
        is_whole = bool(self.body) and (bool(subject) or channel is not ChannelType.EMAIL)
        if not is_whole or len(self.body) > LONGEST_BODY[channel] or "://" in subject + self.body:
            raise LanguageModelError("draft_outside_its_limits")
        text = f"{subject} {self.body}"
        if shows_mask(text) or echoes(text, inquiry) or clinic_name.casefold() not in text.casefold():
            raise UnwillingError("repeats_the_inquiry_or_does_not_name_the_clinic")
        return Draft(subject=subject, body=self.body)


class ArticleAnswer(Decision):
    """An answer from one of the numbered articles, or none; `article` counts from 1."""

    answered: bool
    article: int
    quote: Words
    text: Words
    confidence: Probability

    def as_answer(self, passages: Sequence[Passage], *, question: str = "") -> KnowledgeAnswer | None:
        """None when nothing was answered, or when the quoted sentence does not stand in the article.

        Raises UnwillingError when it says what the question orders rather than what the article says.
        """
        if not self.answered or not 1 <= self.article <= len(passages) or not 0 < len(self.text) <= LONGEST_ANSWER:
            return None
        passage = passages[self.article - 1]
        quote = verbatim(self.quote, passage.body)
        if quote is None:
            return None
        text = _CITATION.sub("", self.text)
        if shows_mask(text) or obeys(text, question, source=f"{passage.title}\n{passage.body}"):
            raise UnwillingError("repeats_the_question")
        return KnowledgeAnswer(text=text, article_id=passage.article_id, confidence=self.confidence, quote=quote)


class HandoverSummary(Decision):
    """What staff read first."""

    summary: Words
    patient_question: Words
    suggested_reply: Words | None

    def as_summary(self, *, heard: str = "") -> Summary:
        """A suggestion that repeats the patient is left out. Raises LanguageModelError when it says nothing."""
        if not self.summary:
            raise LanguageModelError("empty_summary")
        suggestion = self.suggested_reply or ""
        return Summary(
            summary=self.summary[:600],
            patient_question=one_line(self.patient_question, LONGEST_QUESTION),
            suggested_reply=suggestion[:1_500] if _may_be_suggested(suggestion, heard) else None,
        )


def _may_be_suggested(suggestion: str, heard: str) -> bool:
    return bool(suggestion) and not shows_mask(suggestion) and not echoes(suggestion, heard)


def echoes(text: str, heard: str) -> bool:
    """True when the text has `ECHO_WORDS` words in a row of what was heard: a model that obeys repeats its order."""
    said, known = _words(text), _words(heard)
    runs = {tuple(known[at : at + ECHO_WORDS]) for at in range(len(known) - ECHO_WORDS + 1)}
    return any(tuple(said[at : at + ECHO_WORDS]) in runs for at in range(len(said) - ECHO_WORDS + 1))


def obeys(text: str, heard: str, *, source: str) -> bool:
    """True when a sentence repeats what was heard and fewer than half of its longer words stand in the source."""
    known = {word[:STEM] for word in _words(source)}
    return any(echoes(each, heard) and not _is_supported(each, known) for each in re.split(r"(?<=[.!?])\s+|\n", text))


def _is_supported(sentence: str, known: set[str]) -> bool:
    longer = [word for word in _words(sentence) if len(word) > 3]
    return 2 * sum(word[:STEM] in known for word in longer) >= len(longer)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def one_line(text: str, most: int) -> str:
    """The text without line breaks and unprintable characters, cut to `most` characters."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:most].rstrip()


def verbatim(quote: str, body: str) -> str | None:
    """The quoted words as they stand in the body: line breaks and Markdown's stars may differ, words may not."""
    words = re.findall(r"[^\s*_`#>]+", quote)
    if not words:
        return None
    found = re.search(r"[\s*_`#>]+".join(map(re.escape, words)), body)
    return found.group() if found else None
