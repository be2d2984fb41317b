"""A conversation without a browser: who wrote what, what may be done, notes, reasons, and what is refused."""

import asyncio
import re

import pytest
from markupsafe import escape

from app.context import Context
from app.models.desk import CampaignNote
from app.models.enums import (
    Author,
    CampaignStatus,
    Delivery,
    Direction,
    Intent,
    MessageKind,
    OutboxState,
    Role,
    Sentiment,
)
from app.models.interactions import AiAnalysis
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import campaigns, outbox
from tests.conftest import Clock
from tests.factories import force_status, make_article, make_recovery
from tests.web.staff.conftest import Seated
from tests.web.staff.scenes import HOSTILE, by_sms, handed_over, says

pytestmark = pytest.mark.usefixtures("open_clinic")

KEY = "a-key-of-this-form"
NOBODY = "665f1c2e9b3a4d5e6f708192"
EARLIER = re.compile(r"earlier\?before=([0-9a-f]{24})")
SINCE = re.compile(r"thread\?since=([0-9a-f]{24})")


def numbers_in(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"Message (\d+)\.", text)]


def seen_on(page: str) -> str:
    """How many messages a page shows, as its form sends it."""
    found = re.search(r'name="seen" form="reply" value="(\d+)"', page)
    assert found
    return found[1]


class TestThread:
    async def test_everybody_is_told_apart(self, ctx: Context, clock: Clock, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        for author, text in ((Author.AI, "Hello there"), (Author.STAFF, "We do"), (Author.SYSTEM, "Bounced")):
            clock.forward(minutes=1)
            await says(ctx, campaign, text, author=author, direction=Direction.OUTGOING, delivery=Delivery.FAILED)
        text = (await somebody.get(f"/campaigns/{campaign.id}")).text
        places = [
            text.index(f'class="bubble {mark}"') for mark in ("is-patient", "is-assistant", "is-staff", "is-system")
        ]
        assert places == sorted(places)
        assert text.count("Not delivered") == 3

    async def test_a_colleague_is_named_and_whoever_is_gone_is_staff(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody, colleague = await make_recovery(ctx), await seat(), await seat()
        await colleague.user.set({"name": f"Ada {HOSTILE}"})
        await colleague.post(f"/campaigns/{campaign.id}/reply", text="We do.", key=KEY)
        path = f"/campaigns/{campaign.id}/thread"
        assert f"<strong>Ada {escape(HOSTILE)}</strong>" in (await somebody.get(path)).text
        await colleague.user.delete()
        assert "<strong>Staff</strong>" in (await somebody.get(path)).text

    async def test_analysis_and_source_are_there_on_demand(self, ctx: Context, seat: Seated) -> None:
        article = await make_article(ctx, "Insurance plans", "We take Delta Dental.")
        campaign, somebody = await handed_over(ctx), await seat()
        meant = AiAnalysis(intent=Intent.QUESTION, sentiment=Sentiment.NEGATIVE, intents=[Intent.COMPLAINT])
        await says(ctx, campaign, "Well?", ai_analysis=meant)
        await says(
            ctx,
            campaign,
            "We do",
            author=Author.AI,
            direction=Direction.OUTGOING,
            sources=[str(article.id)],
            confidence=0.8,
        )
        text = (await somebody.get(f"/campaigns/{campaign.id}/thread")).text
        for part in ("Question, complaint", "Unhappy", "Insurance plans", "80 %"):
            assert part in text
        await article.delete()
        assert "An article that was deleted" in (await somebody.get(f"/campaigns/{campaign.id}/thread")).text

    async def test_a_withdrawn_message_is_no_failure_and_says_why(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await make_recovery(ctx), await seat()
        await somebody.post(f"/campaigns/{campaign.id}/reply", text="Never mind", key=KEY)
        [message] = await OutboundMessage.find({"kind": MessageKind.STAFF}).to_list()
        path = f"/campaigns/{campaign.id}/thread"
        assert "Waiting to leave" in (await somebody.get(path)).text
        await outbox.cancel_patients(ctx, [campaign.patient_id], reason="opted_out")
        told = (await somebody.get(path)).text
        assert "Withdrawn, not sent" in told
        assert "asked not to be written to" in told
        failed = {"$set": {"state": OutboxState.FAILED, "state_reason": "recipient_refused"}}
        await OutboundMessage.collection().update_one({"_id": message.id}, failed)
        told = (await somebody.get(path)).text
        assert "Not delivered" in told
        assert "The address refused the message" in told

    async def test_a_subject_stands_where_it_changes(self, ctx: Context, clock: Clock, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        for subject in ("Your visit", "Re: Your visit", "RE: AW: your visit", "", "Invoice 7"):
            clock.forward(seconds=1)
            await says(ctx, campaign, "Hello", subject=subject)
        text = (await somebody.get(f"/campaigns/{campaign.id}")).text
        assert text.lower().count("your visit</p>") == 1
        assert text.count("Invoice 7</p>") == 1

    async def test_reading_is_audited_and_unknown_ids_are_404(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat(Role.PROVIDER)
        await somebody.get(f"/campaigns/{campaign.id}")
        [row] = await AuditEntry.find({"actor": f"user:{somebody.user.id}"}).to_list()
        assert (row.action, row.patient_ids) == ("campaign.read", [campaign.patient_id])
        for part in ("", "/thread", "/state", "/why"):
            assert (await somebody.get(f"/campaigns/{NOBODY}{part}")).status_code == 404


class TestLongThread:
    async def test_page_by_page_nothing_is_missing_and_nothing_twice(
        self, ctx: Context, clock: Clock, seat: Seated
    ) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        for number in range(230):
            clock.forward(seconds=number % 2)  # pairs of one instant
            await says(ctx, campaign, f"Message {number}.")
        text = (await somebody.get(f"/campaigns/{campaign.id}")).text
        pages = [numbers_in(text)]
        while before := EARLIER.search(text):
            text = (await somebody.get(f"/campaigns/{campaign.id}/earlier", before=before[1])).text
            pages.insert(0, numbers_in(text))
        assert [len(page) for page in pages] == [30, 100, 100]
        assert [number for page in pages for number in page] == list(range(230))

    async def test_what_comes_in_leaves_no_gap(self, ctx: Context, clock: Clock, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        for number in range(110):
            clock.forward(seconds=1)
            await says(ctx, campaign, f"Message {number}.")
        page = (await somebody.get(f"/campaigns/{campaign.id}")).text
        for number in range(110, 120):
            clock.forward(seconds=1)
            await says(ctx, campaign, f"Message {number}.")
        since = SINCE.search(page)
        assert since
        again = (await somebody.get(f"/campaigns/{campaign.id}/thread", since=since[1])).text
        assert numbers_in(again) == list(range(10, 120))
        assert SINCE.findall(again) == [since[1]]

    async def test_a_note_is_in_one_page_only_and_one_before_the_first_message_is_shown(
        self, ctx: Context, clock: Clock, seat: Seated
    ) -> None:
        campaign, somebody = await make_recovery(ctx), await seat()
        await somebody.post(f"/campaigns/{campaign.id}/notes", text="Before anything was written")
        for number in range(101):
            clock.forward(seconds=1)
            await says(ctx, campaign, f"Message {number}.")
        newest = (await somebody.get(f"/campaigns/{campaign.id}")).text
        before = EARLIER.search(newest)
        assert before
        first = (await somebody.get(f"/campaigns/{campaign.id}/earlier", before=before[1])).text
        assert "Before anything was written" not in newest
        assert "Before anything was written" in first
        clock.forward(seconds=1)
        await somebody.post(f"/campaigns/{campaign.id}/notes", text="After everything")
        assert "After everything" in (await somebody.get(f"/campaigns/{campaign.id}")).text
        assert (
            "After everything" not in (await somebody.get(f"/campaigns/{campaign.id}/earlier", before=before[1])).text
        )

    @pytest.mark.parametrize("part", ["thread?since=", "earlier?before="])
    async def test_a_message_of_another_conversation_opens_nothing(self, ctx: Context, seat: Seated, part: str) -> None:
        campaign, other, somebody = await handed_over(ctx), await make_recovery(ctx), await seat()
        foreign = await says(ctx, other, "Not for you")
        for message in (foreign.id, NOBODY):
            answer = await somebody.http.get(f"/staff/campaigns/{campaign.id}/{part}{message}")
            assert answer.status_code == 404
            assert "Not for you" not in answer.text


class TestUnseen:
    """An answer is written to what its author saw."""

    async def test_the_patient_wrote_meanwhile(self, ctx: Context, clock: Clock, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        path = f"/campaigns/{campaign.id}"
        saw = seen_on((await somebody.get(path)).text)
        clock.forward(seconds=1)
        await says(ctx, campaign, "I found another dentist")
        refused = await somebody.post(f"{path}/reply", text="See you then", key=KEY, seen=saw)
        assert refused.status_code == 409
        assert "The patient has written while you were writing" in refused.text
        assert refused.headers["hx-retarget"] == "#notices"
        assert await OutboundMessage.find({"kind": MessageKind.STAFF}).count() == 0
        now = seen_on((await somebody.get(f"{path}/thread")).text)
        assert (await somebody.post(f"{path}/reply", text="All the best", key=KEY, seen=now)).status_code == 200

    async def test_a_colleague_answered_meanwhile(self, ctx: Context, seat: Seated) -> None:
        campaign, one, other = await handed_over(ctx), await seat(), await seat()
        path = f"/handoffs/{campaign.id}"
        saw = seen_on((await one.get(path)).text)
        answer = {"text": "We do.", "key": KEY, "afterwards": "release", "seen": saw}
        assert (await one.post(f"{path}/reply", **answer)).status_code == 200
        refused = await other.post(f"{path}/reply", **answer)
        assert refused.status_code == 409
        assert "A colleague has answered while you were writing" in refused.text
        assert await OutboundMessage.find({"kind": MessageKind.STAFF}).count() == 1

    async def test_of_two_who_send_at_once_one_is_told(self, ctx: Context, seat: Seated) -> None:
        campaign, one, other = await handed_over(ctx), await seat(), await seat()
        saw = seen_on((await one.get(f"/campaigns/{campaign.id}")).text)
        answer = {"text": "We do.", "key": KEY, "seen": saw}
        path = f"/campaigns/{campaign.id}/reply"
        answers = await asyncio.gather(one.post(path, **answer), other.post(path, **answer))
        assert sorted(each.status_code for each in answers) == [200, 409]
        assert await OutboundMessage.find({"kind": MessageKind.STAFF}).count() == 1

    async def test_the_same_click_again_is_not_stopped_by_its_own_message(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        saw = seen_on((await somebody.get(f"/campaigns/{campaign.id}")).text)
        answer = {"text": "We do.", "key": KEY, "seen": saw}
        path = f"/campaigns/{campaign.id}/reply"
        answers = await asyncio.gather(*(somebody.post(path, **answer) for _ in range(3)))
        assert [each.status_code for each in answers] == [200, 200, 200]
        assert (await somebody.post(path, **answer)).status_code == 200
        assert await OutboundMessage.find({"kind": MessageKind.STAFF}).count() == 1

    @pytest.mark.parametrize("seen", ["-1", "x", "1e9", "99999999999"])
    async def test_a_count_that_no_page_of_ours_sends(self, ctx: Context, seat: Seated, seen: str) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        answer = await somebody.post(f"/campaigns/{campaign.id}/reply", text="We do.", key=KEY, seen=seen)
        assert answer.status_code == 422


class TestActing:
    @pytest.mark.parametrize("act", ["reply", "status", "claim", "unclaim", "notes", "size"])
    async def test_a_provider_only_reads(self, ctx: Context, seat: Seated, act: str) -> None:
        campaign, somebody = await handed_over(ctx), await seat(Role.PROVIDER)
        answer = await somebody.post(f"/campaigns/{campaign.id}/{act}", text="x", key=KEY, target="RE_ENGAGED")
        assert answer.status_code == 403

    async def test_only_possible_moves_are_offered_and_others_refused(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await make_recovery(ctx), await seat()
        text = (await somebody.get(f"/campaigns/{campaign.id}/state")).text
        assert 'value="RE_ENGAGED"' in text
        assert 'value="MANUAL_FOLLOWUP_COMPLETE"' not in text
        path = f"/campaigns/{campaign.id}/status"
        refused = await somebody.post(path, target="MANUAL_FOLLOWUP_COMPLETE")
        assert refused.status_code == 409
        assert (await somebody.post(path, target="$ne")).status_code == 422
        assert (await somebody.post(path, target="RE_ENGAGED")).status_code == 200
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RE_ENGAGED

    @pytest.mark.parametrize(
        ("target", "status"),
        [
            ("RE_ENGAGED", CampaignStatus.RE_ENGAGED),
            ("MANUAL_FOLLOWUP_COMPLETE", CampaignStatus.MANUAL_FOLLOWUP_COMPLETE),
            ("RECOVERY_DECLINED", CampaignStatus.RECOVERY_DECLINED),
            ("BOOKING_COMPLETED", CampaignStatus.BOOKING_COMPLETED),
        ],
    )
    async def test_leaving_a_handoff(self, ctx: Context, seat: Seated, target: str, status: CampaignStatus) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        assert (await somebody.post(f"/campaigns/{campaign.id}/status", target=target)).status_code == 200
        moved = await campaigns.get(campaign.id)
        assert moved.status is status
        assert moved.handoff_details is not None
        assert moved.handoff_details.resolved_by == somebody.user.id

    async def test_taking_over_makes_it_mine(self, ctx: Context, seat: Seated) -> None:
        campaign = await force_status(await make_recovery(ctx), CampaignStatus.RE_ENGAGED)
        somebody = await seat()
        answer = await somebody.post(f"/campaigns/{campaign.id}/status", target="HANDOFF_REQUIRED")
        assert "You have it" in answer.text

    async def test_an_answer_empties_the_field_and_makes_a_new_key(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        answer = await somebody.post(f"/campaigns/{campaign.id}/reply", text="We do.", key=KEY)
        assert answer.status_code == 200
        assert KEY not in answer.text
        assert "We do." not in answer.text
        assert "on its way" in answer.text
        await somebody.post(f"/campaigns/{campaign.id}/reply", text="We do.", key=KEY)
        assert await OutboundMessage.find({"kind": MessageKind.STAFF}).count() == 1

    async def test_templates_speak_the_patients_language(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx, campaign={"patient_name": "Ana {clinic}"}), await seat()
        await Patient.collection().update_one({"_id": campaign.patient_id}, {"$set": {"language": "es"}})
        assert "Hola Ana, gracias por escribirnos" in (await somebody.get(f"/campaigns/{campaign.id}")).text

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "one SMS"),
            ("Hello", "5 characters, 1 SMS"),
            ("x" * 161, "2 SMS"),
            ("x" * 1_601, "too long"),
            ("😀", "😀"),
        ],
    )
    async def test_the_length_of_an_sms(self, ctx: Context, seat: Seated, text: str, told: str) -> None:
        campaign, somebody = await by_sms(ctx), await seat()
        assert told in (await somebody.post(f"/campaigns/{campaign.id}/size", text=text)).text


class TestNotes:
    async def test_a_note_stands_in_the_thread_and_goes_to_nobody(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat(Role.FRONT_DESK)
        assert (await somebody.post(f"/campaigns/{campaign.id}/notes", text="Call after five")).status_code == 200
        text = (await (await seat(Role.PROVIDER)).get(f"/campaigns/{campaign.id}/thread")).text
        assert "Call after five" in text
        assert somebody.user.name in text
        assert await OutboundMessage.find({}).count() == 0
        row = await AuditEntry.find_one({"action": "campaign.noted"})
        assert row is not None
        assert row.patient_ids == [campaign.patient_id]

    @pytest.mark.parametrize("text", ["", "  ", "x" * 2_001, "a\x00b"])
    async def test_what_is_no_note(self, ctx: Context, seat: Seated, text: str) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        assert (await somebody.post(f"/campaigns/{campaign.id}/notes", text=text)).status_code == 422
        assert await CampaignNote.find({}).count() == 0

    async def test_hostile_words_are_text(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await handed_over(ctx), await seat()
        await somebody.post(f"/campaigns/{campaign.id}/notes", text=HOSTILE)
        await says(ctx, campaign, HOSTILE, subject=HOSTILE, attachments=[HOSTILE], screened_by=HOSTILE)
        fields = {"notes": HOSTILE, "email": f"{HOSTILE}@example.com"}
        await Patient.collection().update_one({"_id": campaign.patient_id}, {"$set": fields})
        text = (await somebody.get(f"/campaigns/{campaign.id}")).text
        assert text.count("&lt;script&gt;") >= 6
        assert "<script>alert" not in text


async def test_why_tells_what_would_be_decided_now_and_what_was(ctx: Context, seat: Seated) -> None:
    campaign, somebody = await handed_over(ctx), await seat()
    text = (await somebody.get(f"/campaigns/{campaign.id}/why")).text
    assert "Right now:" in text
    assert "A person looks after this conversation" in text
    row = await AuditEntry.find_one({"actor": f"user:{somebody.user.id}", "action": "patient.read"})
    assert row is not None
