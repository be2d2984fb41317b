"""Scenes of the waiting list: people with later visits who want an earlier one, and the links in their messages."""

import re
from typing import Any

from app.context import Context
from app.jobs import outbox, waitlist
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import MessageKind, OfferState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.sandbox import SandboxMessage
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services import visits, waitlist_wishes
from app.services.waitlist_wishes import WishRequest
from tests.factories import make_patient
from tests.services.visit_links import book_visit

TUESDAY_TEN = "2026-11-24 10:00"


async def wish_of(ctx: Context, patient: Patient, *, service: str = "checkup", **fields: Any) -> WaitlistWish:
    """A wish that waits."""
    values: dict[str, Any] = {"patient_id": patient.id, "service_id": service}
    request = WishRequest(**(values | fields))
    return await waitlist_wishes.ask(ctx, request, actor=f"patient:{patient.id}")


async def waiting_patients(ctx: Context, clinic: Clinic, count: int, *, day: int = 7, **fields: Any) -> list[Patient]:
    """`count` patients with a visit each from Monday 7 December on, half an hour apart, who all want an earlier one."""
    found = []
    for number in range(count):
        patient = await make_patient(ctx, name=f"Wanda{number} Waits")
        half_hours = number % 6
        at = f"2026-12-{day + number // 6:02d} {9 + half_hours // 2:02d}:{30 * (half_hours % 2):02d}"
        visit = await book_visit(ctx, clinic, patient, at)
        await wish_of(ctx, patient, appointment_id=visit.id, **fields)
        found.append(patient)
    return found


async def freed_visit(ctx: Context, clinic: Clinic, at: str = TUESDAY_TEN) -> Appointment:
    """Somebody's visit, cancelled."""
    visit = await book_visit(ctx, clinic, await make_patient(ctx, name="Carl Cancels"), at)
    return await visits.cancel(ctx, visit.id, actor="system")


async def run(ctx: Context) -> dict[str, int]:
    """The job's turn, and everything that it queued sent."""
    counts = await waitlist.offer_freed_slots(ctx)
    await outbox.drain(ctx)
    return {name: count for name, count in counts.items() if count}


async def offers(**query: Any) -> list[WaitlistOffer]:
    return await WaitlistOffer.find(query).sort("created_at", "_id").to_list()


async def states() -> dict[OfferState, int]:
    """How many offers are in each state."""
    found: dict[OfferState, int] = {}
    for offer in await offers():
        found[offer.state] = found.get(offer.state, 0) + 1
    return found


async def token_of(offer: WaitlistOffer) -> str:
    """The token in the message that carried the offer."""
    row = await OutboundMessage.get(offer.message_id)
    assert row is not None
    found = re.search(r"/offer/([A-Za-z0-9_-]+)", row.body)
    assert found, row.body
    return found[1]


async def list_token(patient: Patient) -> str:
    """The token of the link to the patient's wish."""
    rows = await OutboundMessage.find({"patient_id": patient.id, "kind": MessageKind.WAITLIST_NOTICE}).to_list()
    [token] = [found[1] for row in rows if (found := re.search(r"/waitlist/([A-Za-z0-9_-]+)", row.body))]
    return token


async def delivered(patient: Patient, fragment: str) -> int:
    """How many messages with these words really reached the patient."""
    found = await SandboxMessage.find({"to": patient.email, "is_sent": True}).to_list()
    return sum(fragment in message.body for message in found)
