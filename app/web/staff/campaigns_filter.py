"""The filters of the campaign list as they stand in its address: a link or the back button brings them again."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from beanie import PydanticObjectId
from starlette.datastructures import QueryParams

from app.domain.plain_text import line_problem
from app.errors import InvalidInputError
from app.models.enums import CampaignStatus, CampaignType, ChannelType
from app.services.campaign_cursors import CampaignSort
from app.services.campaign_lists import CampaignFilter
from app.web.staff.campaigns_words import DUE, GROUPS, OPEN

LONGEST_SEARCH = 64
LONGEST_CURSOR = 128
MINE, NOBODYS = "me", "nobody"
UNREADABLE = "This address holds a filter that does not exist. Clear the filters."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWish:
    """What the list is asked for. `status` is a status or a group; `held` is MINE, NOBODYS, a user's id or empty."""

    status: str = OPEN
    type: str = ""
    channel: str = ""
    held: str = ""
    due: str = ""
    search: str = ""
    sort: str = CampaignSort.NEWEST_UPDATE.value
    cursor: str = ""

    @classmethod
    def of(cls, params: QueryParams) -> "ListWish":
        """Read an address; what is empty counts as not given. Raises InvalidInputError for a filter nobody knows."""
        given = {name: params[name].strip() for name in cls.__slots__ if params.get(name, "").strip()}
        wish = cls(**given)
        _refuse(wish)
        return wish

    @classmethod
    def at(cls, address: str) -> "ListWish":
        """The same for a whole address, of which only the query counts."""
        return cls.of(QueryParams(urlsplit(address).query))

    def query(self, **changes: str) -> str:
        """The query string of this list, or of one that differs; a changed list begins at its first page."""
        wish = replace(self, **({"cursor": ""} | changes))
        nothing = ListWish()
        pairs = {name: getattr(wish, name) for name in self.__slots__}
        return urlencode({name: value for name, value in pairs.items() if value != getattr(nothing, name)})

    def address(self, **changes: str) -> str:
        """The list's address."""
        query = self.query(**changes)
        return f"/staff/campaigns?{query}" if query else "/staff/campaigns"

    @property
    def is_narrowed(self) -> bool:
        return bool(self.type or self.channel or self.held or self.due or self.search)

    @property
    def statuses(self) -> list[CampaignStatus]:
        if self.status in GROUPS:
            return sorted(GROUPS[self.status][1])
        return [CampaignStatus(self.status)]

    @property
    def kinds(self) -> list[CampaignType]:
        return [CampaignType(self.type)] if self.type else list(CampaignType)

    @property
    def order(self) -> CampaignSort:
        return CampaignSort(self.sort)

    def filter(self, *, me: PydanticObjectId, now: datetime, zone: ZoneInfo) -> CampaignFilter:
        """The same, as the service wants it."""
        ids = {MINE: me, NOBODYS: None, "": None}
        return CampaignFilter(
            statuses=self.statuses,
            campaign_type=CampaignType(self.type) if self.type else None,
            channel=ChannelType(self.channel) if self.channel else None,
            patient=None,
            text=self.search or None,
            holder=ids[self.held] if self.held in ids else PydanticObjectId(self.held),
            is_unclaimed=self.held == NOBODYS,
            due_by=_due_by(self.due, now, zone),
        )


def _due_by(due: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    ends: dict[str, datetime | None] = {"": None, "now": now, "today": tomorrow, "week": tomorrow + timedelta(days=6)}
    return ends[due]


def _refuse(wish: ListWish) -> None:
    is_known = (
        (wish.status in GROUPS or wish.status in CampaignStatus.__members__)
        and wish.type in ("", *CampaignType)
        and wish.channel in ("", *ChannelType)
        and wish.due in ("", *DUE)
        and wish.sort in tuple(CampaignSort)
        and (wish.held in ("", MINE, NOBODYS) or PydanticObjectId.is_valid(wish.held))
        and len(wish.cursor) <= LONGEST_CURSOR
    )
    if not is_known or line_problem(wish.search, most=LONGEST_SEARCH):
        raise InvalidInputError(UNREADABLE)
