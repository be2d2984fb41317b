"""The demo clinic itself: settings, services, team and articles from the content files, with dates near today."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from app.demo.content.loader import (
    ProviderContent,
    StaffContent,
    WeeklyPeriods,
    load_articles,
    load_clinic,
    load_providers,
    load_services,
)
from app.domain.availability import BookingRules
from app.domain.outreach import OutreachRules
from app.models.base import derived_id
from app.models.clinic import BookingPolicy, Clinic, OutreachPolicy
from app.models.enums import Role
from app.models.knowledge import KnowledgeArticle
from app.models.services import Service
from app.models.users import DateOverride, TimeOff, User, WallPeriods, WorkSchedule
from app.services.policies import booking_rules, outreach_rules

A_YEAR = timedelta(days=365)
OPENED = timedelta(days=420)
"""How long ago the demo clinic began to use the product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """The clinic on the day of the seed. The rules also know last year's holidays: history keeps them too."""

    now: datetime
    clinic: Clinic
    services: dict[str, Service]
    providers: list[User]
    staff: list[User]
    articles: list[KnowledgeArticle]
    outreach: OutreachRules
    booking: BookingRules

    @property
    def today(self) -> date:
        return self.now.astimezone(self.clinic.zone).date()

    def wall(self, day: date, at: time) -> datetime:
        """The UTC instant of a wall time on a clinic-local day."""
        return datetime.combine(day, at, self.clinic.zone).astimezone(UTC)


def open_practice(*, now: datetime, hashed_password: str) -> Practice:
    """Every document of the clinic that is not about a patient; each user has the one demo password."""
    clinic = _clinic(now)
    past = clinic.model_copy(update={"holidays": [*_holidays([_local_year(now, clinic) - 1]), *clinic.holidays]})
    services = {row.id: Service(**{**vars(row), "price": float(row.price)}) for row in load_services()}
    return Practice(
        now=now,
        clinic=clinic,
        services=services,
        providers=_providers(now, clinic, hashed_password),
        staff=_staff(now, hashed_password),
        articles=_articles(now),
        outreach=outreach_rules(past),
        booking=replace(booking_rules(past), min_notice=timedelta()),
    )


def _clinic(now: datetime) -> Clinic:
    content = load_clinic()
    clinic = Clinic(
        name=content["name"],
        time_zone=content["time_zone"],
        phone=content["phone"],
        address=content["address"],
        emergency_phone=content["emergency_phone"],
        opening_hours=_periods(content["opening_hours"]),
        outreach=OutreachPolicy(**content["outreach"]),
        booking=BookingPolicy(**content["booking"]),
    )
    year = _local_year(now, clinic)
    clinic.holidays = _holidays([year, year + 1])
    return clinic


def _local_year(now: datetime, clinic: Clinic) -> int:
    return now.astimezone(clinic.zone).year


def _holidays(years: Iterable[int]) -> list[date]:
    return [date.fromisoformat(f"{year}-{day}") for year in years for day in load_clinic()["fixed_holidays"]]


def _periods(weekly: WeeklyPeriods) -> dict[str, WallPeriods]:
    return {day: [(opens, closes) for opens, closes in periods] for day, periods in weekly.items()}


def _staff(now: datetime, hashed_password: str) -> list[User]:
    return [_user(content, content.role, now, hashed_password) for content in load_providers().staff]


def _providers(now: datetime, clinic: Clinic, hashed_password: str) -> list[User]:
    """The treating team: the second one is on vacation next week, the first and the third have an unusual day."""
    today = now.astimezone(clinic.zone).date()
    team = load_providers().providers
    exceptions: tuple[WorkSchedule, ...] = (
        _one_day(_next_open(clinic, today, weekday=3, weeks=1), ("08:00", "12:00")),
        WorkSchedule(time_off=[_days_off(clinic, today + timedelta(days=9), days=3)]),
        _one_day(_next_open(clinic, today, weekday=2, weeks=0), ("10:00", "14:00")),
        WorkSchedule(),
    )
    providers = []
    for content, exception in zip(team, exceptions, strict=True):
        provider = _user(content, Role.PROVIDER, now, hashed_password)
        provider.schedule = exception.model_copy(update={"weekly": _periods(content.weekly)})
        provider.services = content.services
        providers.append(provider)
    return providers


def _one_day(day: date, period: tuple[str, str]) -> WorkSchedule:
    return WorkSchedule(overrides=[DateOverride(date=day, periods=[period])])


def _user(content: ProviderContent | StaffContent, role: Role, now: datetime, hashed_password: str) -> User:
    return User(
        id=derived_id("demo", "user", content.email),
        name=content.name,
        email=content.email,
        role=role,
        title=content.title,
        hashed_password=hashed_password,
        created_at=now - OPENED,
    )


def _next_open(clinic: Clinic, today: date, *, weekday: int, weeks: int) -> date:
    """The first such weekday after today and so many weeks that is no holiday: an override would open the clinic."""
    day = today + timedelta(days=1, weeks=weeks)
    while day.weekday() != weekday or day in clinic.holidays:
        day += timedelta(days=1)
    return day


def _days_off(clinic: Clinic, first: date, *, days: int) -> TimeOff:
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), clinic.zone).astimezone(UTC)

    return TimeOff(start=midnight(first), end=midnight(first + timedelta(days=days)))


def _articles(now: datetime) -> list[KnowledgeArticle]:
    return [
        KnowledgeArticle(
            id=derived_id("demo", "article", article.title),
            title=article.title,
            body=article.body,
            tags=article.tags,
            is_published=article.is_published,
            created_at=now - OPENED + timedelta(hours=number),
            updated_at=now - OPENED / 2 + timedelta(hours=number),
        )
        for number, article in enumerate(load_articles())
    ]
