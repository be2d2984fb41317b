"""Patients: list and search, add, read, change, the timeline, and why they were or were not written to (api.md 4)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.api.deps import ContextDep, FrontDesk, Page, Reader, RecordId, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.patient_history import DecisionRow, NowAnswer, TimelineAnswer, TimelineRow, WhyAnswer
from app.api.v1.schemas.patients import PatientAnswer, PatientBody, PatientList, PatientPatch, PatientRow
from app.api.v1.schemas.types import SearchWord
from app.models.clinic import Clinic
from app.models.enums import PatientType
from app.models.patients import Patient, Treatment
from app.services import (
    addresses,
    decisions,
    decisions_now,
    patient_changes,
    patient_lists,
    patients,
    timelines,
)
from app.services.patient_changes import PatientChanges
from app.services.patient_lists import PatientFilter
from app.services.timelines import TimelinePage

router = APIRouter(prefix="/admin/patients", tags=["patients"], route_class=IdempotentRoute)

NEWEST = 50
"""How many rows of the timeline come with the patient."""
NOTHING_DECIDED = "Nothing was decided yet: nobody has tried to write to this patient first."

NameCursor = Annotated[str | None, Query(max_length=2_048, description="`next_cursor` of the page before")]
TimeCursor = Annotated[str | None, Query(max_length=128, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("", summary="List and search patients")
async def list_patients(
    user: Reader,
    ctx: ContextDep,
    page: Page,
    q: Annotated[SearchWord | None, Query(description="Part of a name, e-mail or phone, taken literally")] = None,
    patient_type: PatientType | None = None,
    cursor: NameCursor = None,
) -> PatientList:
    """Every role. By name; a phone may be typed as people write it. Who was shown is written into the audit log."""
    wanted = PatientFilter(text=q, patient_type=patient_type, region=(await Clinic.load()).region)
    found = await patient_lists.find(wanted, skip=page.skip, limit=page.limit, cursor=cursor)
    await patients.note_listed(ctx, [row["patient_id"] for row in found.rows], actor=actor_of(user))
    return PatientList(
        pagination=pagination(page, found.total, next_cursor=found.next_cursor),
        patients=[PatientRow.model_validate(row) for row in found.rows],
    )


@router.post("", status_code=201, summary="Add a patient", responses=refusals(409))
async def create_patient(body: PatientBody, user: FrontDesk, ctx: ContextDep) -> PatientAnswer:
    """Admin, manager, front desk. 409 when the e-mail or phone belongs to somebody of another family."""
    fields = await _stored(body.model_dump())
    patient = await patients.create(ctx, actor=actor_of(user), fields=fields)
    return await _answer(patient)


@router.get("/{patient_id}", summary="One patient with the newest of the timeline", responses=refusals(404))
async def get_patient(patient_id: RecordId, user: Reader, ctx: ContextDep) -> PatientAnswer:
    """Every role. The read is written into the audit log."""
    return await _answer(await patients.read(ctx, patient_id, actor=actor_of(user)))


@router.patch("/{patient_id}", summary="Change a patient", responses=refusals(404, 409))
async def change_patient(patient_id: RecordId, body: PatientPatch, user: FrontDesk, ctx: ContextDep) -> PatientAnswer:
    """Admin, manager, front desk. Only what is given changes; a stop is lifted only with the reason for it.

    The running campaign, what waits to leave and the visits to come follow a new name or address. 409 when the e-mail
    or phone belongs to another family, or when a conversation would lose its only address.
    """
    given = body.model_dump(exclude_unset=True, exclude={"add_opt_outs", "remove_opt_outs"})
    lifted = body.remove_opt_outs
    changes = PatientChanges(
        fields=await _stored(given),
        add_opt_outs=[str(stop) for stop in body.add_opt_outs],
        remove_opt_outs=[str(stop) for stop in lifted.channels] if lifted else [],
        reason=lifted.reason if lifted else None,
    )
    return await _answer(await patient_changes.update(ctx, patient_id, changes, actor=actor_of(user)))


@router.get("/{patient_id}/timeline", summary="Everything that happened to one patient", responses=refusals(404))
async def get_timeline(
    patient_id: RecordId, user: Reader, ctx: ContextDep, limit: Limit = NEWEST, cursor: TimeCursor = None
) -> TimelineAnswer:
    """Every role. Campaigns, messages, visits, changes and decisions in one list, newest first; the read is audited."""
    await patients.read(ctx, patient_id, actor=actor_of(user), part="timeline")
    page = await timelines.of_patient(patient_id, limit=limit, cursor=cursor)
    return TimelineAnswer(patient_id=str(patient_id), timeline=_rows(page), next_cursor=page.next_cursor)


@router.get("/{patient_id}/why", summary="Why a patient was, or was not, written to", responses=refusals(404))
async def get_why(
    patient_id: RecordId, user: Reader, ctx: ContextDep, limit: Limit = NEWEST, cursor: TimeCursor = None
) -> WhyAnswer:
    """Every role. Each decision with its rule, inputs and time, newest first, and what would be decided now."""
    patient = await patients.read(ctx, patient_id, actor=actor_of(user), part="why")
    page = await decisions.of_patient(patient_id, limit=limit, cursor=cursor)
    return WhyAnswer(
        patient_id=str(patient_id),
        now=NowAnswer.model_validate(await decisions_now.about(ctx, patient)),
        decisions=[DecisionRow.model_validate(row) for row in page.rows],
        next_cursor=page.next_cursor,
        message=None if page.rows or cursor else NOTHING_DECIDED,
    )


async def _stored(given: dict[str, Any]) -> dict[str, Any]:
    """The given fields as a patient holds them: phones in E.164, channels as a list, treatments as documents."""
    fields = dict(given)
    if "phone" in given:
        fields["phone"] = addresses.phone_in_e164(given["phone"], await Clinic.load())
    if "preferred_channel" in given and not isinstance(given["preferred_channel"], list):
        fields["preferred_channel"] = [given["preferred_channel"]]
    if "treatment_history" in given:
        fields["treatment_history"] = [Treatment(**treatment) for treatment in given["treatment_history"]]
    return fields


async def _answer(patient: Patient) -> PatientAnswer:
    page = await timelines.of_patient(patient.id, limit=NEWEST)
    return PatientAnswer.model_validate(patient.model_dump() | {"patient_id": patient.id, "timeline": _rows(page)})


def _rows(page: TimelinePage) -> list[TimelineRow]:
    return [TimelineRow.model_validate(row) for row in page.rows]
