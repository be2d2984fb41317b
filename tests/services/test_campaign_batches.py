"""One action for many campaigns: each is judged alone, what is not possible stays as it is and says why."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.campaign_batches import CampaignBatch
from app.models.campaigns import Campaign
from app.models.enums import BatchState, Role
from app.models.enums import CampaignStatus as S
from app.models.records import AuditEntry, Decision
from app.services import campaign_batch_runs, campaigns
from app.services.campaign_batch_runs import GONE, MOST_CAMPAIGNS, STEP, Refused
from app.services.campaign_batches import NOT_THERE, NOTHING_SOONER, SOURCES, Batch, BatchAction
from app.services.campaign_lists import CampaignFilter
from tests.factories import force_status, make_clinic, make_recovery, make_user
from tests.web.staff.scenes import handed_over


@pytest.fixture(autouse=True)
async def _clinic(ctx: Context) -> None:
    await make_clinic()


@dataclass(frozen=True, slots=True)
class Report:
    done: list[PydanticObjectId]
    refused: list[Refused]


async def applied(ctx: Context, ids: list[PydanticObjectId], batch: Batch, *, by: PydanticObjectId) -> Report:
    """The whole of it, step by step."""
    held = await campaign_batch_runs.begin(ctx, ids, batch, by=by)
    while held.is_running:
        held = await campaign_batch_runs.go_on(ctx, held.id, by=by)
    refused = await campaign_batch_runs.refused_in(held)
    left = {one.campaign_id for one in refused}
    done = [one for one in held.campaign_ids if one not in left]
    assert (held.done, held.position) == (len(done), len(held.campaign_ids))
    return Report(done, refused)


async def in_status(ctx: Context, status: S) -> Campaign:
    if status is S.HANDOFF_REQUIRED:
        return await handed_over(ctx)
    return await force_status(await make_recovery(ctx), status)


@pytest.mark.parametrize("action", BatchAction)
async def test_each_action_is_done_where_it_is_offered_and_refused_elsewhere(ctx: Context, action: BatchAction) -> None:
    user, holder = await make_user(ctx), await make_user(ctx, Role.FRONT_DESK)
    held = {status: await in_status(ctx, status) for status in S}
    ids = [campaign.id for campaign in held.values()]
    report = await applied(ctx, ids, Batch(action=action, holder=holder.id), by=user.id)
    refused = {one.campaign_id: one for one in report.refused}
    assert len(report.done) + len(refused) == len(S)
    for status, campaign in held.items():
        now = await campaigns.get(campaign.id)
        if status in SOURCES[action]:
            assert campaign.id in report.done or refused[campaign.id].why == NOTHING_SOONER
        else:
            assert refused[campaign.id].why == NOT_THERE[action]
            assert refused[campaign.id].name == campaign.patient_name
            assert (now.status, now.version) == (campaign.status, campaign.version)


async def test_a_pause_moves_the_plan_to_the_clinics_morning_and_keeps_a_later_one(ctx: Context) -> None:
    user = await make_user(ctx)
    soon, later = await make_recovery(ctx), await make_recovery(ctx)
    far = datetime(2027, 3, 1, tzinfo=UTC)
    await force_status(later, S.ATTEMPTING_RECOVERY, **{"follow_up_details.next_attempt_at": far})
    batch = Batch(action=BatchAction.PAUSE, pause_days=14)
    report = await applied(ctx, [soon.id, later.id], batch, by=user.id)
    assert report.done == [soon.id]
    assert [one.why for one in report.refused] == [NOTHING_SOONER]
    # 23 November in New York and 14 days: midnight there is 5 o'clock UTC.
    planned = (await campaigns.get(soon.id)).follow_up_details.next_attempt_at
    assert planned == datetime(2026, 12, 7, 5, 0, tzinfo=UTC)
    assert (await campaigns.get(later.id)).follow_up_details.next_attempt_at == far
    assert await Decision.find({"campaign_id": soon.id, "rule": "paused_by_staff"}).count() == 1
    [row] = await AuditEntry.find({"action": "campaign.paused"}).to_list()
    assert (row.actor, row.patient_ids) == (f"user:{user.id}", [soon.patient_id])


async def test_a_conversation_is_given_to_a_person_once(ctx: Context) -> None:
    user, holder = await make_user(ctx), await make_user(ctx, Role.FRONT_DESK)
    campaign, batch = await handed_over(ctx), Batch(action=BatchAction.ASSIGN, holder=holder.id)
    for _ in range(2):
        assert (await applied(ctx, [campaign.id], batch, by=user.id)).done == [campaign.id]
    details = (await campaigns.get(campaign.id)).handoff_details
    assert details
    assert details.assigned_to == holder.id
    assert await AuditEntry.find({"action": "handoff.assigned"}).count() == 1


@pytest.mark.parametrize("who", ["nobody", "a provider", "somebody who left"])
async def test_only_who_can_answer_is_given_one(ctx: Context, who: str) -> None:
    user, campaign = await make_user(ctx), await handed_over(ctx)
    provider = await make_user(ctx, Role.PROVIDER)
    gone = await make_user(ctx, Role.ADMIN, is_active=False)
    holder = {"nobody": None, "a provider": provider.id, "somebody who left": gone.id}[who]
    with pytest.raises(InvalidInputError):
        await applied(ctx, [campaign.id], Batch(action=BatchAction.ASSIGN, holder=holder), by=user.id)


async def test_what_is_gone_or_named_twice_or_nothing_at_all(ctx: Context) -> None:
    user, campaign = await make_user(ctx), await make_recovery(ctx)
    batch = Batch(action=BatchAction.BOOKED_ELSEWHERE)
    report = await applied(ctx, [campaign.id, PydanticObjectId(), campaign.id], batch, by=user.id)
    assert report.done == [campaign.id]
    assert [(one.name, one.why) for one in report.refused] == [(GONE, "There is no campaign with this id.")]
    for ids in ([], [PydanticObjectId() for _ in range(MOST_CAMPAIGNS + 1)]):
        with pytest.raises(InvalidInputError):
            await applied(ctx, ids, batch, by=user.id)


async def test_two_who_close_the_same_ones_at_once_close_each_once(ctx: Context) -> None:
    first, second = await make_user(ctx), await make_user(ctx)
    ids = [(await make_recovery(ctx)).id for _ in range(5)]
    batch = Batch(action=BatchAction.BOOKED_ELSEWHERE)
    reports = await asyncio.gather(*(applied(ctx, ids, batch, by=one.id) for one in (first, second)))
    done = [one for report in reports for one in report.done]
    assert sorted(done) == sorted(ids)
    assert await AuditEntry.find({"action": "campaign.status_changed"}).count() == len(ids)


CLOSE = Batch(action=BatchAction.BOOKED_ELSEWHERE)


async def many(ctx: Context, count: int) -> list[PydanticObjectId]:
    return [(await make_recovery(ctx)).id for _ in range(count)]


async def test_it_goes_on_in_steps_and_two_pages_of_one_person_do_nothing_twice(ctx: Context) -> None:
    user, ids = await make_user(ctx), await many(ctx, STEP + 3)
    held = await campaign_batch_runs.begin(ctx, ids, CLOSE, by=user.id, key="form")
    assert (held.position, held.percent) == (0, 0)
    first = await campaign_batch_runs.go_on(ctx, held.id, by=user.id)
    assert (first.state, first.position, first.done) == (BatchState.RUNNING, STEP, STEP)
    pages = await asyncio.gather(*(campaign_batch_runs.go_on(ctx, held.id, by=user.id) for _ in range(3)))
    assert BatchState.DONE in {page.state for page in pages}
    over = await campaign_batch_runs.go_on(ctx, held.id, by=user.id)
    assert (over.state, over.done, over.percent, over.refused) == (BatchState.DONE, len(ids), 100, [])
    assert await AuditEntry.find({"action": "campaign.status_changed"}).count() == len(ids)


async def test_the_same_form_twice_is_begun_once(ctx: Context) -> None:
    user, ids = await make_user(ctx), await many(ctx, 2)
    begun = await asyncio.gather(
        *(campaign_batch_runs.begin(ctx, ids, CLOSE, by=user.id, key="form") for _ in range(4))
    )
    assert {one.id for one in begun} == {begun[0].id}
    assert await CampaignBatch.count() == 1
    [row] = await AuditEntry.find({"action": "campaign_batch.begun"}).to_list()
    assert row.details == {"action": "booked_elsewhere", "campaigns": 2}
    with pytest.raises(ConflictError, match="not finished"):
        await campaign_batch_runs.begin(ctx, ids, CLOSE, by=user.id, key="another form")
    other = await make_user(ctx)
    assert (await campaign_batch_runs.begin(ctx, ids, CLOSE, by=other.id, key="form")).id != begun[0].id


async def test_stopped_it_leaves_the_rest_as_it_is(ctx: Context) -> None:
    user, other, ids = await make_user(ctx), await make_user(ctx), await many(ctx, STEP + 3)
    held = await campaign_batch_runs.begin(ctx, ids, CLOSE, by=user.id)
    await campaign_batch_runs.go_on(ctx, held.id, by=user.id)
    for stranger in (campaign_batch_runs.stop, campaign_batch_runs.go_on):
        with pytest.raises(NotFoundError):
            await stranger(ctx, held.id, by=other.id)
    assert (await campaign_batch_runs.unfinished_of(user.id)) is not None
    for _ in range(2):
        stopped = await campaign_batch_runs.stop(ctx, held.id, by=user.id)
        assert (stopped.state, stopped.position) == (BatchState.STOPPED, STEP)
    await campaign_batch_runs.go_on(ctx, held.id, by=user.id)
    statuses = [(await campaigns.get(one)).status for one in ids]
    assert statuses.count(S.BOOKING_COMPLETED) == STEP
    assert await campaign_batch_runs.unfinished_of(user.id) is None
    assert await AuditEntry.find({"action": "campaign_batch.stopped"}).count() == 1


async def test_who_left_meanwhile_is_given_nothing_and_it_can_be_stopped(ctx: Context) -> None:
    user, holder, campaign = await make_user(ctx), await make_user(ctx, Role.FRONT_DESK), await handed_over(ctx)
    batch = Batch(action=BatchAction.ASSIGN, holder=holder.id)
    held = await campaign_batch_runs.begin(ctx, [campaign.id], batch, by=user.id)
    await holder.set({"is_active": False})
    for _ in range(2):  # nobody holds it back afterwards
        with pytest.raises(InvalidInputError):
            await campaign_batch_runs.go_on(ctx, held.id, by=user.id)
    assert (await campaign_batch_runs.stop(ctx, held.id, by=user.id)).position == 0


async def test_all_that_match_are_those_of_the_list(ctx: Context) -> None:
    waits = await handed_over(ctx, campaign={"patient_name": "Ann Ames"})
    others = await many(ctx, 3)
    everything = CampaignFilter(statuses=[], campaign_type=None, channel=None, patient=None, text=None)
    assert set(await campaign_batch_runs.matching(everything)) == {waits.id, *others}
    by_name = CampaignFilter(statuses=[], campaign_type=None, channel=None, patient=None, text="ames")
    assert await campaign_batch_runs.matching(by_name) == [waits.id]
    nobodys = CampaignFilter(statuses=[], campaign_type=None, channel=None, patient=None, text=None, is_unclaimed=True)
    assert await campaign_batch_runs.matching(nobodys) == [waits.id]
    pattern = await Campaign.collection().find_one({"_id": others[0]}) or {}
    copies = [pattern | {"_id": PydanticObjectId(), "patient_id": PydanticObjectId()} for _ in range(MOST_CAMPAIGNS)]
    await Campaign.collection().insert_many(copies)
    with pytest.raises(InvalidInputError, match="More than 2,000"):
        await campaign_batch_runs.matching(everything)
