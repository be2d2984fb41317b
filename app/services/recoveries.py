"""Opening a recovery campaign for one person at once, as staff do (api.md section 4)."""

from dataclasses import dataclass

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import ActiveCampaignError, ConflictError
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignType, ChannelType, PatientType
from app.models.patients import Patient
from app.services import audit, campaigns, patients

NOT_AT_ALL = "This patient cannot be written to: no usable address, or every channel was stopped."
NOT_ON_CHANNEL = "This patient cannot be written to on this channel: no usable address, or it was stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A person who asked once and never came, as staff enter them (POST /admin/campaigns/recovery)."""

    patient_name: str
    patient_email: str | None
    patient_phone: str | None
    initial_inquiry: str
    estimated_value: float
    preferred_channel: list[ChannelType]


async def start(ctx: Context, inquiry: Inquiry, *, actor: str) -> Campaign:
    """Open the campaign; a known patient is reused, and nothing at all is stored when it is refused.

    Raises ActiveCampaignError with the id of the campaign in the way, ConflictError when nobody can be reached.
    """
    patient, is_new = await _patient_for(ctx, inquiry)
    wish = Wish(inquiry=inquiry.initial_inquiry, value=inquiry.estimated_value)
    return await _open(ctx, patient, wish, is_new=is_new, actor=actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a known patient asked for; `channel` is where to write instead of where they like it best."""

    inquiry: str
    value: float
    channel: ChannelType | None = None


async def start_for(ctx: Context, patient_id: PydanticObjectId, wish: Wish, *, actor: str) -> Campaign:
    """Open a campaign for a patient whom staff picked. Raises as `start` does, and NotFoundError."""
    patient = await patients.get(patient_id)
    patients.refuse_gone(patient)
    return await _open(ctx, patient, wish, is_new=False, actor=actor)


async def drafted(ctx: Context, inquiry: Inquiry) -> tuple[Patient, Campaign]:
    """What `start` would open, stored nowhere: to look at it before. Raises as `start` does."""
    patient, _ = await _patient_for(ctx, inquiry)
    return await _drafted(ctx, patient, Wish(inquiry=inquiry.initial_inquiry, value=inquiry.estimated_value))


async def drafted_for(ctx: Context, patient_id: PydanticObjectId, wish: Wish) -> tuple[Patient, Campaign]:
    """What `start_for` would open, stored nowhere. Raises as it does."""
    patient = await patients.get(patient_id)
    patients.refuse_gone(patient)
    return await _drafted(ctx, patient, wish)


async def _drafted(ctx: Context, patient: Patient, wish: Wish) -> tuple[Patient, Campaign]:
    await _refuse_a_second(patient)
    return patient, await _campaign_for(ctx, patient, wish)


async def _open(ctx: Context, patient: Patient, wish: Wish, *, is_new: bool, actor: str) -> Campaign:
    _, campaign = await _drafted(ctx, patient, wish)

    async def write() -> None:
        if is_new:
            await patients.insert(ctx, patient, actor=actor)
        await campaign.insert()
        patients.refuse_gone(await patients.refresh_due(ctx, patient.id))
        document = ("campaign", campaign.id)
        await audit.record(ctx, actor=actor, action="campaign.created", document=document, patients=[patient.id])

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        await _refuse_a_second(patient)
        raise ConflictError("Somebody entered this person at the same moment. Try again.") from error
    return campaign


async def _patient_for(ctx: Context, inquiry: Inquiry) -> tuple[Patient, bool]:
    fields = {
        "name": inquiry.patient_name,
        "patient_type": PatientType.COLD_LEAD,
        "preferred_channel": inquiry.preferred_channel,
        "initial_inquiry": inquiry.initial_inquiry,
        "estimated_value": inquiry.estimated_value,
    }
    return await patients.known_or_draft(ctx, email=inquiry.patient_email, phone=inquiry.patient_phone, fields=fields)


async def _refuse_a_second(patient: Patient) -> None:
    running = await Campaign.active_of(patient.id)
    if running:
        raise ActiveCampaignError(
            "This patient already has an active campaign.",
            extra={"campaign_id": str(running.id), "status": running.status},
        )


async def _campaign_for(ctx: Context, patient: Patient, wish: Wish) -> Campaign:
    wished = patient.model_copy(update={"preferred_channel": [wish.channel]}) if wish.channel else patient
    route = patients.route_of(wished, await patients.guardian_of(patient))
    if route is None:
        raise ConflictError(NOT_ON_CHANNEL if wish.channel else NOT_AT_ALL)
    return campaigns.new_campaign(
        await Clinic.load(),
        patient,
        CampaignType.RECOVERY,
        route=route,
        now=ctx.now(),
        identifier=PydanticObjectId(),
        inquiry=wish.inquiry,
        value=wish.value,
    )
