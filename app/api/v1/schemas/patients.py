"""JSON of patients (api.md section 4)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.patient_history import TIMELINE_ROW, TimelineRow
from app.api.v1.schemas.types import Answer, Body, Day, Email, IdText, Line, Phone, RecordIdText, ShortText, Zulu
from app.models.enums import ChannelType, PatientType


def _without_repeats(channels: list[Any]) -> list[Any]:
    return list(dict.fromkeys(channels))


Channels = Annotated[list[ChannelType], Field(min_length=1, max_length=10), AfterValidator(_without_repeats)]
PreferredChannel = ChannelType | Channels
"""A word or a list, the most liked first."""
Stop = ChannelType | Literal["all"]
Stops = Annotated[list[Stop], Field(max_length=10), AfterValidator(_without_repeats)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class TreatmentBody(Body):
    procedure_name: Line
    procedure_date: Day
    next_recommended_follow_up: Line | None = None
    next_follow_up_date: Day | None = None


Treatments = Annotated[list[TreatmentBody], Field(max_length=500)]


class PatientBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Ann Ames",
                "email": "ann.ames@example.com",
                "phone": "(202) 555-0177",
                "patient_type": "EXISTING",
                "preferred_channel": ["sms", "email"],
                "next_follow_up_date": "2026-11-04",
                "date_of_birth": "1980-02-29",
            }
        }
    )

    name: Line
    email: Email | None = None
    phone: Phone | None = None
    patient_type: PatientType
    preferred_channel: PreferredChannel = Field(default_factory=lambda: [ChannelType.EMAIL])
    next_follow_up_date: Day | None = None
    treatment_history: Treatments = Field(default_factory=list)
    date_of_birth: Day | None = None
    language: Language = "en"
    guardian_id: RecordIdText | None = None
    notes: ShortText = ""


class LiftedStops(Body):
    """Which stops the patient took back, and how staff know."""

    channels: Annotated[Stops, Field(min_length=1)]
    reason: Annotated[ShortText, Field(min_length=3)]


class PatientPatch(Body):
    """Only what is given changes. Null empties a field that may be empty; the others refuse it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "phone": "(202) 555-0178",
                "next_follow_up_date": None,
                "remove_opt_outs": {"channels": ["sms"], "reason": "Asked for text messages again at the desk."},
            }
        }
    )

    name: Line = Field(default_factory=str)
    email: Email | None = None
    phone: Phone | None = None
    patient_type: PatientType = Field(default_factory=lambda: PatientType.EXISTING)
    preferred_channel: PreferredChannel = Field(default_factory=lambda: [ChannelType.EMAIL])
    next_follow_up_date: Day | None = None
    treatment_history: Treatments = Field(default_factory=list)
    date_of_birth: Day | None = None
    language: Language = Field(default_factory=str)
    guardian_id: RecordIdText | None = None
    notes: ShortText = Field(default_factory=str)
    add_opt_outs: Stops = Field(default_factory=list)
    remove_opt_outs: LiftedStops | None = None


class TreatmentAnswer(Answer):
    procedure_name: str
    procedure_date: Day
    next_recommended_follow_up: str | None
    next_follow_up_date: Day | None


class OptOutAnswer(Answer):
    channel: Stop
    at: Zulu
    source: str


class PatientAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "patient_id": "6565f1a2b3c4d5e6f7a8b9c1",
                "name": "Ann Ames",
                "email": "ann.ames@example.com",
                "phone": "+12025550177",
                "patient_type": "EXISTING",
                "preferred_channel": ["sms", "email"],
                "next_follow_up_date": "2026-11-04",
                "treatment_history": [],
                "date_of_birth": "1980-02-29",
                "language": "en",
                "guardian_id": None,
                "notes": "",
                "opt_outs": [{"channel": "sms", "at": "2026-06-01T09:00:00.000Z", "source": "staff"}],
                "unusable_addresses": [],
                "merged_into": None,
                "erased_at": None,
                "created_at": "2026-01-05T10:00:00.000Z",
                "updated_at": "2026-06-01T09:00:00.000Z",
                "timeline": [TIMELINE_ROW],
            }
        }
    )

    patient_id: IdText
    name: str
    email: str | None
    phone: str | None
    patient_type: PatientType
    preferred_channel: list[ChannelType]
    next_follow_up_date: Day | None
    treatment_history: list[TreatmentAnswer]
    date_of_birth: Day | None
    language: str
    guardian_id: IdText | None
    notes: str
    opt_outs: list[OptOutAnswer]
    unusable_addresses: list[str]
    merged_into: IdText | None
    erased_at: Zulu | None
    created_at: Zulu
    updated_at: Zulu
    timeline: list[TimelineRow]


class PatientRow(Answer):
    patient_id: IdText
    name: str
    email: str | None
    phone: str | None
    patient_type: PatientType
    preferred_channel: list[ChannelType]
    date_of_birth: Day | None
    next_follow_up_date: Day | None
    guardian_id: IdText | None
    opted_out_of: list[Stop]
    is_opted_out: bool
    has_active_campaign: bool


class PatientList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "patients": [
                    {
                        "patient_id": "6565f1a2b3c4d5e6f7a8b9c1",
                        "name": "Ann Ames",
                        "email": "ann.ames@example.com",
                        "phone": "+12025550177",
                        "patient_type": "EXISTING",
                        "preferred_channel": ["sms", "email"],
                        "date_of_birth": "1980-02-29",
                        "next_follow_up_date": "2026-11-04",
                        "guardian_id": None,
                        "opted_out_of": ["sms"],
                        "is_opted_out": False,
                        "has_active_campaign": True,
                    }
                ],
            }
        }
    )

    pagination: Pagination
    patients: list[PatientRow]
