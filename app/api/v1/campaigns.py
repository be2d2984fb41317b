"""Campaigns for staff: list, open, read, answer, set the status (api.md section 4)."""

from dataclasses import dataclass
from typing import Annotated

from beanie import PydanticObjectId
from fastapi import APIRouter, Depends, Header, Query

from app.api.deps import ContextDep, FrontDesk, Page, Reader, RecordId, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.campaigns import (
    CampaignAnswer,
    CampaignDetails,
    CampaignList,
    CampaignPagination,
    CampaignRow,
    RecoveryAnswer,
    RecoveryBody,
    RespondAnswer,
    RespondBody,
    StatusBody,
)
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.interactions import HistoryRow
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.types import SearchWord
from app.models.clinic import Clinic
from app.models.enums import CampaignType, ChannelType
from app.models.interactions import Interaction
from app.services import addresses, audit, campaign_lists, campaigns, conversations, recoveries
from app.services.campaign_cursors import CampaignSort
from app.services.campaign_lists import CampaignFilter
from app.services.recoveries import Inquiry

router = APIRouter(prefix="/admin/campaigns", tags=["campaigns"], route_class=IdempotentRoute)

SearchText = Annotated[SearchWord | None, Query()]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterParams:
    status: Annotated[list[str] | None, Query()] = None
    campaign_type: CampaignType | None = None
    channel: ChannelType | None = None
    patient: SearchText = None
    q: SearchText = None

    def filter(self) -> CampaignFilter:
        """Raises InvalidInputError for a status that nobody knows."""
        return CampaignFilter(
            statuses=campaign_lists.read_statuses(self.status or []),
            campaign_type=self.campaign_type,
            channel=self.channel,
            patient=self.patient,
            text=self.q,
        )


Wanted = Annotated[FilterParams, Depends()]


@router.get("", summary="List campaigns")
async def list_campaigns(
    user: Reader,
    ctx: ContextDep,
    page: Page,
    wanted: Wanted,
    sort: CampaignSort = CampaignSort.NEWEST_UPDATE,
    cursor: Annotated[str | None, Query(max_length=128)] = None,
) -> CampaignList:
    """Every role; the read is written into the audit log.

    `status` may repeat; `patient` is an id or a name, `q` part of a name, both taken literally. `next_cursor` goes on
    behind this page in its order, however deep. With `total_is_exact` false there are at least `total_items`.
    """
    found = await campaign_lists.find(wanted.filter(), sort=sort, skip=page.skip, limit=page.limit, cursor=cursor)
    await audit.record(
        ctx,
        actor=actor_of(user),
        action="campaign.listed",
        document=("campaign", "list"),
        patients=[PydanticObjectId(row["patient_id"]) for row in found.rows],
    )
    numbers = pagination(page, found.total, next_cursor=found.next_cursor).model_dump()
    return CampaignList(
        pagination=CampaignPagination(**numbers, total_is_exact=found.is_exact),
        campaigns=[CampaignRow.model_validate(row) for row in found.rows],
    )


@router.post("/recovery", status_code=201, summary="Open a recovery campaign", responses=refusals(409))
async def start_recovery(body: RecoveryBody, user: FrontDesk, ctx: ContextDep) -> RecoveryAnswer:
    """Admin, manager, front desk. A known patient is reused; 409 with the id of an active campaign."""
    channels = body.preferred_channel if isinstance(body.preferred_channel, list) else [body.preferred_channel]
    inquiry = Inquiry(
        patient_name=body.patient_name,
        patient_email=body.patient_email,
        patient_phone=addresses.phone_in_e164(body.patient_phone, await Clinic.load()),
        initial_inquiry=body.initial_inquiry,
        estimated_value=body.estimated_value,
        preferred_channel=channels,
    )
    campaign = await recoveries.start(ctx, inquiry, actor=actor_of(user))
    return RecoveryAnswer(campaign_id=str(campaign.id))


@router.get("/{campaign_id}", summary="One campaign with its conversation", responses=refusals(404))
async def get_campaign(campaign_id: RecordId, user: Reader, ctx: ContextDep) -> CampaignAnswer:
    """Every role; the read is written into the audit log."""
    campaign = await campaigns.read(ctx, campaign_id, actor=actor_of(user))
    history = await Interaction.of_campaign(campaign_id)
    return CampaignAnswer(
        campaign_details=CampaignDetails.of(campaign), conversation_history=[HistoryRow.of(item) for item in history]
    )


@router.post("/{campaign_id}/respond", summary="Answer the patient as a person", responses=refusals(404, 409))
async def respond(
    campaign_id: RecordId,
    body: RespondBody,
    user: FrontDesk,
    ctx: ContextDep,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> RespondAnswer:
    """Admin, manager, front desk. 409 when the patient opted out, or when `new_status` is not possible."""
    delivery = await conversations.respond(
        ctx,
        campaign_id,
        text=body.message,
        new_status=body.new_status,
        actor=actor_of(user),
        key=idempotency_key or conversations.fresh_key(),
    )
    return RespondAnswer(delivery=delivery)


@router.patch("/{campaign_id}/status", summary="Set a campaign's status", responses=refusals(404, 409))
async def change_status(campaign_id: RecordId, body: StatusBody, user: FrontDesk, ctx: ContextDep) -> CampaignDetails:
    """Admin, manager, front desk. 409 with `allowed` for a move that the table does not hold."""
    campaign = await campaigns.change_status(ctx, campaign_id, body.status, actor=actor_of(user), reason=body.reason)
    return CampaignDetails.of(campaign)
