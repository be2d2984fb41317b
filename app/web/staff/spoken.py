"""Dates, ages and amounts as the front desk says them: "tomorrow 9:30", "3 min ago", "$1,200".

They are Jinja filters (app/web/rendering.py): `{{ visit.start | spoken(now=now, zone=clinic.zone) }}`,
`{{ row.since | ago(now=now) }}`, `{{ row.value | money(clinic.region | currency_of) }}`.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, format_decimal, get_territory_currencies

FILTERS = ("spoken", "spoken_day", "wall_clock", "lasting", "ago", "money", "currency_of")
NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
LOCALE = "en_US"
"""The dashboard is English (app/web/rendering.py, ENGLISH_ONLY)."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"))


def spoken(instant: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """`today 14:00`, `tomorrow 9:30`, `Tue 24 Nov 14:00`, in the zone; with the year when it is another one."""
    return f"{spoken_day(instant, now=now, zone=zone)} {wall_clock(instant, zone=zone)}"


def spoken_day(day: datetime | date, *, now: datetime, zone: ZoneInfo) -> str:
    """`today`, `tomorrow`, `Tue 24 Nov`, for an instant (in the zone) or a date."""
    local = day.astimezone(zone).date() if isinstance(day, datetime) else day
    today = now.astimezone(zone).date()
    if near := NEAR.get((local - today).days):
        return near
    return f"{local:%a} {local.day} {local:%b}" + (f" {local.year}" if local.year != today.year else "")


def wall_clock(instant: datetime, *, zone: ZoneInfo) -> str:
    """`9:30`, on the zone's wall clock."""
    local = instant.astimezone(zone)
    return f"{local.hour}:{local:%M}"


def lasting(span: timedelta) -> str:
    """`3 min`, `2 h`, `5 d`: the largest whole unit; `under a minute` below one."""
    seconds = int(abs(span).total_seconds())
    for size, name in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {name}"
    return "under a minute"


def ago(instant: datetime, *, now: datetime) -> str:
    """`just now`, `3 min ago`, `2 h ago`, `5 d ago`; `in 3 min` for what is to come."""
    if abs(now - instant) < timedelta(minutes=1):
        return "just now"
    return f"{lasting(now - instant)} ago" if instant < now else f"in {lasting(instant - now)}"


def currency_of(region: str) -> str:
    """The ISO 4217 code of the money of an ISO 3166 country; empty where none is known."""
    return next(iter(get_territory_currencies(region)), "") if region else ""


def money(amount: float | None, currency: str = "") -> str:
    """`$1,200`, `€49.50`, or without a currency `1,200`; whole amounts without cents; a dash for none."""
    if amount is None:
        return "–"
    pattern = "#,##0" if float(amount).is_integer() else "#,##0.00"
    if not currency:
        return format_decimal(amount, format=pattern, locale=LOCALE)
    return format_currency(amount, currency, format=f"¤{pattern}", locale=LOCALE, currency_digits=False)
