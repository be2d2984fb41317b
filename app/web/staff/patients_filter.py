"""The filters of the patient list as they stand in its address."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from app.domain.plain_text import line_problem
from app.errors import InvalidInputError
from app.models.enums import PatientType
from app.services.patient_directory import Wanted

LONGEST_SEARCH = 64
LONGEST_CURSOR = 128
DUE = {"now": "Due now", "week": "Due within 7 days", "month": "Due within 30 days"}
DAYS = {"week": 7, "month": 30}
STOPPED = "stopped"
TYPES: dict[str, str] = {PatientType.EXISTING: "Patients", PatientType.COLD_LEAD: "Leads"}
UNREADABLE = "This address holds a filter that does not exist. Clear the filters."


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientWish:
    """What the list is asked for; `show` is STOPPED or empty."""

    search: str = ""
    type: str = ""
    due: str = ""
    show: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, params: QueryParams) -> "PatientWish":
        """Read an address; what is empty counts as not given. Raises InvalidInputError for a filter nobody knows."""
        wish = cls(**{name: params[name].strip() for name in cls.__slots__ if params.get(name, "").strip()})
        is_known = (
            wish.type in ("", *TYPES)
            and wish.due in ("", *DUE)
            and wish.show in ("", STOPPED)
            and len(wish.cursor) <= LONGEST_CURSOR
        )
        if not is_known or line_problem(wish.search, most=LONGEST_SEARCH):
            raise InvalidInputError(UNREADABLE)
        return wish

    def address(self, **changes: str) -> str:
        """The list's address, or that of one that differs; a changed list begins at its first page."""
        wish = replace(self, **({"cursor": ""} | changes))
        query = urlencode({name: value for name in self.__slots__ if (value := getattr(wish, name))})
        return f"/staff/patients?{query}" if query else "/staff/patients"

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.type or self.due or self.show)

    def wanted(self, *, now: datetime, zone: ZoneInfo, region: str) -> Wanted:
        """The same, as the service wants it."""
        return Wanted(
            text=self.search,
            patient_type=PatientType(self.type) if self.type else None,
            has_stopped=self.show == STOPPED,
            due_by=_due_by(self.due, now, zone),
            region=region,
        )


def _due_by(due: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    if due not in DAYS:
        return now if due else None
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=DAYS[due] + 1), time(), zone)
