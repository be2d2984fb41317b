"""The nightly check leaves a report, and the dashboard says on every page what it found (trust.md section 5)."""

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.jobs.registry import INVARIANTS, run_job
from app.models.campaigns import Campaign
from app.models.enums import PauseReason, Role
from app.models.invariant_reports import InvariantReport
from app.models.operations import PastRun
from app.models.records import AuditEntry
from app.models.recovery import SendingState
from app.services import audit, invariant_reports, sending_pause
from tests.conftest import Clock
from tests.factories import make_recovery
from tests.web.staff.conftest import Seat, Seated

pytestmark = pytest.mark.usefixtures("open_clinic")
PAGES = ("", "/handoffs", "/campaigns", "/schedule", "/patients", "/knowledge", "/insight", "/settings")
ALARM, PAUSED = "A safety check failed.", "Sending is paused."


async def miscount(campaign: Campaign, made: int) -> None:
    changes = {"follow_up_details.attempts_made": made}
    await Campaign.collection().update_one({"_id": campaign.id}, {"$set": changes})


async def banners(somebody: Seat, title: str) -> set[str]:
    """The pages that say it."""
    return {page for page in PAGES if title in (await somebody.get(page)).text}


class TestReport:
    async def test_all_is_well(self, ctx: Context) -> None:
        assert await run_job(ctx, INVARIANTS) == {"rules": 9}
        report = await invariant_reports.latest()
        assert report is not None
        assert (report.checked_at, report.broken) == (ctx.now(), [])

    async def test_what_is_broken_is_stored_with_its_count_and_first_ids(self, ctx: Context) -> None:
        campaigns = [await make_recovery(ctx) for _ in range(25)]
        for campaign in campaigns:
            await miscount(campaign, 1)
        assert await run_job(ctx, INVARIANTS) == {"rules": 9, "attempts_not_equal_to_sends": 25}
        report = await invariant_reports.latest()
        assert report is not None
        [broken] = report.broken
        assert (broken.name, broken.count) == ("attempts_not_equal_to_sends", 25)
        assert broken.first == [str(campaign.id) for campaign in sorted(campaigns, key=lambda each: each.id)[:20]]

    async def test_each_night_has_its_row_in_the_history(self, ctx: Context, clock: Clock) -> None:
        for _ in range(2):
            await run_job(ctx, INVARIANTS)
            clock.forward(days=1)
        assert await PastRun.find({"job": INVARIANTS}).count() == 2

    async def test_a_rule_of_another_version_is_left_out(self, ctx: Context) -> None:
        report = InvariantReport(
            checked_at=ctx.now(), took_ms=1, broken=[{"name": "of tomorrow", "count": 1, "first": []}]
        )
        await report.insert()
        assert invariant_reports.rules_broken(await invariant_reports.latest()) == []


class TestBanner:
    async def test_on_every_page_until_the_next_check_passes(self, ctx: Context, seat: Seated) -> None:
        somebody, campaign = await seat(Role.MANAGER), await make_recovery(ctx)
        assert await banners(somebody, ALARM) == set()
        await miscount(campaign, 1)
        await run_job(ctx, INVARIANTS)
        assert await banners(somebody, ALARM) == set(PAGES)
        await miscount(campaign, 0)
        assert await banners(somebody, ALARM) == set(PAGES)
        await run_job(ctx, INVARIANTS)
        assert await banners(somebody, ALARM) == set()

    async def test_it_says_what_is_broken_and_leads_to_what_to_do(self, ctx: Context, seat: Seated) -> None:
        campaign = await make_recovery(ctx)
        await miscount(campaign, 1)
        await run_job(ctx, INVARIANTS)
        somebody = await seat(Role.ADMIN)
        page = (await somebody.get("")).text
        assert "A campaign counted more or fewer attempts than messages that left." in page
        assert 'href="/staff/insight/checks"' in page
        assert str(campaign.id) in (await somebody.get("/insight/checks")).text

    @pytest.mark.parametrize(("role", "sees"), [(Role.FRONT_DESK, False), (Role.PROVIDER, False), (Role.ADMIN, True)])
    async def test_only_for_those_who_may_do_something(
        self, ctx: Context, seat: Seated, role: Role, *, sees: bool
    ) -> None:
        campaign = await make_recovery(ctx)
        await miscount(campaign, 1)
        await run_job(ctx, INVARIANTS)
        somebody = await seat(role)
        assert (ALARM in (await somebody.get("")).text) is sees
        assert (str(campaign.id) in (await somebody.get("/insight/checks")).text) is sees

    async def test_a_part_of_a_page_does_not_say_it_again(self, ctx: Context, seat: Seated) -> None:
        await miscount(await make_recovery(ctx), 1)
        await run_job(ctx, INVARIANTS)
        somebody = await seat(Role.ADMIN)
        answer = await somebody.http.get("/staff/handoffs", headers=somebody.script)
        assert ALARM not in answer.text


class TestCheckNow:
    async def test_mended_and_checked_it_is_gone(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await make_recovery(ctx), await seat(Role.ADMIN)
        await miscount(campaign, 1)
        for made, sees in ((1, True), (0, False)):
            await miscount(campaign, made)
            answer = await somebody.post("/insight/checks/run")
            assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/staff/insight/checks")
            assert (ALARM in (await somebody.get("")).text) is sees
        assert await AuditEntry.find({"action": "job.run", "document_id": INVARIANTS}).count() == 2

    @pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROVIDER])
    async def test_others_may_not(self, seat: Seated, role: Role) -> None:
        somebody = await seat(role)
        assert (await somebody.post("/insight/checks/run")).status_code == 403
        assert await InvariantReport.count() == 0


class TestPaused:
    async def test_everybody_is_told_that_nothing_leaves(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat(Role.FRONT_DESK)
        assert await banners(somebody, PAUSED) == set()
        await sending_pause.pause(ctx, PauseReason.RESTORED_COPY, since=ctx.now(), by=audit.SYSTEM)
        assert await banners(somebody, PAUSED) == set(PAGES)
        assert "this database is a restored copy" in (await somebody.get("")).text

    async def test_an_admin_lets_messages_leave_again(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat(Role.ADMIN)
        await sending_pause.pause(ctx, PauseReason.OPERATOR, since=ctx.now(), by=audit.SYSTEM)
        assert (await somebody.post("/insight/checks/resume")).status_code == 409
        assert (await SendingState.now()).is_paused
        assert (await somebody.post("/insight/checks/reconcile")).status_code == 204
        assert "Let messages leave again" in (await somebody.get("/insight/checks")).text
        assert (await somebody.post("/insight/checks/resume")).status_code == 204
        assert not (await SendingState.now()).is_paused
        assert (await somebody.post("/insight/checks/resume")).status_code == 409, "a second click"
        entry = await AuditEntry.find_one({"action": "sending.resumed"})
        assert entry is not None
        assert entry.actor == f"user:{somebody.user.id}"

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER])
    @pytest.mark.parametrize("act", ["resume", "reconcile"])
    async def test_nobody_else(self, ctx: Context, seat: Seated, role: Role, act: str) -> None:
        await sending_pause.pause(ctx, PauseReason.OPERATOR, since=ctx.now(), by=f"user:{PydanticObjectId()}")
        assert (await (await seat(role)).post(f"/insight/checks/{act}")).status_code == 403
        assert (await SendingState.now()).is_paused
