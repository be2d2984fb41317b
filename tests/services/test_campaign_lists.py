"""Each page of the campaign list comes out of an index in its order, whole and without doubles (speed.md)."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import InvalidInputError
from app.models.base import Raw
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.counters import COUNTED
from app.models.enums import CampaignStatus, CampaignType, ChannelType
from app.services import campaign_lists, counters
from app.services.campaign_cursors import ORDERS, CampaignSort
from app.services.campaign_lists import CampaignFilter, FoundCampaigns
from tests.conftest import MONDAY_MORNING
from tests.factories import make_recovery
from tests.services import stage

SIZE = 150
SLOW_MS = 1


def wanted(**fields: Any) -> CampaignFilter:
    nothing: dict[str, Any] = {"statuses": [], "campaign_type": None, "channel": None, "patient": None, "text": None}
    return CampaignFilter(**(nothing | fields))


FILTERS = {
    "none": wanted(),
    "one status": wanted(statuses=[CampaignStatus.RECOVERED]),
    "four statuses": wanted(statuses=list(ACTIVE_STATUSES)),
    "type": wanted(campaign_type=CampaignType.RECALL),
    "channel": wanted(channel=ChannelType.SMS),
    "all three": wanted(
        statuses=[CampaignStatus.RECOVERED, CampaignStatus.RECOVERY_FAILED],
        campaign_type=CampaignType.RECOVERY,
        channel=ChannelType.EMAIL,
    ),
}


@pytest.fixture
async def campaigns(ctx: Context) -> list[Raw]:
    """Many campaigns of every kind, of which several share each instant and each name."""
    dice = Random(3)
    pattern = await Campaign.collection().find_one({"_id": (await make_recovery(ctx)).id}) or {}
    await Campaign.collection().delete_many({})
    rows = [_varied(pattern, dice) for _ in range(SIZE)]
    await Campaign.collection().insert_many(rows)
    return rows


def _varied(pattern: Raw, dice: Random) -> Raw:
    return pattern | {
        "_id": PydanticObjectId(),
        "patient_id": PydanticObjectId(),
        "patient_name": dice.choice(["Ann Ames", "Ben Boyd", "Cid Cole"]),
        "status": dice.choice(list(CampaignStatus)).value,
        "campaign_type": dice.choice(list(CampaignType)).value,
        "channel": pattern["channel"] | {"type": dice.choice(list(ChannelType)).value},
        "created_at": MONDAY_MORNING - timedelta(days=dice.randint(0, 3)),
        "updated_at": MONDAY_MORNING + timedelta(days=dice.randint(0, 3)),
    }


def ids_in_order(rows: list[Raw], chosen: CampaignFilter, sort: CampaignSort) -> list[str]:
    """The list as a person would sort it on paper."""
    order = ORDERS[sort]
    fitting = [
        raw
        for raw in rows
        if raw["status"] in (chosen.statuses or list(CampaignStatus))
        and raw["campaign_type"] in ([chosen.campaign_type] if chosen.campaign_type else list(CampaignType))
        and raw["channel"]["type"] in ([chosen.channel] if chosen.channel else list(ChannelType))
        and (chosen.text or "").lower() in raw["patient_name"].lower()
    ]
    fitting.sort(key=lambda raw: (raw[order.field], raw["_id"]), reverse=order.direction < 0)
    return [str(raw["_id"]) for raw in fitting]


async def page(chosen: CampaignFilter, **fields: Any) -> FoundCampaigns:
    values: dict[str, Any] = {"sort": CampaignSort.NEWEST_UPDATE, "skip": 0, "limit": 7, "cursor": None}
    return await campaign_lists.find(chosen, **(values | fields))


async def walk(chosen: CampaignFilter, sort: CampaignSort, *, limit: int = 7) -> list[str]:
    """Every id that the cursors lead to."""
    found = await page(chosen, sort=sort, limit=limit)
    seen = [row["campaign_id"] for row in found.rows]
    while found.next_cursor:
        found = await page(chosen, cursor=found.next_cursor, limit=limit)
        assert found.rows, "a cursor leads to something"
        seen += [row["campaign_id"] for row in found.rows]
    return seen


@pytest.mark.parametrize("sort", CampaignSort)
@pytest.mark.parametrize("name", FILTERS)
class TestEveryOrderOfEveryFilter:
    async def test_by_cursor_each_comes_once_and_in_order(
        self, campaigns: list[Raw], sort: CampaignSort, name: str
    ) -> None:
        assert await walk(FILTERS[name], sort) == ids_in_order(campaigns, FILTERS[name], sort)

    async def test_by_page_number_too(self, campaigns: list[Raw], sort: CampaignSort, name: str) -> None:
        expected = ids_in_order(campaigns, FILTERS[name], sort)
        seen = list[str]()
        for skip in range(0, len(expected) + 7, 7):
            seen += [row["campaign_id"] for row in (await page(FILTERS[name], sort=sort, skip=skip)).rows]
        assert seen == expected

    async def test_it_is_read_from_an_index_in_its_order(
        self, ctx: Context, campaigns: list[Raw], sort: CampaignSort, name: str
    ) -> None:
        chosen = FILTERS[name]

        async def read_all() -> None:
            await walk(chosen, sort, limit=3)
            await page(chosen, sort=sort, skip=10)

        reads = await stage.profiled(ctx, read_all, op="query", ns="campaigns")
        pages = [read for read in reads if "sort" in read["command"]]
        assert len(pages) > 2
        for read in pages:
            assert read["planSummary"].startswith("IXSCAN"), read["planSummary"]
            assert not read.get("hasSortStage"), read["command"]
            assert read["docsExamined"] == read["nreturned"], "a document is opened only to be shown"


class TestTotals:
    @pytest.mark.parametrize("name", FILTERS)
    async def test_it_is_exact_counted_or_not(self, ctx: Context, campaigns: list[Raw], name: str) -> None:
        expected = len(ids_in_order(campaigns, FILTERS[name], CampaignSort.NEWEST))
        assert (await page(FILTERS[name])).total == expected
        await counters.fold(ctx)
        found = await page(FILTERS[name])
        assert (found.total, found.is_exact) == (expected, True)

    async def test_the_counters_answer_for_status_and_type(self, ctx: Context, campaigns: list[Raw]) -> None:
        await counters.fold(ctx)

        async def read() -> None:
            for name in ("none", "one status", "four statuses", "type"):
                await page(FILTERS[name])

        assert await stage.profiled(ctx, read, op="command", ns="campaigns") == [], "nobody counts campaigns"

    async def test_counting_stops_where_no_counter_answers(
        self, campaigns: list[Raw], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(campaign_lists, "MOST_COUNTED", 11)
        monkeypatch.setattr(campaign_lists, "FEW", 5)
        for chosen in (FILTERS["channel"], wanted(text="ann")):
            found = await page(chosen)
            assert (found.total, found.is_exact) == (11, False)
        found = await page(wanted())
        assert (found.total, found.is_exact) == (SIZE, True)

    async def test_an_empty_clinic_has_none(self, ctx: Context) -> None:
        assert await page(wanted()) == FoundCampaigns(0, is_exact=True, rows=[], next_cursor=None)


class TestSearch:
    @pytest.mark.parametrize("few", [0, 1_000], ids=["many are found", "few are found"])
    @pytest.mark.parametrize("sort", CampaignSort)
    async def test_the_same_rows_by_either_index(
        self, campaigns: list[Raw], monkeypatch: pytest.MonkeyPatch, sort: CampaignSort, few: int
    ) -> None:
        monkeypatch.setattr(campaign_lists, "FEW", few)
        chosen = wanted(text="aMeS", statuses=list(ACTIVE_STATUSES))
        expected = ids_in_order(campaigns, chosen, sort)
        assert expected
        assert await walk(chosen, sort) == expected

    async def test_names_are_compared_in_the_index(self, ctx: Context, campaigns: list[Raw]) -> None:
        search, *_ = await stage.profiled(ctx, lambda: page(wanted(text="zoe")), op="query", ns="campaigns")
        assert (search["planSummary"][:6], search["docsExamined"]) == ("IXSCAN", 0)

    async def test_a_name_among_one_patients_campaigns(self, campaigns: list[Raw]) -> None:
        mine = campaigns[5]
        for text, found in ((mine["patient_name"], 1), ("zoe", 0)):
            assert (await page(wanted(patient=str(mine["patient_id"]), text=text))).total == found

    async def test_one_patients_campaigns_by_their_own_index(self, ctx: Context, campaigns: list[Raw]) -> None:
        mine = campaigns[5]
        chosen = wanted(patient=str(mine["patient_id"]))
        [read] = await stage.profiled(ctx, lambda: page(chosen), op="query", ns="campaigns")
        assert (read["keysExamined"], read["nreturned"]) == (1, 1)
        assert (await page(chosen)).total == 1

    async def test_a_search_that_takes_too_long_is_refused_in_a_sentence(
        self, ctx: Context, campaigns: list[Raw], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(campaign_lists, "SLOWEST_MS", SLOW_MS)
        copies = [
            campaigns[0] | {"_id": PydanticObjectId(), "patient_name": f"P{n} " + "a" * 900} for n in range(8_000)
        ]
        await Campaign.collection().insert_many([copy | {"status": "RECOVERED"} for copy in copies])
        with pytest.raises(InvalidInputError, match="Narrow it down"):
            await page(wanted(text="a" * 63 + "b"))


class TestCursors:
    async def test_it_names_no_patient(self, campaigns: list[Raw]) -> None:
        cursor = (await page(wanted(), sort=CampaignSort.PATIENT)).next_cursor or ""
        plain = urlsafe_b64decode(cursor + "==").decode()
        assert plain.startswith("patient_name..")
        assert not any(word in plain for raw in campaigns for word in raw["patient_name"].split())

    async def test_it_goes_on_in_its_own_order_whatever_is_asked(self, campaigns: list[Raw]) -> None:
        first = await page(wanted(), sort=CampaignSort.OLDEST)
        rest = await page(wanted(), sort=CampaignSort.PATIENT, skip=50, cursor=first.next_cursor)
        ids = [row["campaign_id"] for row in (*first.rows, *rest.rows)]
        assert ids == ids_in_order(campaigns, wanted(), CampaignSort.OLDEST)[:14]

    async def test_by_name_it_is_refused_when_its_campaign_is_gone(self, campaigns: list[Raw]) -> None:
        first = await page(wanted(), sort=CampaignSort.PATIENT)
        await Campaign.collection().delete_one({"_id": PydanticObjectId(first.rows[-1]["campaign_id"])})
        with pytest.raises(InvalidInputError, match="Start again"):
            await page(wanted(), cursor=first.next_cursor)

    async def test_by_time_it_is_not(self, campaigns: list[Raw]) -> None:
        first = await page(wanted())
        await Campaign.collection().delete_one({"_id": PydanticObjectId(first.rows[-1]["campaign_id"])})
        rest = await page(wanted(), cursor=first.next_cursor)
        assert rest.rows[0]["campaign_id"] == ids_in_order(campaigns, wanted(), CampaignSort.NEWEST_UPDATE)[7]

    async def test_the_last_page_has_none(self, campaigns: list[Raw]) -> None:
        assert (await page(wanted(), limit=SIZE)).next_cursor is None
        assert (await page(wanted(), limit=SIZE - 1)).next_cursor is not None


class TestWhatIsNotCountedYet:
    @pytest.mark.parametrize("counted", COUNTED, ids=lambda counted: counted.document.__name__)
    async def test_it_is_added_up_without_opening_a_document(self, ctx: Context, counted: Any) -> None:
        """The plan, not the time: one collection scan here would be a scan of every campaign."""
        for pipeline, is_covered in (
            (counted.says({"uncounted": True}), True),
            (counted.held({"uncounted": True}), False),
        ):
            command = {"aggregate": counted.collection_name, "pipeline": pipeline, "cursor": {}}
            plan = str(await ctx.database.handle.command("explain", command, verbosity="queryPlanner"))
            assert "'indexName': 'uncounted'" in plan
            assert "COLLSCAN" not in plan
            assert ("'stage': 'FETCH'" in plan) is not is_covered
