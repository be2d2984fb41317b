"""Every admin route with a real record behind it: what is sent, and whose record the audit row must name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId

from app.jobs import waitlist
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, InboundSource, InboxState, Role
from app.models.inbox import InboundEvent
from app.models.patients import Patient
from app.services import articles, audit, handoffs, inbound, merges, visits, waitlist_wishes
from app.services.waitlist_wishes import WishRequest
from tests.api.conftest import House
from tests.api.passwords import CHEAP_HASH, PASSWORD
from tests.factories import force_status, make_patient, make_recovery, make_service, make_user
from tests.services.patient_files import check, text_of

NEW_PASSWORD = "a-lamp-under-the-old-bridge"
SERVICE = {"name": "Whitening", "duration_minutes": 60, "price": 400.0}
ARTICLE = {"title": "Whitening", "body": "Whitening costs 400 dollars.", "tags": [], "is_published": True}
FILE = text_of(["Fay File,fay@example.com,,2026-05-04"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One request; `names` are the patients whom its audit rows must name."""

    path: str
    body: Any = None
    names: tuple[PydanticObjectId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A patient without anything, a lead in a campaign, and somebody with a booked visit."""

    house: House
    patient: Patient
    campaign: Campaign
    visit: Appointment

    @property
    def ids(self) -> dict[str, PydanticObjectId]:
        """What `{name}` stands for in the tables below."""
        return {
            "patient": self.patient.id,
            "campaign": self.campaign.id,
            "lead": self.campaign.patient_id,
            "visit": self.visit.id,
            "visitor": self.visit.patient_id,
            "provider": self.house.provider.id,
        }


async def set_the_scene(house: House) -> Scene:
    campaign = await make_recovery(house.ctx)
    booked = await house.desk()
    assert booked.status_code == 201, booked.text
    visit = await Appointment.get(booked.json()["appointment_id"])
    assert visit is not None
    patient = await make_patient(house.ctx, name="Ann Ames")
    return Scene(house=house, patient=patient, campaign=campaign, visit=visit)


Prepare = Callable[[Scene], Awaitable[Act]]


Make = Callable[[Scene], Awaitable[PydanticObjectId]]


async def _staff(scene: Scene) -> PydanticObjectId:
    return (await make_user(scene.house.ctx, Role.FRONT_DESK)).id


async def _handed_over(scene: Scene) -> PydanticObjectId:
    return (await force_status(scene.campaign, CampaignStatus.HANDOFF_REQUIRED)).id


async def _claimed(scene: Scene) -> PydanticObjectId:
    colleague = await make_user(scene.house.ctx, Role.FRONT_DESK)
    return (await handoffs.claim(scene.house.ctx, await _handed_over(scene), by=colleague.id)).id


async def _article(scene: Scene) -> PydanticObjectId:
    return (await articles.create(scene.house.ctx, actor=audit.SYSTEM, fields=dict(ARTICLE))).id


async def _changed_article(scene: Scene) -> PydanticObjectId:
    """One that has a former text."""
    article_id = await _article(scene)
    await articles.change(
        scene.house.ctx, article_id, fields={"title": "Bleaching"}, seen_version=None, actor=audit.SYSTEM
    )
    return article_id


async def _merge(scene: Scene) -> tuple[PydanticObjectId, PydanticObjectId]:
    other = await make_patient(scene.house.ctx, name="Ann Ames")
    done = await merges.merge(
        scene.house.ctx, patient_id=scene.patient.id, merge_patient_id=other.id, reason="", actor=audit.SYSTEM
    )
    return done.id, other.id


async def _event(scene: Scene) -> PydanticObjectId:
    """A message of nobody's, which waits for a person; it suggests the patient who has the address."""
    event_id = await inbound.store_event(
        scene.house.ctx,
        source=InboundSource.GENERIC,
        event_id="event-1",
        payload={
            "source": "generic",
            "external_id": "event-1",
            "channel": "email",
            "sender": scene.patient.email,
            "text": "May I come on Friday?",
            "subject": "",
            "thread_id": None,
            "in_reply_to": None,
            "headers": {},
        },
        conversation="conversation-1",
        parked_because="failed",
    )
    await InboundEvent.collection().update_one({"_id": event_id}, {"$set": {"state": InboxState.UNMATCHED}})
    return event_id


async def _import(scene: Scene) -> PydanticObjectId:
    return (await check(scene.house.ctx, FILE)).id


async def _service(scene: Scene) -> PydanticObjectId:
    await make_service("whitening")
    return scene.patient.id


def act(path: str, body: Any = None, *, names: str = "", make: Make | None = None) -> Prepare:
    """A request about the scene, or about a thing that `make` makes first and whose id is `{it}`."""

    async def prepare(scene: Scene) -> Act:
        ids = scene.ids | ({"it": await make(scene)} if make else {})
        filled = {
            name: value.format(**ids) if isinstance(value, str) else value for name, value in (body or {}).items()
        }
        return Act(
            path=path.format(**ids),
            body=None if body is None else filled,
            names=tuple(ids[name] for name in names.split()),
        )

    return prepare


async def _merge_two(scene: Scene) -> Act:
    other = await make_patient(scene.house.ctx, name="Ann Ames")
    body = {"merge_patient_id": str(other.id)}
    return Act(path=f"patients/{scene.patient.id}/merge", body=body, names=(scene.patient.id, other.id))


async def _undo_merge(scene: Scene) -> Act:
    merge_id, other = await _merge(scene)
    return Act(path=f"merges/{merge_id}/undo", names=(scene.patient.id, other))


async def _list_merges(scene: Scene) -> Act:
    _, other = await _merge(scene)
    return Act(path="merges", names=(scene.patient.id, other))


async def _wish(scene: Scene) -> PydanticObjectId:
    """The patient waits for an earlier visit."""
    request = WishRequest(patient_id=scene.patient.id, service_id="checkup")
    return (await waitlist_wishes.ask(scene.house.ctx, request, actor=audit.SYSTEM)).id


async def _offer(scene: Scene) -> PydanticObjectId:
    """The visitor cancelled, and the patient is offered that time."""
    wish = await _wish(scene)
    await visits.cancel(scene.house.ctx, scene.visit.id, actor=audit.SYSTEM)
    await waitlist.offer_freed_slots(scene.house.ctx)
    return wish


async def _own_password(scene: Scene) -> Act:
    await scene.house.admin.set({"hashed_password": CHEAP_HASH})
    return Act(path="/auth/password", body={"current_password": PASSWORD, "new_password": NEW_PASSWORD})


async def _upload(_: Scene) -> Act:
    return Act(path="patient-imports", body=FILE)


RECOVERY = {"patient_name": "Lea Lead", "patient_email": "lea@example.com"}
DESK = {
    "name": "Ann Other",
    "email": "ann.other@example.com",
    "service_name": "checkup",
    "appointment_date": "2026-11-24T11:00",
    "duration_minutes": 30,
}
WEEK = {"weekly": {"tue": [["09:00", "17:00"]]}, "overrides": [], "time_off": [], "services": ["checkup"]}
UMA = {"name": "Uma", "email": "uma@example.com", "password": NEW_PASSWORD, "role": "front_desk"}
CALL = {"campaign_id": "{campaign}", "direction": "incoming", "content": "Called"}
ERASE = {"confirm_name": "Ann Ames", "reason": "Asked"}

WRITES: dict[str, Prepare] = {
    "POST /auth/logout": act("/auth/logout"),
    "POST /auth/password": _own_password,
    "POST /admin/campaigns/recovery": act("campaigns/recovery", RECOVERY),
    "POST /admin/campaigns/{campaign_id}/respond": act("campaigns/{campaign}/respond", {"message": "Hi"}, names="lead"),
    "PATCH /admin/campaigns/{campaign_id}/status": act(
        "campaigns/{campaign}/status", {"status": "RE_ENGAGED"}, names="lead"
    ),
    "POST /admin/campaigns/{campaign_id}/claim": act("campaigns/{campaign}/claim", names="lead", make=_handed_over),
    "DELETE /admin/campaigns/{campaign_id}/claim": act("campaigns/{campaign}/claim", names="lead", make=_claimed),
    "POST /admin/campaigns/{campaign_id}/release": act("campaigns/{campaign}/release", names="lead", make=_handed_over),
    "POST /admin/campaigns/{campaign_id}/close": act("campaigns/{campaign}/close", {}, names="lead", make=_handed_over),
    "POST /admin/appointments": act("appointments", DESK),
    "POST /admin/appointments/{appointment_id}/complete": act("appointments/{visit}/complete", names="visitor"),
    "POST /admin/appointments/{appointment_id}/cancel": act("appointments/{visit}/cancel", names="visitor"),
    "POST /admin/appointments/{appointment_id}/confirm": act(
        "appointments/{visit}/confirm", {"status": "confirmed"}, names="visitor"
    ),
    "POST /admin/appointments/{appointment_id}/no-show": act("appointments/{visit}/no-show", names="visitor"),
    "POST /admin/appointments/{appointment_id}/reschedule": act(
        "appointments/{visit}/reschedule", {"appointment_date": "2026-11-25T10:00"}, names="visitor"
    ),
    "DELETE /admin/appointments/{appointment_id}": act("appointments/{visit}", names="visitor"),
    "POST /admin/waitlist": act("waitlist", {"patient_id": "{patient}", "service_id": "checkup"}, names="patient"),
    "DELETE /admin/waitlist/{wish_id}": act("waitlist/{it}", names="patient", make=_wish),
    "POST /admin/interactions": act("interactions", CALL, names="lead"),
    "POST /admin/patients": act("patients", {"name": "Pia", "email": "pia@example.com", "patient_type": "EXISTING"}),
    "PATCH /admin/patients/{patient_id}": act("patients/{patient}", {"notes": "Likes mornings"}, names="patient"),
    "POST /admin/patients/{patient_id}/merge": _merge_two,
    "POST /admin/merges/{merge_id}/undo": _undo_merge,
    "POST /admin/patients/{patient_id}/erase": act("patients/{patient}/erase", ERASE, names="patient"),
    "POST /admin/patient-imports/{import_id}/start": act("patient-imports/{it}/start", make=_import),
    "POST /admin/patient-imports/{import_id}/cancel": act("patient-imports/{it}/cancel", make=_import),
    "PATCH /admin/clinic": act("clinic", {"phone": "+12025550143"}),
    "PUT /admin/services/{service_id}": act("services/whitening", SERVICE),
    "DELETE /admin/services/{service_id}": act("services/whitening", make=_service),
    "PUT /admin/providers/{user_id}/schedule": act("providers/{provider}/schedule", WEEK),
    "POST /admin/users": act("users", UMA),
    "PATCH /admin/users/{user_id}": act("users/{it}", {"role": "manager"}, make=_staff),
    "DELETE /admin/users/{user_id}": act("users/{it}", make=_staff),
    "POST /admin/users/{user_id}/password": act("users/{it}/password", {"new_password": NEW_PASSWORD}, make=_staff),
    "POST /admin/knowledge": act("knowledge", {"title": "Whitening", "body": "It costs 400 dollars."}),
    "PATCH /admin/knowledge/{article_id}": act("knowledge/{it}", {"is_published": False}, make=_article),
    "DELETE /admin/knowledge/{article_id}": act("knowledge/{it}", make=_article),
    "POST /admin/knowledge/{article_id}/restore": act("knowledge/{it}/restore", {"version": 1}, make=_changed_article),
    "POST /admin/inbox/{event_id}/assign": act(
        "inbox/{it}/assign", {"campaign_id": "{campaign}"}, names="lead", make=_event
    ),
    "POST /admin/inbox/{event_id}/retry": act("inbox/{it}/retry", make=_event),
    "POST /admin/inbox/{event_id}/dismiss": act("inbox/{it}/dismiss", {"reason": "Advertising"}, make=_event),
}
"""Routes that change something: the row and the change are one transaction."""

MANY_STEPS: dict[str, Prepare] = {
    "POST /admin/patient-imports": _upload,
    "POST /admin/jobs/drain": act("jobs/drain", {}),
    "POST /admin/jobs/{name}/run": act("jobs/inbox/run", {}),
}
"""Routes that do work of many transactions, each whole by itself; one row says who asked for it."""

READS: dict[str, Prepare] = {
    "GET /admin/campaigns": act("campaigns", names="lead"),
    "GET /admin/campaigns/{campaign_id}": act("campaigns/{campaign}", names="lead"),
    "GET /admin/handoffs": act("handoffs", names="lead", make=_handed_over),
    "GET /admin/appointments": act("appointments", names="visitor"),
    "GET /admin/schedule": act("schedule?days=7", names="visitor"),
    "GET /admin/waitlist": act("waitlist", names="patient", make=_wish),
    "GET /admin/waitlist/offers": act("waitlist/offers", names="patient", make=_offer),
    "GET /admin/campaigns/{campaign_id}/preview": act("campaigns/{campaign}/preview", names="lead"),
    "POST /admin/campaigns/{campaign_id}/respond/preview": act(
        "campaigns/{campaign}/respond/preview", {"message": "Hi"}, names="lead"
    ),
    "GET /admin/interactions/{campaign_id}": act("interactions/{campaign}", names="lead"),
    "GET /admin/patients": act("patients", names="patient lead visitor"),
    "GET /admin/patients/{patient_id}": act("patients/{patient}", names="patient"),
    "GET /admin/patients/{patient_id}/timeline": act("patients/{patient}/timeline", names="patient"),
    "GET /admin/patients/{patient_id}/why": act("patients/{patient}/why", names="patient"),
    "GET /admin/patients/{patient_id}/export": act("patients/{patient}/export", names="patient"),
    "GET /admin/merges": _list_merges,
    "GET /admin/inbox": act("inbox", names="patient", make=_event),
    "GET /admin/inbox/{event_id}": act("inbox/{it}", names="patient", make=_event),
    "GET /admin/audit": act("audit", names="patient lead visitor"),
}
"""Routes that show a patient's data."""

NO_RECORD_OF_ANYBODY = {
    "GET /users/me",
    "GET /admin/dashboard-stats",
    "GET /admin/patient-imports",
    "GET /admin/patient-imports/{import_id}",
    "GET /admin/patient-imports/{import_id}/rows",
    "GET /admin/clinic",
    "POST /admin/clinic/preview",
    "GET /admin/services",
    "GET /admin/services/{service_id}",
    "GET /admin/providers",
    "GET /admin/providers/{user_id}/schedule",
    "GET /admin/users",
    "GET /admin/users/{user_id}",
    "GET /admin/knowledge",
    "GET /admin/knowledge/{article_id}",
    "GET /admin/knowledge/{article_id}/versions",
    "POST /admin/knowledge/try",
    "GET /admin/channels",
    "GET /admin/jobs",
    "GET /admin/jobs/{name}/runs",
    "GET /admin/events",
}
"""Routes that show numbers, settings, staff and articles, or ids alone, and change nothing."""
