"""Patients: creating one and reading one with everything that happened (api.md section 4)."""

from fastapi import APIRouter

from app.api.deps import ContextDep, FrontDesk, Reader, RecordId, actor_of
from app.api.v1.schemas.clinic import PatientAnswer, PatientBody
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.services import addresses, patients, timelines

router = APIRouter(prefix="/admin/patients", tags=["patients"])


@router.post("", status_code=201, summary="Add a patient")
async def create_patient(body: PatientBody, user: FrontDesk, ctx: ContextDep) -> PatientAnswer:
    """Admin, manager, front desk. 409 when the e-mail or phone belongs to somebody without the same guardian."""
    fields = body.model_dump()
    fields["phone"] = addresses.phone_in_e164(body.phone, await Clinic.load())
    if not isinstance(body.preferred_channel, list):
        fields["preferred_channel"] = [body.preferred_channel]
    return _answer(await patients.create(ctx, actor=actor_of(user), fields=fields), [])


@router.get("/{patient_id}", summary="One patient with the timeline")
async def get_patient(patient_id: RecordId, user: Reader, ctx: ContextDep) -> PatientAnswer:
    """Every role; the read is written into the audit log."""
    patient = await patients.read(ctx, patient_id, actor=actor_of(user))
    return _answer(patient, await timelines.of_patient(patient_id))


def _answer(patient: Patient, timeline: list[dict[str, object]]) -> PatientAnswer:
    fields = patient.model_dump(mode="json", exclude={"guardian_id"})
    guardian = str(patient.guardian_id) if patient.guardian_id else None
    return PatientAnswer.model_validate(
        fields | {"patient_id": str(patient.id), "guardian_id": guardian, "timeline": timeline}
    )
