"""Every address of the dashboard that can be opened, taken from its routes: a page that is added is visited by itself.

The benchmark of the pages, the test of the query plans and the test of the weight go through the same list.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute

from app.context import Context
from app.jobs.registry import run_job
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.desk import CampaignNote
from app.models.enums import AppointmentStatus, Author, CampaignStatus, PatientType, Role
from app.models.imports import PatientImport
from app.models.interactions import Interaction
from app.models.knowledge import KnowledgeArticle
from app.models.patients import LIVING, Patient
from app.models.services import Service
from app.models.users import User
from app.services import audit, counters
from app.services.imports import uploads
from app.web.staff.pages import ROOMS

STREAMS = frozenset({"/staff/live"})
"""Answers that do not end."""
DOWNLOADS = frozenset(
    {"/staff/imports/{import_id}/report.csv", "/staff/insight/{name}.csv", "/staff/patients/{patient_id}/export"}
)
NAMES = {"/staff/insight/{name}.csv": "replies", "/staff/badges/{name}": "handoffs"}
FURTHER: dict[str, tuple[str, ...]] = {
    "/staff/campaigns": (
        "?status=HANDOFF_REQUIRED",
        "?status=all&type=RECALL&sort=patient_name",
        "?status=all&channel=sms",
        "?status=all&search=ma",
        "?search=zo%C3%AB+nguy",
        "?due=today",
        "?held=nobody",
    ),
    "/staff/campaigns/new": ("?patient={patient_id}",),
    "/staff/campaigns/{campaign_id}/earlier": ("?before={message_id}",),
    "/staff/campaigns/{campaign_id}/thread": ("?since={message_id}",),
    "/staff/handoffs": ("?open={campaign_id}",),
    "/staff/handoffs/{campaign_id}": (),
    "/staff/imports/{import_id}": ("?outcome=created",),
    "/staff/knowledge": ("?search=insurance", "?state=published"),
    "/staff/knowledge/new": ("?question={question_id}",),
    "/staff/patients": (
        "?search=ma",
        "?search=zo%C3%AB+nguy",
        "?search=555",
        "?type=COLD_LEAD",
        "?show=stopped",
        "?due=week",
    ),
    "/staff/patients/people": ("?find=an", "?find=zo%C3%AB+nguy&field=other&but={patient_id}"),
    "/staff/patients/{patient_id}/merge": ("?other={other_id}",),
    "/staff/schedule": ("?view=week", "?on=2026-11-30&provider={user_id}"),
    "/staff/schedule/book": ("?when=2026-11-30T10:00&provider={user_id}",),
    "/staff/schedule/book/people": ("?who=zo%C3%AB", "?who=212555"),
    "/staff/settings/audit": (
        "?patient={patient_id}",
        "?actor=system",
        "?action=patient.read",
    ),
}
"""Filters and searches of a page, each of which asks the database for something else."""


@dataclass(frozen=True, slots=True)
class Address:
    """`route` is its template (`/staff/patients/{patient_id}`), `query` that of the query, `url` what is opened."""

    route: str
    query: str
    url: str

    @property
    def name(self) -> str:
        """The route with its query, without ids: the same in every clinic."""
        return self.route + self.query

    @property
    def is_shown(self) -> bool:
        return self.route not in DOWNLOADS


def _found() -> Iterator[APIRoute]:
    for room in ROOMS:
        for route in room.router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and route.path not in STREAMS:
                yield route


def routes() -> list[str]:
    """The templates of all GET routes, in the order in which they are matched."""
    return [route.path for route in _found()]


def _needs_a_query(route: APIRoute) -> bool:
    return any(field.field_info.is_required() for field in route.dependant.query_params)


def addresses(marks: dict[str, str]) -> Iterator[Address]:
    """Every page and part, then its filters. Raises KeyError for a path parameter that `landmarks` does not know."""
    for route in _found():
        known = marks | ({"name": NAMES[route.path]} if route.path in NAMES else {})
        bare = () if _needs_a_query(route) else ("",)
        for query in (*bare, *FURTHER.get(route.path, ())):
            yield Address(route.path, query, (route.path + query).format_map(known))


async def landmarks(ctx: Context, **chosen: Any) -> dict[str, str]:
    """An id for each path parameter: somebody who waits for a person, and the things of the clinic.

    `chosen` is added to the query for the campaign.
    """
    held = await _one(Campaign, {"status": CampaignStatus.HANDOFF_REQUIRED.value} | chosen)
    other = LIVING | {"_id": {"$ne": held["patient_id"]}}
    booked = {"status": AppointmentStatus.BOOKED.value, "appointment_date": {"$gt": ctx.now()}}
    found: dict[str, Any] = {
        "campaign_id": held["_id"],
        "patient_id": held["patient_id"],
        "other_id": (await _one(Patient, other))["_id"],
        "visit_id": (await _one(Appointment, booked))["_id"],
        "user_id": (await _one(User, {"role": Role.PROVIDER.value}))["_id"],
        "article_id": (await _one(KnowledgeArticle, {}))["_id"],
        "service_id": (await _one(Service, {}))["_id"],
        "import_id": (await _one(PatientImport, {}))["_id"],
        "message_id": (await _one(Interaction, {"campaign_id": held["_id"]}))["_id"],
        "question_id": (await _one(Interaction, {"is_unanswered": True}))["_id"],
    }
    return {name: str(identifier) for name, identifier in found.items()}


async def _one(document: Any, query: Raw) -> Raw:
    raw: Raw | None = await document.get_pymongo_collection().find_one(query)
    assert raw, f"the scene has no {document.__name__} like {query}"
    return raw


async def add_what_the_demo_lacks(ctx: Context) -> None:
    """A patient file that was brought in, a note between colleagues, an open question, the numbers that jobs make."""
    rows = "".join(f"Ina Import{number},ina{number}@example.org\n" for number in range(300))
    content = f"Name,Email\n{rows}No Address,not-an-address\n".encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    choices = uploads.Choices(patient_type=PatientType.EXISTING)
    await uploads.upload(ctx, pieces(), choices, actor=audit.SYSTEM)
    await run_job(ctx, "imports")
    await counters.fold(ctx)
    await run_job(ctx, "insight")
    asked = await _one(Interaction, {"author": Author.PATIENT.value})
    await Interaction.collection().update_one({"_id": asked["_id"]}, {"$set": {"is_unanswered": True}})
    campaign = await _one(Campaign, {"status": CampaignStatus.HANDOFF_REQUIRED.value})
    await CampaignNote(
        campaign_id=campaign["_id"],
        patient_id=campaign["patient_id"],
        author_id=campaign["patient_id"],
        author_name="Robin",
        text="Called back twice.",
        created_at=ctx.now(),
    ).insert()
