"""What hangs on an imported change of a known patient: campaigns that a stop ends, messages that follow an address."""

from collections.abc import Sequence

from beanie import PydanticObjectId

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.errors import ConflictError
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import DecisionOutcome
from app.models.outbox import CANCELLABLE_STATES, OutboundMessage
from app.models.patients import Patient
from app.services import audit, campaigns, patient_reach, patients
from app.services.imports.planning import ADDRESSES, Decision


class RowRefusedError(Exception):
    """The database, or a conversation, stands against one row of a batch: the batch is done again without it."""

    def __init__(self, line: int, field: str, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.field = field
        self.message = message


async def end_what_was_stopped(ctx: Context, updated: Sequence[Decision], *, source: str, actor: str) -> None:
    """A new stop ends what writes to the patient, or to those who depend on them, as any other stop does."""
    for decision in updated:
        if decision.stop is None:
            continue
        patient_id = decision.patient["_id"]
        for person in (patient_id, *await patients.dependants_of([patient_id])):
            campaign = await Campaign.active_of(person)
            if campaign and decision.stop in ("all", campaign.channel.type):
                await campaigns.move(ctx, campaign, CampaignEvent.OPTED_OUT, by=actor)
                await audit.decide(
                    ctx,
                    patient_id=person,
                    campaign_id=campaign.id,
                    outcome=DecisionOutcome.REFUSED,
                    rule="opted_out",
                    inputs={"channel": campaign.channel.type, "source": source},
                )


async def follow_new_addresses(ctx: Context, updated: Sequence[Decision], *, actor: str) -> None:
    """Write to a new address from now on. Raises RowRefusedError when a conversation would lose its own."""
    moved = {decision.patient["_id"]: decision for decision in updated if set(ADDRESSES) & decision.changes.keys()}
    for patient_id in await _busy(list(moved)) if moved else ():
        before = Patient.from_raw(moved[patient_id].patient | {"updated_at": ctx.now()})
        try:
            await patient_reach.follow_addresses(ctx, before, await patients.get(patient_id), actor=actor)
        except ConflictError as error:
            raise RowRefusedError(moved[patient_id].line, "email", error.detail) from error


async def _busy(ids: list[PydanticObjectId]) -> list[PydanticObjectId]:
    """Those of them for whom an address matters now: a campaign runs, a message waits, somebody depends on them."""
    found = {patient["_id"] async for patient in Patient.collection().find(_bounced(ids), {"_id": 1})}
    for collection, query, field in (
        (Campaign.collection(), {"patient_id": {"$in": ids}, "status": {"$in": ACTIVE_STATUSES}}, "patient_id"),
        (
            OutboundMessage.collection(),
            {"patient_id": {"$in": ids}, "state": {"$in": list(CANCELLABLE_STATES)}},
            "patient_id",
        ),
        (Patient.collection(), {"guardian_id": {"$in": ids}}, "guardian_id"),
    ):
        found |= {row[field] async for row in collection.find(query, {field: 1})}
    return [patient_id for patient_id in ids if patient_id in found]


def _bounced(ids: list[PydanticObjectId]) -> dict[str, object]:
    return {"_id": {"$in": ids}, "unusable_addresses.0": {"$exists": True}}
