"""The voice that a provider is given: facts of the clinic, and the language of whoever it speaks to."""

from datetime import datetime

from app.llm.base import Voice
from app.models.clinic import Clinic
from app.models.patients import Patient


def voice_of(clinic: Clinic, patient: Patient | None, now: datetime) -> Voice:
    """Who speaks, when and how; `now` is an aware instant, and today is the clinic's own day."""
    return Voice(
        clinic_name=clinic.name,
        tone=clinic.tone,
        today=now.astimezone(clinic.zone).date(),
        time_zone=clinic.time_zone,
        language=patient.language if patient else clinic.languages[0],
        patient_name=patient.name if patient else "",
    )
