"""JSON of merging, exporting and erasing patients (api.md section 4)."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import Answer, Body, Flag, IdText, Line, RecordIdText, ShortText, Zulu

PATIENT, OTHER, MERGE = "65f1c0a2b3d4e5f607182930", "65f1c0a2b3d4e5f607182931", "65f1c0a2b3d4e5f607182932"
MOVED: dict[str, JsonValue] = {
    "campaigns": 2,
    "interactions": 9,
    "appointments": 1,
    "outbound_messages": 5,
    "decisions": 4,
    "patient_links": 3,
    "dependants": 0,
}


class MergeBody(Body):
    """`merge_patient_id` becomes part of the record in the path."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"merge_patient_id": OTHER, "reason": "Entered twice at the front desk."}}
    )

    merge_patient_id: RecordIdText
    reason: ShortText = ""


class MergeAnswer(Answer):
    """`moved` counts what followed to the survivor; it all goes back until `undo_until`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "merge_id": MERGE,
                "patient_id": PATIENT,
                "merged_patient_id": OTHER,
                "moved": MOVED,
                "reason": "Entered twice at the front desk.",
                "merged_at": "2026-11-23T15:00:00.000Z",
                "merged_by": "user:65f1c0a2b3d4e5f607182933",
                "undo_until": "2026-12-23T15:00:00.000Z",
                "undone_at": None,
                "undone_by": None,
            }
        }
    )

    merge_id: IdText
    patient_id: IdText
    merged_patient_id: IdText
    moved: dict[str, int]
    reason: str
    merged_at: Zulu
    merged_by: str
    undo_until: Zulu
    undone_at: Zulu | None
    undone_by: str | None


class MergeRow(MergeAnswer):
    """A merge in the list, with the names of both."""

    patient_name: str
    merged_patient_name: str
    can_be_undone: bool


class MergeList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "merges": [
                    {
                        "merge_id": MERGE,
                        "patient_id": PATIENT,
                        "merged_patient_id": OTHER,
                        "moved": MOVED,
                        "reason": "",
                        "merged_at": "2026-11-23T15:00:00.000Z",
                        "merged_by": "user:65f1c0a2b3d4e5f607182933",
                        "undo_until": "2026-12-23T15:00:00.000Z",
                        "undone_at": None,
                        "undone_by": None,
                        "patient_name": "Anna Ames",
                        "merged_patient_name": "Ana Ames",
                        "can_be_undone": True,
                    }
                ],
            }
        }
    )

    pagination: Pagination
    merges: list[MergeRow]


class EraseBody(Body):
    """`confirm_name` is the patient's full name, typed out; `close_open` cancels visits and closes the campaign."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"confirm_name": "Anna Ames", "reason": "Asked for it in writing.", "close_open": False}
        }
    )

    confirm_name: Line
    reason: Annotated[ShortText, Field(min_length=1)]
    close_open: Flag = False


class EraseAnswer(Answer):
    """`blanked` counts documents by collection; it is empty when the patient had been erased before."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "patient_id": PATIENT,
                "erased_at": "2026-11-23T15:00:00.000Z",
                "blanked": {
                    "campaigns": 2,
                    "interactions": 9,
                    "appointments": 1,
                    "outbound_messages": 5,
                    "inbound_events": 4,
                },
            }
        }
    )

    patient_id: IdText
    erased_at: Zulu
    blanked: dict[str, int]


Rows = list[dict[str, Any]]


class ExportAnswer(Answer):
    """Everything held on one person. Each row carries the fields of its document, without those of the machinery."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "exported_at": "2026-11-23T15:00:00.000Z",
                "patient_id": PATIENT,
                "patient": {"id": PATIENT, "name": "Anna Ames", "email": "anna@example.com", "opt_outs": []},
                "merged_records": [],
                "merges": [],
                "campaigns": [],
                "interactions": [
                    {"direction": "incoming", "content": "Is Tuesday free?", "timestamp": "2026-11-20T09:12:00.000Z"}
                ],
                "appointments": [],
                "decisions": [],
                "outbound_messages": [],
                "links": [],
                "inbound_events": [],
                "audit": [{"actor": "system", "action": "patient.created", "at": "2026-11-02T08:00:00.000Z"}],
            }
        }
    )

    exported_at: Zulu
    patient_id: IdText
    patient: dict[str, Any]
    merged_records: Rows
    merges: Rows
    campaigns: Rows
    interactions: Rows
    appointments: Rows
    decisions: Rows
    outbound_messages: Rows
    links: Rows
    inbound_events: Rows
    audit: Rows
