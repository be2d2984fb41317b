"""The list of campaigns: its shape, its filters, its order and its pages (api.md section 4)."""

from typing import Any

import pytest

from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CampaignType, ChannelType
from tests.api.conftest import House
from tests.api.shapes import CAMPAIGN_ROW, PAGINATION, accepted, refused
from tests.conftest import Clock
from tests.factories import force_status, make_recovery

ONE_PAGE = {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None, "total_is_exact": True}
LIST = {"pagination": PAGINATION | {"total_is_exact": bool}, "campaigns": [CAMPAIGN_ROW]}


async def names(house: House, **query: Any) -> list[str]:
    """The patients of one page of the list, in the order of the answer."""
    body = accepted(await house.get("campaigns", **query), 200, LIST)
    return [row["patient_name"] for row in body["campaigns"]]


async def make(house: House, name: str, status: CampaignStatus | None = None, **fields: Any) -> Campaign:
    campaign = await make_recovery(house.ctx, patient_name=name, **fields)
    return await force_status(campaign, status) if status else campaign


class TestShape:
    async def test_an_empty_clinic(self, house: House) -> None:
        body = accepted(await house.get("campaigns"), 200, LIST)
        assert body["campaigns"] == []
        assert body["pagination"] == ONE_PAGE | {"total_items": 0, "total_pages": 0}

    async def test_a_row(self, house: House) -> None:
        campaign = await make(house, "Ann Ames")
        body = accepted(await house.get("campaigns"), 200, LIST)
        [row] = body["campaigns"]
        assert row["campaign_id"] == str(campaign.id)
        assert (row["patient_name"], row["campaign_type"]) == ("Ann Ames", "RECOVERY")
        assert (row["status"], row["last_updated"]) == ("ATTEMPTING_RECOVERY", "2026-11-23T15:00:00.000Z")
        assert body["pagination"] == ONE_PAGE

    async def test_an_unknown_query_parameter_is_ignored(self, house: House) -> None:
        await make(house, "Ann Ames")
        assert await names(house, colour="blue") == ["Ann Ames"]


class TestFilters:
    async def test_status(self, house: House) -> None:
        await make(house, "Ann", CampaignStatus.RE_ENGAGED)
        await make(house, "Ben", CampaignStatus.HANDOFF_REQUIRED)
        assert await names(house, status="HANDOFF_REQUIRED") == ["Ben"]

    async def test_status_may_repeat(self, house: House) -> None:
        await make(house, "Ann", CampaignStatus.RE_ENGAGED)
        await make(house, "Ben", CampaignStatus.HANDOFF_REQUIRED)
        await make(house, "Cid")
        query = {"status": ["RE_ENGAGED", "HANDOFF_REQUIRED"], "sort": "patient_name"}
        assert await names(house, **query) == ["Ann", "Ben"]

    async def test_recovery_unresponsive_means_recovery_failed(self, house: House) -> None:
        await make(house, "Ann", CampaignStatus.RECOVERY_FAILED)
        await make(house, "Ben")
        assert await names(house, status="RECOVERY_UNRESPONSIVE") == ["Ann"]
        assert await names(house, status=["RECOVERY_UNRESPONSIVE", "RECOVERY_FAILED"]) == ["Ann"]

    @pytest.mark.parametrize("status", ["", "re_engaged", "OPEN", "$ne", "RE_ENGAGED,RECOVERED"])
    async def test_any_other_word_is_invalid(self, house: House, status: str) -> None:
        refused(await house.get("campaigns", status=status), 422, "VALIDATION_ERROR")

    async def test_campaign_type(self, house: House) -> None:
        recall = await make(house, "Ann")
        await make(house, "Ben")
        await Campaign.collection().update_one(
            {"_id": recall.id}, {"$set": {"campaign_type": CampaignType.RECALL.value}}
        )
        assert await names(house, campaign_type="RECALL") == ["Ann"]
        assert await names(house, campaign_type="RECOVERY") == ["Ben"]

    async def test_channel(self, house: House) -> None:
        await make(house, "Ann", patient_phone="+12025550177", preferred_channel=[ChannelType.SMS])
        await make(house, "Ben")
        assert await names(house, channel="sms") == ["Ann"]
        assert await names(house, channel="whatsapp") == []

    @pytest.mark.parametrize("query", [{"campaign_type": "ANY"}, {"channel": "fax"}, {"sort": "name"}])
    async def test_words_that_do_not_exist(self, house: House, query: dict[str, str]) -> None:
        refused(await house.get("campaigns", **query), 422, "VALIDATION_ERROR")

    async def test_patient_by_id_or_by_part_of_the_name(self, house: House) -> None:
        ann = await make(house, "Ann Ames")
        await make(house, "Ben Boyd")
        assert await names(house, patient=str(ann.patient_id)) == ["Ann Ames"]
        assert await names(house, patient="boy") == ["Ben Boyd"]
        assert await names(house, patient="0" * 24) == []

    async def test_filters_are_joined_by_and(self, house: House) -> None:
        await make(house, "Ann Ames", CampaignStatus.RE_ENGAGED)
        await make(house, "Ann Boyd")
        assert await names(house, q="ann", status="RE_ENGAGED", patient="ames") == ["Ann Ames"]
        assert await names(house, q="ann", patient="zoe") == []


class TestSearch:
    """`q` is text, never a pattern (trust.md 4.2)."""

    @pytest.mark.parametrize("text", ["(a+)+$", ".*", "^Ann", "Ann|Ben", "\\w", "[A-Z]", "$ne", "A.n"])
    async def test_a_pattern_finds_only_itself(self, house: House, text: str) -> None:
        await make(house, "Ann Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")
        await make(house, f"Odd {text} Name")
        assert await names(house, q=text) == [f"Odd {text} Name"]

    async def test_letter_case_does_not_matter(self, house: House) -> None:
        await make(house, "Ann Ames")
        assert await names(house, q="aMeS") == ["Ann Ames"]

    async def test_at_most_64_characters(self, house: House) -> None:
        assert await names(house, q="x" * 64) == []
        refused(await house.get("campaigns", q="x" * 65), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("name", ["q", "patient"])
    async def test_a_nul_character_is_an_invalid_search_not_a_broken_database(self, house: House, name: str) -> None:
        refused(await house.get("campaigns", **{name: "Ann\x00"}), 422, "VALIDATION_ERROR")


class TestOrder:
    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (None, ["Ann", "Cid", "Ben"]),
            ("-last_updated", ["Ann", "Cid", "Ben"]),
            ("last_updated", ["Ben", "Cid", "Ann"]),
            ("-created_at", ["Cid", "Ben", "Ann"]),
            ("created_at", ["Ann", "Ben", "Cid"]),
            ("patient_name", ["Ann", "Ben", "Cid"]),
        ],
    )
    async def test_each_sort(self, house: House, clock: Clock, sort: str | None, expected: list[str]) -> None:
        ann = await make(house, "Ann")
        for name in ("Ben", "Cid"):
            clock.forward(minutes=1)
            await make(house, name)
        clock.forward(minutes=1)
        await force_status(ann, CampaignStatus.RE_ENGAGED, updated_at=clock())
        assert await names(house, **({"sort": sort} if sort else {})) == expected


class TestPages:
    @pytest.fixture
    async def seven(self, house: House, clock: Clock) -> list[str]:
        """Seven campaigns of which several were changed at the same instant; newest first."""
        for number in range(7):
            if number % 3 == 0:
                clock.forward(milliseconds=1)
            await make(house, f"Pat {number}")
        return await names(house)

    async def test_page_by_page(self, house: House, seven: list[str]) -> None:
        pages = [accepted(await house.get("campaigns", page=page, limit=3), 200, LIST) for page in (1, 2, 3, 4)]
        assert [row["patient_name"] for page in pages for row in page["campaigns"]] == seven
        assert [page["pagination"]["current_page"] for page in pages] == [1, 2, 3, 4]
        assert {(page["pagination"]["total_items"], page["pagination"]["total_pages"]) for page in pages} == {(7, 3)}

    async def test_by_cursor_every_row_comes_once(self, house: House, seven: list[str]) -> None:
        cursor, seen = "", list[str]()
        for _ in range(10):
            query = {"cursor": cursor} if cursor else {}
            body = accepted(await house.get("campaigns", limit=2, **query), 200, LIST)
            seen += [row["patient_name"] for row in body["campaigns"]]
            cursor = body["pagination"]["next_cursor"] or ""
            if not cursor:
                break
        assert seen == seven

    async def test_a_cursor_keeps_the_filter(self, house: House, seven: list[str]) -> None:
        await make(house, "Pat 3 the Younger")
        body = (await house.get("campaigns", limit=1, q="Pat 3")).json()
        rest = await names(house, q="Pat 3", cursor=body["pagination"]["next_cursor"])
        assert [row["patient_name"] for row in body["campaigns"]] == ["Pat 3 the Younger"]
        assert rest == ["Pat 3"]

    @pytest.mark.parametrize("cursor", ["AAAA", "%%%", "MTIz", "MTIzLnh5eg", "OTk5OTk5OTk5OTk5OTk5OTk5LjAw", "ä"])
    async def test_a_cursor_of_somebody_elses_making(self, house: House, cursor: str) -> None:
        refused(await house.get("campaigns", cursor=cursor), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("limit", [1, 100])
    async def test_the_bounds_of_limit(self, house: House, seven: list[str], limit: int) -> None:
        assert len(await names(house, limit=limit)) == min(limit, 7)

    @pytest.mark.parametrize(
        "query",
        [{"limit": 0}, {"limit": 101}, {"limit": -1}, {"limit": 10**9}, {"page": 0}, {"page": 10**18}, {"page": "two"}],
    )
    async def test_beyond_the_bounds(self, house: House, query: dict[str, Any]) -> None:
        refused(await house.get("campaigns", **query), 422, "VALIDATION_ERROR")

    async def test_a_page_behind_the_last_one_is_empty(self, house: House, seven: list[str]) -> None:
        assert await names(house, page=10_000, limit=100) == []
