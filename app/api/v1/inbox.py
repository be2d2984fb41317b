"""The staff inbox: what came in and nobody could place, and what a person does with it (api.md section 4)."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import ContextDep, FrontDesk, Page, Reader, RecordId, actor_of
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.inbox import (
    AssignBody,
    DismissBody,
    InboxList,
    InboxMessage,
    SettledAnswer,
    message_of,
    row_of,
)
from app.api.v1.schemas.pages import pagination
from app.context import Context
from app.models.enums import InboundSource, InboxState
from app.models.inbox import FOR_STAFF, InboundEvent
from app.services import campaigns, inbox_bookings, staff_inbox, staff_inbox_actions

router = APIRouter(prefix="/admin/inbox", tags=["inbox"])


class Waiting(StrEnum):
    UNMATCHED = "unmatched"
    PARKED = "parked"


@router.get("", summary="Messages that wait for a person")
async def list_inbox(
    user: Reader,
    ctx: ContextDep,
    page: Page,
    state: Annotated[Waiting | None, Query(description="Both when left out")] = None,
) -> InboxList:
    """Every role. Emergencies first, then the newest; the patients it suggests are written into the audit log."""
    states = [InboxState(state.value.upper())] if state else FOR_STAFF
    entries, total = await staff_inbox.page(ctx, states, skip=page.skip, limit=page.limit, actor=actor_of(user))
    return InboxList(pagination=pagination(page, total), messages=[row_of(entry) for entry in entries])


@router.get("/{event_id}", summary="One message with its whole text", responses=refusals(404))
async def read_message(event_id: RecordId, user: Reader, ctx: ContextDep) -> InboxMessage:
    """Every role; the read is written into the audit log. A settled one can still be read."""
    return message_of(await staff_inbox.read(ctx, event_id, actor=actor_of(user)))


@router.post("/{event_id}/assign", summary="Say whose message it is", responses=refusals(404, 409))
async def assign(event_id: RecordId, body: AssignBody, user: FrontDesk, ctx: ContextDep) -> SettledAnswer:
    """Admin, manager, front desk. The message goes the way of every other: stored, screened, answered by the agent.

    With `patient_id` it goes to the running campaign, else to the newest; 409 `NO_CAMPAIGN` when there is none. A
    parked booking is booked for the patient; 409 `SLOT_TAKEN` with `alternatives` when its time is gone. 409
    `INBOX_EVENT_SETTLED` when somebody was first.
    """
    event = await staff_inbox_actions.open_event(event_id)
    if event.source is InboundSource.BOOKING_FORM:
        return await _book(ctx, event, body, actor=actor_of(user))
    campaign = await staff_inbox_actions.chosen_campaign(campaign_id=body.campaign_id, patient_id=body.patient_id)
    return SettledAnswer.of(await staff_inbox_actions.assign_message(ctx, event, campaign, actor=actor_of(user)))


async def _book(ctx: Context, event: InboundEvent, body: AssignBody, *, actor: str) -> SettledAnswer:
    patient_id = body.patient_id
    if body.campaign_id:
        patient_id = (await campaigns.get(body.campaign_id)).patient_id
    patient = await staff_inbox_actions.chosen_patient(patient_id or event.id)
    visit = await inbox_bookings.book(ctx, event, patient, actor=actor)
    answer = SettledAnswer.of(await staff_inbox.get(event.id))
    return answer.model_copy(update={"campaign_id": _text(visit.campaign_id), "appointment_id": str(visit.id)})


def _text(identifier: object) -> str | None:
    return str(identifier) if identifier else None


@router.post("/{event_id}/retry", summary="Try it again", responses=refusals(404, 409))
async def retry(event_id: RecordId, user: FrontDesk, ctx: ContextDep) -> SettledAnswer:
    """Admin, manager, front desk. Its failed tries are forgotten and the inbox job takes it up as if it were new."""
    return SettledAnswer.of(await staff_inbox_actions.retry(ctx, event_id, actor=actor_of(user)))


@router.post("/{event_id}/dismiss", summary="Take it off the list", responses=refusals(404, 409))
async def dismiss(event_id: RecordId, body: DismissBody, user: FrontDesk, ctx: ContextDep) -> SettledAnswer:
    """Admin, manager, front desk. The message is kept with the reason; nobody is written to."""
    taken = await staff_inbox_actions.dismiss(ctx, event_id, reason=body.reason, actor=actor_of(user))
    return SettledAnswer.of(taken)
