"""What people on the waiting list are told: frozen in the outbox in the transaction that causes it, under its own key.

Short (one SMS where it can be), the clinic named, no procedure named (trust.md 2.7, 4.5), in the patient's language.
"""

from dataclasses import dataclass
from datetime import datetime

from babel import Locale, dates
from beanie import PydanticObjectId

from app.context import Context
from app.models.base import derived_id
from app.models.clinic import Clinic
from app.models.enums import Author, ChannelType, MessageKind
from app.models.patients import Patient
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services import outbox, patients, waitlist_links
from app.services.outbox import NewMessage
from app.services.patients import Route

ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The sentences of one language."""

    offer: str
    lost: str
    listed: str
    offer_subject: str
    lost_subject: str
    listed_subject: str


WORDINGS = {
    ENGLISH: Wording(
        offer="{clinic}: an earlier time is free, {when}. First to answer gets it; please answer by {until}: {link}",
        lost="{clinic}: the earlier time on {when} has been taken. You stay on our list and we will write again.",
        listed="{clinic}: you are on our list for an earlier visit. To change it or leave the list: {link}",
        offer_subject="An earlier time at {clinic}",
        lost_subject="The earlier time at {clinic} is taken",
        listed_subject="You are on the list at {clinic}",
    ),
    "es": Wording(
        offer="{clinic}: hay una hora antes, {when}. Es para quien responda primero, hasta las {until}: {link}",
        lost="{clinic}: la hora del {when} ya está ocupada. Sigue en nuestra lista y le volveremos a escribir.",
        listed="{clinic}: está en nuestra lista para una cita antes. Para cambiarlo o salir de la lista: {link}",
        offer_subject="Una hora antes en {clinic}",
        lost_subject="La hora en {clinic} ya está ocupada",
        listed_subject="Está en la lista de {clinic}",
    ),
    "fr": Wording(
        offer="{clinic} : une place plus tôt s'est libérée, {when}. Au premier qui répond, avant {until} : {link}",
        lost="{clinic} : la place du {when} est prise. Vous restez sur notre liste et nous vous récrirons.",
        listed="{clinic} : vous êtes sur notre liste pour un rendez-vous plus tôt. Pour changer ou la quitter : {link}",
        offer_subject="Une place plus tôt chez {clinic}",
        lost_subject="La place chez {clinic} est prise",
        listed_subject="Vous êtes sur la liste de {clinic}",
    ),
}


def offer_message_id(offer_id: PydanticObjectId) -> PydanticObjectId:
    """The outbox row that carries an offer."""
    return derived_id("outbox", _offer_key(offer_id))


def _offer_key(offer_id: PydanticObjectId) -> str:
    return f"waitlist:offer:{offer_id}"


async def send_offer(ctx: Context, offer: WaitlistOffer, patient: Patient, route: Route) -> None:
    """Freeze the offer's message and its link."""
    clinic, wording = await Clinic.load(), _wording(patient)
    link, address = waitlist_links.new_offer_link(ctx, offer)
    await link.insert()
    body = wording.offer.format(
        clinic=clinic.name,
        when=_moment(offer.start, clinic, patient),
        until=_clock(offer.expires_at, clinic, patient),
        link=address,
    )
    await _freeze(
        ctx,
        patient,
        route,
        key=_offer_key(offer.id),
        kind=MessageKind.WAITLIST_OFFER,
        subject=wording.offer_subject.format(clinic=clinic.name),
        body=body,
    )


async def tell_lost(ctx: Context, offer: WaitlistOffer) -> None:
    """One short message to somebody who was not the first; nobody reachable means nobody is written to."""
    patient = await patients.get(offer.patient_id)
    route = await route_to(patient)
    if route is None:
        return
    clinic, wording = await Clinic.load(), _wording(patient)
    await _freeze(
        ctx,
        patient,
        route,
        key=f"waitlist:lost:{offer.id}",
        kind=MessageKind.WAITLIST_NOTICE,
        subject=wording.lost_subject.format(clinic=clinic.name),
        body=wording.lost.format(clinic=clinic.name, when=_moment(offer.start, clinic, patient)),
    )


async def tell_listed(ctx: Context, wish: WaitlistWish) -> None:
    """Confirm a new wish at the address on record, with the link to change or withdraw it."""
    patient = await patients.get(wish.patient_id)
    route = await route_to(patient)
    if route is None:
        return
    clinic, wording = await Clinic.load(), _wording(patient)
    link, address = waitlist_links.new_wish_link(ctx, wish)
    await link.insert()
    await _freeze(
        ctx,
        patient,
        route,
        key=f"waitlist:listed:{wish.id}",
        kind=MessageKind.WAITLIST_NOTICE,
        subject=wording.listed_subject.format(clinic=clinic.name),
        body=wording.listed.format(clinic=clinic.name, link=address),
    )


async def route_to(patient: Patient) -> Route | None:
    """Where the patient, or the guardian who reads for them, is written to; None after a stop (domain.md section 5)."""
    return patients.route_of(patient, await patients.guardian_of(patient))


async def _freeze(
    ctx: Context, patient: Patient, route: Route, *, key: str, kind: MessageKind, subject: str, body: str
) -> None:
    message = NewMessage(
        key=key,
        kind=kind,
        author=Author.SYSTEM,
        channel=route.channel,
        to=route.address,
        subject=subject if route.channel is ChannelType.EMAIL else "",
        body=body,
    )
    await outbox.freeze(ctx, patient_id=patient.id, campaign=None, message=message)


def _wording(patient: Patient) -> Wording:
    return WORDINGS.get(patient.language, WORDINGS[ENGLISH])


def _locale(patient: Patient, clinic: Clinic) -> Locale:
    """The patient's language as it is written where the clinic is, when it is one of those that we write."""
    language = patient.language if patient.language in WORDINGS else ENGLISH
    try:
        return Locale.parse(f"{language}_{clinic.region}")
    except ValueError:  # no such place, or the language is not known there
        return Locale.parse(language)


def _moment(moment: datetime, clinic: Clinic, patient: Patient) -> str:
    """`Tuesday, November 24, 10:00 AM`, on the clinic's wall clock."""
    local, locale = moment.astimezone(clinic.zone), _locale(patient, clinic)
    day = dates.format_skeleton("MMMMEEEEd", local, locale=locale)
    return f"{day}, {_clock(moment, clinic, patient)}"


def _clock(moment: datetime, clinic: Clinic, patient: Patient) -> str:
    """`10:30 AM` or `10:30`; the ordinary space, so that an SMS stays in its cheap alphabet."""
    locale = _locale(patient, clinic)
    return dates.format_time(moment.astimezone(clinic.zone), "short", tzinfo=clinic.zone, locale=locale).replace(
        "\u202f", " "
    )
