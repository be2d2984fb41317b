"""Taking a stop back: by the word START, or by the patient's own unsubscribe link (domain.md section 2).

Only the patient's own wish does this; staff who were told so by phone change the record and give the reason.
"""

from beanie import PydanticObjectId

from app.context import Context
from app.domain.stop_words import takes_stop_back
from app.models.enums import Author, ChannelType, MessageKind
from app.models.patients import EVERY_CHANNEL, OptOut, Patient
from app.services import audit, conversations, opt_outs, outbox, patients
from app.services.inbound import InboundMessage
from app.services.outbox import NewMessage

CONFIRMATION = "Thank you. You will hear from us here again. Answer STOP at any time to end it."


async def heed(
    ctx: Context, message: InboundMessage, *, source: str, said_in: tuple[PydanticObjectId, ...] = ()
) -> bool:
    """Take back the stops of whoever holds the sender's address, when the message is nothing but START.

    False when it is something else, or when there is no stop to take back: then it is a message like any other.
    """
    if not (message.sender and takes_stop_back(message.text)):
        return False
    address, channel = message.sender, message.channel

    async def write() -> bool:
        lifted = await take_back_address(ctx, channel=channel, address=address, source=source)
        if lifted:
            await conversations.mark_read(ctx, said_in, analysis=None, handled=True)
            await _confirm(ctx, lifted[0], channel, address, source=source)
        return bool(lifted)

    return await ctx.database.transaction(write)


async def take_back_address(ctx: Context, *, channel: ChannelType, address: str, source: str) -> list[PydanticObjectId]:
    """Inside a transaction: take this channel's stop back for everybody whom the address reaches.

    Answers whose stop that was; confirms nothing.
    """
    people = await opt_outs.reached_by(channel, address)
    return [each for each in people if await _lift(ctx, each, channel, source=source)]


async def take_back(ctx: Context, patient_id: PydanticObjectId, *, channel: ChannelType, source: str) -> None:
    """The patient's own link says that they want this channel again, for everybody whom its address reaches."""

    async def write() -> None:
        patient = await patients.get(patient_id)
        address = (await patients.guardian_of(patient) or patient).address_on(channel)
        people = await opt_outs.reached_by(channel, address) if address else []
        for each in dict.fromkeys([*people, patient_id]):
            await _lift(ctx, each, channel, source=source)

    await ctx.database.transaction(write)


async def _lift(ctx: Context, patient_id: PydanticObjectId, channel: ChannelType, *, source: str) -> bool:
    """True when this patient had stopped the channel; a stop of everything goes on for the other channels."""
    patient = await patients.get(patient_id)
    kept = _without(patient, channel)
    if kept == patient.opt_outs:
        return False
    stops = [stop.model_dump() for stop in kept]
    await Patient.collection().update_one({"_id": patient_id}, {"$set": {"opt_outs": stops, "updated_at": ctx.now()}})
    await audit.record(
        ctx,
        actor=f"patient:{patient_id}",
        action="patient.opt_out_taken_back",
        document=("patient", patient_id),
        details={"channel": channel, "source": source},
    )
    await patients.refresh_due(ctx, patient_id)
    return True


def _without(patient: Patient, channel: ChannelType) -> list[OptOut]:
    kept = []
    for stop in patient.opt_outs:
        if stop.channel == EVERY_CHANNEL:
            kept += [stop.model_copy(update={"channel": other}) for other in ChannelType if other is not channel]
        elif stop.channel != channel:
            kept.append(stop)
    return list({stop.channel: stop for stop in kept}.values())


async def _confirm(
    ctx: Context, patient_id: PydanticObjectId, channel: ChannelType, address: str, *, source: str
) -> None:
    message = NewMessage(
        key=f"opt-in:{source}",
        kind=MessageKind.CONFIRMATION,
        author=Author.SYSTEM,
        channel=channel,
        to=address,
        subject="You will hear from us again" if channel is ChannelType.EMAIL else "",
        body=CONFIRMATION,
    )
    await outbox.freeze(ctx, patient_id=patient_id, campaign=None, message=message)
