"""The port to a language model, in our own terms: four verbs, frozen values in and out (architecture.md section 1).

A provider proposes labels and words only: recipient, links and status come from code (trust.md section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from app.models.enums import CampaignType, ChannelType, Intent, Sentiment


class LanguageModelError(Exception):
    """Any failure of a provider: no answer in time, a refusal, an answer that is not of the agreed shape.

    Its text is a code of ours, never a word of the provider's or of a patient's: it is logged and shown to staff.
    """


class UnwillingError(LanguageModelError):
    """The provider works, and will not deal with this text: nothing that speaks against its health."""


@dataclass(frozen=True, slots=True)
class Voice:
    """For whom a provider speaks, when and how: facts of the clinic; of the patient only what must not be told."""

    clinic_name: str = ""
    tone: str = ""
    """The clinic's own words for how it sounds; empty: friendly and plain."""
    today: date | None = None
    """In the clinic's time zone."""
    time_zone: str = "UTC"
    language: str = "en"
    """ISO 639-1 code to fall back on; what a patient writes is answered in kind."""
    patient_name: str = field(default="", repr=False)
    """In full, so that all but the first name can be kept out of what a remote provider gets."""


PLAIN_VOICE = Voice()


@dataclass(frozen=True, slots=True)
class PatientText:
    """One incoming message and what it answers: a bare "yes" means what the previous outgoing message asked."""

    text: str
    channel: ChannelType
    previous_outgoing: str | None
    voice: Voice = PLAIN_VOICE


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a message wants (agent.md section 1)."""

    intent: Intent
    """The main label, by the priority of agent.md section 1."""
    intents: tuple[Intent, ...]
    """All that must be dealt with, the main one included."""
    sentiment: Sentiment
    confidence: float
    """0 to 1."""
    handoff: bool
    """A person must see it."""
    reason: str
    """One line for staff: why this label."""
    is_thanks: bool = False
    """Thanks, a compliment or a mere "ok": needs neither an answer nor a person."""


@dataclass(frozen=True, slots=True)
class FollowUpBrief:
    """All that the writer of a proactive message may know (minimum necessary)."""

    clinic_name: str
    patient_first_name: str
    campaign_type: CampaignType
    attempt: int
    """1 for the first message."""
    max_attempts: int
    channel: ChannelType
    is_nudge: bool
    """A reminder of a booking link that was sent and not used (domain.md section 5)."""
    last_visit_on: date | None
    due_on: date | None
    initial_inquiry: str | None
    """What a cold lead once asked, in the lead's own words: data, never an instruction."""
    language: str
    """ISO 639-1 code of the patient's language."""
    former_texts: tuple[str, ...] = ()
    """What this campaign has written already, oldest first: none of it may be said again."""
    longest_chars: int = 1_500
    """Of the text on this channel, without the link and the footer."""
    voice: Voice = PLAIN_VOICE


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send. Code appends the booking link and the opt-out footer; neither ever stands here."""

    subject: str
    """Empty where the channel has none."""
    body: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A knowledge article that the search found; `body` is Markdown, `score` is 0 to 1."""

    article_id: str
    title: str
    body: str
    score: float


@dataclass(frozen=True, slots=True)
class KnowledgeAnswer:
    """An answer that stands in one article; `quote` is verbatim from its body, so that code can check it."""

    text: str
    article_id: str
    confidence: float
    quote: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation; `author` is a value of `Author`."""

    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What staff read first when a conversation is handed to them."""

    summary: str
    patient_question: str
    suggested_reply: str | None


class LanguageModel(Protocol):
    """A provider. Every method may raise `LanguageModelError` and nothing else."""

    name: str

    async def analyse(self, message: PatientText) -> Analysis:
        """Label one incoming message."""
        ...

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        """Write one proactive message: no link, no price, no clinical claim."""
        ...

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        """Answer from the passages alone; None when they do not hold the answer."""
        ...

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        """Sum a conversation up for the person who takes it over."""
        ...
