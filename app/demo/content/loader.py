"""The demo clinic's content as typed values; field names follow domain.md section 2 and api.md.

The files hold no dates and no patients: the seed makes those, so the demo is as fresh as the day it is started on.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files
from typing import Any, TypedDict

from app.models.enums import Intent, Role, Sentiment

WeeklyPeriods = dict[str, list[list[str]]]
"""`{"mon": [["08:00", "12:00"], ...], ..., "sun": []}`: wall times of the clinic's zone, every weekday present."""

# Package resources, not a path beside this file: the content is found in an installed wheel too.
CONTENT = files("app.demo.content")
ARTICLE = re.compile(
    r"---\ntitle:(?P<title>[^\n]+)\ntags:(?P<tags>[^\n]+)\npublished: *(?P<published>true|false)\n---\n(?P<body>.+)",
    re.DOTALL,
)


class OutreachContent(TypedDict):
    """Outreach policy, as `PATCH /admin/clinic` takes it (domain.md section 5)."""

    max_attempts: int
    spacing_days: list[int]
    send_from: str
    send_until: str
    send_days: list[str]
    cool_down_days: int


class BookingContent(TypedDict):
    """Booking policy, as `PATCH /admin/clinic` takes it (domain.md section 7)."""

    min_notice_minutes: int
    max_horizon_days: int
    grid_minutes: int


class ClinicContent(TypedDict):
    """The clinic's settings; `fixed_holidays` are `MM-DD` and recur every year."""

    name: str
    time_zone: str
    phone: str
    address: str
    emergency_phone: str
    fixed_holidays: list[str]
    opening_hours: WeeklyPeriods
    outreach: OutreachContent
    booking: BookingContent


@dataclass(frozen=True, kw_only=True)
class ServiceContent:
    """One treatment on offer; `id` is its slug."""

    id: str
    name: str
    duration_minutes: int
    price: Decimal
    buffer_after_minutes: int
    is_public: bool


@dataclass(frozen=True, kw_only=True)
class ProviderContent:
    """A staff member who treats patients; `services` are slugs."""

    name: str
    email: str
    title: str
    weekly: WeeklyPeriods
    services: list[str]


@dataclass(frozen=True, kw_only=True)
class StaffContent:
    """A staff member without a schedule."""

    name: str
    email: str
    role: Role
    title: str


@dataclass(frozen=True, kw_only=True)
class Team:
    """Everybody who can log in to the demo."""

    providers: list[ProviderContent]
    staff: list[StaffContent]


@dataclass(frozen=True, kw_only=True)
class Article:
    """A knowledge article; `body` is Markdown with one fact in each line."""

    title: str
    tags: list[str]
    body: str
    is_published: bool


class NamesContent(TypedDict):
    """Names of varied origin to make patients from."""

    first: list[str]
    last: list[str]


class ReplyKind(StrEnum):
    """What a patient's reply is an example of: finer than `Intent`, which does not tell thanks from spam."""

    BOOKING = "booking"
    DENIAL = "denial"
    QUESTION_ANSWERED = "question_answered"
    QUESTION_OPEN = "question_open"
    COMPLAINT = "complaint"
    THANKS = "thanks"
    OUT_OF_OFFICE = "out_of_office"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    OPT_OUT = "opt_out"


@dataclass(frozen=True, kw_only=True)
class PatientReply:
    """One incoming message; `answered_by` is an article's title, `staff_reply` what a person wrote back.

    `wants_article`: a general question that no article of the demo answers; the others are somebody's own affair.
    """

    kind: ReplyKind
    intent: Intent
    sentiment: Sentiment
    text: str
    answered_by: str | None
    staff_reply: str | None
    wants_article: bool = False


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """How a cold lead first wrote; the estimated value is a range in whole dollars."""

    service_id: str
    text: str
    estimated_value_min: int
    estimated_value_max: int


@dataclass(frozen=True, kw_only=True)
class EngagementSummary:
    """A campaign's summary after a reply of this kind; None: after no reply."""

    kind: ReplyKind | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Conversations:
    """What patients and staff wrote; `staff_replies` fit any thread, a `PatientReply.staff_reply` only its own."""

    patient_replies: list[PatientReply]
    staff_replies: list[str]
    inquiries: list[Inquiry]
    engagement_summaries: list[EngagementSummary]

    def replies_of(self, kind: ReplyKind) -> list[PatientReply]:
        """The patient replies of one kind, in file order."""
        return [reply for reply in self.patient_replies if reply.kind is kind]


def load_clinic() -> ClinicContent:
    """The clinic's own settings."""
    clinic: ClinicContent = json.loads(_read_text("clinic.json"))
    return clinic


def load_services() -> list[ServiceContent]:
    """The eight services; prices are exact decimals in US dollars."""
    return [ServiceContent(**row) for row in json.loads(_read_text("services.json"), parse_float=Decimal)]


def load_providers() -> Team:
    """Providers with their schedules, and the staff users."""
    content = json.loads(_read_text("providers.json"))
    return Team(
        providers=[ProviderContent(**row) for row in content["providers"]],
        staff=[StaffContent(**{**row, "role": Role(row["role"])}) for row in content["staff"]],
    )


def load_articles() -> list[Article]:
    """The knowledge articles, drafts included, ordered by file name."""
    found = [entry for entry in CONTENT.joinpath("knowledge").iterdir() if entry.name.endswith(".md")]
    return [parse_article(entry.read_text("utf-8")) for entry in sorted(found, key=lambda entry: entry.name)]


def load_names() -> NamesContent:
    """First and last names."""
    names: NamesContent = json.loads(_read_text("names.json"))
    return names


def load_conversations() -> Conversations:
    """Example messages; every intent, sentiment and kind is checked while reading (ValueError)."""
    content = json.loads(_read_text("conversations.json"))
    return Conversations(
        patient_replies=[_reply(group, row) for group in content["patient_replies"] for row in group["replies"]],
        staff_replies=content["staff_replies"],
        inquiries=[Inquiry(**row) for row in content["inquiries"]],
        engagement_summaries=[_summary(row) for row in content["engagement_summaries"]],
    )


def parse_article(text: str) -> Article:
    """Read one article: title, tags and published lines between two fences, then the body (else ValueError)."""
    found = ARTICLE.fullmatch(text)
    if found is None:
        raise ValueError(f"An article begins with front matter (title, tags, published), not with {text[:60]!r}.")
    tags = [tag.strip() for tag in found["tags"].split(",")]
    return Article(
        title=found["title"].strip(), tags=tags, body=found["body"].strip(), is_published=found["published"] == "true"
    )


def _reply(group: dict[str, Any], row: dict[str, Any]) -> PatientReply:
    return PatientReply(
        kind=ReplyKind(group["kind"]),
        intent=Intent(group["intent"]),
        sentiment=Sentiment(row["sentiment"]),
        text=row["text"],
        answered_by=row.get("answered_by"),
        staff_reply=row.get("staff_reply"),
        wants_article=bool(row.get("wants_article")),
    )


def _summary(row: dict[str, str | None]) -> EngagementSummary:
    kind = row["kind"]
    return EngagementSummary(kind=None if kind is None else ReplyKind(kind), text=row["text"] or "")


def _read_text(name: str) -> str:
    return CONTENT.joinpath(name).read_text("utf-8")
