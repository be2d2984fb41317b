"""The handoff queue without a browser: order, who may what, claims, answers that go once, and hostile text."""

import asyncio
from datetime import timedelta

import pytest

from app.context import Context
from app.models.enums import CampaignStatus, HandoffPriority, MessageKind, Role
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import OptOut, Patient
from app.models.records import AuditEntry
from app.services import campaigns
from tests.conftest import Clock
from tests.factories import force_status
from tests.web.staff.conftest import Seat, Seated
from tests.web.staff.scenes import HOSTILE, QUESTION, by_sms, handed_over

pytestmark = pytest.mark.usefixtures("open_clinic")

KEY = "a-key-of-this-form"
DESK = [Role.ADMIN, Role.MANAGER, Role.FRONT_DESK]


async def sent_by_staff() -> list[OutboundMessage]:
    return await OutboundMessage.find({"kind": MessageKind.STAFF}).to_list()


def reply(seat: Seat, campaign: object, text: str = "We do.", *, key: str = KEY, then: str = "keep"):  # type: ignore[no-untyped-def]
    return seat.post(f"/handoffs/{campaign}/reply", text=text, key=key, afterwards=then)


class TestQueue:
    async def test_an_empty_queue_says_what_to_expect(self, seat: Seated) -> None:
        answer = await (await seat()).get("/handoffs")
        assert answer.status_code == 200
        assert "Nobody waits for a person" in answer.text

    async def test_an_emergency_comes_before_who_is_late_before_the_longest_wait(
        self, ctx: Context, clock: Clock, seat: Seated
    ) -> None:
        first = await handed_over(ctx)
        clock.forward(minutes=5)
        urgent = await handed_over(ctx, priority=HandoffPriority.URGENT)
        clock.forward(minutes=5)
        escalated = await handed_over(ctx, escalated_at=ctx.now(), due_at=ctx.now() - timedelta(hours=1))
        text = (await (await seat()).get("/handoffs")).text
        places = [text.index(f'id="q-{each.id}"') for each in (urgent, escalated, first)]
        assert places == sorted(places)
        assert "Escalated: nobody answered in time" in text

    async def test_the_navigation_counts_whom_the_queue_shows(self, ctx: Context, seat: Seated) -> None:
        """An emergency that was written into another state waits as well."""
        await handed_over(ctx)
        urgent = await handed_over(ctx, priority=HandoffPriority.URGENT)
        await handed_over(ctx, priority=HandoffPriority.URGENT)
        settled = await handed_over(ctx, priority=HandoffPriority.URGENT, resolved_at=ctx.now())
        for each in (urgent, settled):
            await force_status(each, CampaignStatus.BOOKING_COMPLETED)
        somebody = await seat()
        assert (await somebody.get("/handoffs")).text.count('id="q-') == 3
        assert '<span class="count">3<' in (await somebody.get("/badges/handoffs")).text

    async def test_reading_is_audited(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat(Role.PROVIDER)
        await somebody.get("/handoffs", open=str(campaign.id))
        rows = await AuditEntry.find({"actor": f"user:{somebody.user.id}"}).to_list()
        assert {row.action for row in rows} == {"handoff.listed", "campaign.read"}
        assert all(row.patient_ids == [campaign.patient_id] for row in rows)

    async def test_it_shows_question_summary_suggestion_and_its_source(self, ctx: Context, seat: Seated) -> None:
        article = (await seat()).user.id  # any id: the title is frozen with the suggestion
        campaign = await handed_over(ctx, suggested_source_id=article, suggested_source_title="Insurance plans")
        text = (await (await seat()).get(f"/handoffs/{campaign.id}")).text
        for part in (QUESTION, "Asks about insurance.", "We do take Delta Dental.", "Insurance plans"):
            assert part in text
        assert f"/staff/knowledge/{article}" in text

    async def test_without_a_suggestion_the_nearest_article_is_named(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat()
        article, title = somebody.user.id, "Insurance plans"
        campaign = await handed_over(
            ctx, suggested_reply=None, suggested_source_id=article, suggested_source_title=title
        )
        text = (await somebody.get(f"/handoffs/{campaign.id}")).text
        assert "Nothing is suggested. The article that comes nearest" in text
        assert "Insurance plans" in text

    async def test_an_unknown_one_is_no_error_of_ours(self, seat: Seated) -> None:
        somebody = await seat()
        assert (await somebody.get("/handoffs/665f1c2e9b3a4d5e6f708192")).status_code == 404
        assert (await somebody.get("/handoffs/not-an-id")).status_code == 422


class TestWhoMay:
    @pytest.mark.parametrize("act", ["claim", "unclaim", "release", "close", "reply"])
    async def test_a_provider_only_reads(self, ctx: Context, seat: Seated, act: str) -> None:
        campaign, somebody = await handed_over(ctx), await seat(Role.PROVIDER)
        fields = {"text": "Hello", "key": KEY, "afterwards": "keep"} if act == "reply" else {}
        assert (await somebody.post(f"/handoffs/{campaign.id}/{act}", **fields)).status_code == 403
        assert await sent_by_staff() == []
        page = (await somebody.get(f"/handoffs/{campaign.id}")).text
        assert 'name="text"' not in page
        assert 'id="claim"' not in page

    @pytest.mark.parametrize("role", DESK)
    async def test_the_desk_claims(self, ctx: Context, seat: Seated, role: Role) -> None:
        campaign, somebody = await handed_over(ctx), await seat(role)
        answer = await somebody.post(f"/handoffs/{campaign.id}/claim")
        assert answer.status_code == 200
        assert "You have it" in answer.text

    @pytest.mark.parametrize("act", ["claim", "unclaim", "release", "close", "reply"])
    async def test_a_forged_request_changes_nothing(self, ctx: Context, seat: Seated, act: str) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        answer = await somebody.http.post(
            f"/staff/handoffs/{campaign.id}/{act}", data={"text": "x", "key": KEY, "afterwards": "close"}
        )
        assert answer.status_code == 403
        assert (await campaigns.get(campaign.id)).version == campaign.version


class TestClaiming:
    async def test_of_two_who_claim_at_once_one_reads_the_others_name(self, ctx: Context, seat: Seated) -> None:
        campaign, one, other = await handed_over(ctx), await seat(), await seat()
        path = f"/handoffs/{campaign.id}/claim"
        answers = await asyncio.gather(one.post(path), other.post(path))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        winner = one if answers[0].status_code == 200 else other
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert winner.user.name in refused.text
        assert refused.headers["hx-retarget"] == "#notices"

    async def test_leaving_it_lets_a_colleague_take_it(self, ctx: Context, seat: Seated) -> None:
        campaign, one, other = await handed_over(ctx), await seat(), await seat()
        await one.post(f"/handoffs/{campaign.id}/claim")
        assert "Nobody has it yet" in (await one.post(f"/handoffs/{campaign.id}/unclaim")).text
        assert (await other.post(f"/handoffs/{campaign.id}/claim")).status_code == 200

    async def test_who_looks_is_shown_to_others_and_forgotten(self, ctx: Context, clock: Clock, seat: Seated) -> None:
        campaign, one, other = await handed_over(ctx), await seat(), await seat()
        assert (await one.post(f"/presence/{campaign.id}")).status_code == 204
        assert f"{one.user.name} looking" in (await other.get("/handoffs/list")).text
        assert "looking" not in (await one.get("/handoffs/list")).text
        clock.forward(seconds=46)
        assert "looking" not in (await other.get("/handoffs/list")).text
        await one.post(f"/presence/{campaign.id}")
        assert (await one.post(f"/presence/{campaign.id}/leave")).status_code == 204
        assert "looking" not in (await other.get(f"/handoffs/{campaign.id}/state")).text


class TestAnswering:
    @pytest.mark.parametrize(
        ("then", "status"),
        [
            ("keep", CampaignStatus.HANDOFF_REQUIRED),
            ("release", CampaignStatus.RE_ENGAGED),
            ("close", CampaignStatus.MANUAL_FOLLOWUP_COMPLETE),
        ],
    )
    async def test_a_double_click_sends_once(
        self, ctx: Context, seat: Seated, then: str, status: CampaignStatus
    ) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        await asyncio.gather(*(reply(somebody, campaign.id, then=then) for _ in range(2)))
        assert (await reply(somebody, campaign.id, then=then)).status_code == 200
        [message] = await sent_by_staff()
        assert message.body == "We do."
        assert (await campaigns.get(campaign.id)).status is status

    async def test_another_form_is_another_answer(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        await reply(somebody, campaign.id)
        await reply(somebody, campaign.id, key="another-key-of-a-form")
        assert len(await sent_by_staff()) == 2

    async def test_a_patient_who_stopped_is_not_written_to(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        stop = OptOut(channel="all", at=ctx.now(), source="test").model_dump()
        await Patient.collection().update_one({"_id": campaign.patient_id}, {"$set": {"opt_outs": [stop]}})
        assert "Call them instead" in (await somebody.get(f"/handoffs/{campaign.id}")).text
        answer = await reply(somebody, campaign.id)
        assert answer.status_code == 409
        assert answer.headers["hx-retarget"] == "#notices"
        assert await sent_by_staff() == []

    @pytest.mark.parametrize(("length", "status"), [(1_600, 200), (1_601, 422)])
    async def test_an_sms_takes_1600_characters(self, ctx: Context, seat: Seated, length: int, status: int) -> None:
        campaign, somebody = await by_sms(ctx), await seat()
        answer = await reply(somebody, campaign.id, "x" * length)
        assert answer.status_code == status
        assert len(await sent_by_staff()) == (status == 200)
        assert status == 200 or "1,601" in answer.text

    @pytest.mark.parametrize("text", ["", "   \n", "\x00", "a\x07b", "x" * 4_001])
    async def test_what_is_no_message_is_refused(self, ctx: Context, seat: Seated, text: str) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        assert (await reply(somebody, campaign.id, text)).status_code == 422
        assert await sent_by_staff() == []

    @pytest.mark.parametrize("key", ["", "short", "with space in it", "$" * 10, "x" * 65])
    async def test_a_key_that_is_none_of_ours(self, ctx: Context, seat: Seated, key: str) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        assert (await reply(somebody, campaign.id, key=key)).status_code == 422

    async def test_closing_leads_to_the_next_one(self, ctx: Context, clock: Clock, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        clock.forward(minutes=1)
        later = await handed_over(ctx)
        done = await somebody.post(f"/handoffs/{campaign.id}/close")
        assert f'data-open="{later.id}"' in done.text
        last = await somebody.post(f"/handoffs/{later.id}/release")
        assert "Nobody else waits" in last.text
        assert (await somebody.post(f"/handoffs/{later.id}/release")).status_code == 409
        assert (await Interaction.find({"campaign_id": campaign.id, "handled_at": None}).count()) == 0


async def test_hostile_words_are_shown_as_text(ctx: Context, seat: Seated) -> None:
    campaign = await handed_over(
        ctx,
        campaign={"patient_name": HOSTILE, "initial_inquiry": HOSTILE},
        reason=HOSTILE,
        summary=HOSTILE,
        patient_question=HOSTILE,
        suggested_reply=f"</textarea>{HOSTILE}",
        suggested_source_id=(await seat()).user.id,
        suggested_source_title=HOSTILE,
    )
    somebody = await seat()
    await somebody.post(f"/handoffs/{campaign.id}/claim")
    for path in ("/handoffs", f"/handoffs?open={campaign.id}", f"/campaigns/{campaign.id}", ""):
        text = (await somebody.http.get(f"/staff{path}")).text
        assert "&lt;script&gt;" in text
        assert HOSTILE not in text
        assert "<script>alert" not in text
