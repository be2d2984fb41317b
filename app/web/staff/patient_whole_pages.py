"""What is done with a whole record: handing it out as a file, and erasing it for ever."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Form, Request, Response
from fastapi.responses import StreamingResponse

from app.errors import ChairsideError, InvalidInputError
from app.services import erasure, exports, patients
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, Eraser, RecordKeeper, actor_of, staff_router

router = staff_router("/patients")

Word = Annotated[str, Form(max_length=200)]
Reason = Annotated[str, Form(max_length=1_000)]
IN_THE_WAY = {
    "merged_into": ("Open that record", "patients"),
    "dependants": ("Open that patient", "patients"),
    "campaigns": ("Open that campaign", "campaigns"),
    "imports": ("Open that import", "imports"),
}
"""What the service names when it refuses: what a link to it says, and its room."""
NOTHING_TYPED = {"confirm_name": "", "reason": "", "close_open": ""}


@router.get("/{patient_id}/export")
async def export(patient_id: PydanticObjectId, user: RecordKeeper, ctx: ContextDep) -> StreamingResponse:
    """Admin, manager. Everything held on this person as a JSON file; audited by the service."""
    document = await exports.begin(ctx, patient_id, actor=actor_of(user))
    headers = {"Content-Disposition": f'attachment; filename="patient-{patient_id}.json"'}
    return StreamingResponse(document, media_type="application/json", headers=headers)


@router.get("/{patient_id}/erase")
async def erase_page(request: Request, patient_id: PydanticObjectId, user: Eraser, ctx: ContextDep) -> Response:
    """Admin. What an erasure does, and the form that asks for the typed name."""
    patient = await patients.read(ctx, patient_id, actor=actor_of(user))
    return await show(
        request, ctx, "staff/patients/erase.html", patient=patient, problem="", ways=(), typed=NOTHING_TYPED
    )


@router.post("/{patient_id}/erase")
async def erase(
    request: Request,
    patient_id: PydanticObjectId,
    user: Eraser,
    ctx: ContextDep,
    confirm_name: Word = "",
    reason: Reason = "",
    close_open: Word = "",
) -> Response:
    """Admin. Irreversible; the typed name must be the patient's. What stands in the way is said above the form."""
    try:
        if not reason.strip():
            raise InvalidInputError("Say why: it stays in the audit log.")
        await erasure.erase(
            ctx,
            patient_id,
            confirm_name=confirm_name,
            reason=reason.strip(),
            close_open=bool(close_open),
            actor=actor_of(user),
        )
    except ChairsideError as error:
        typed = {"confirm_name": confirm_name, "reason": reason, "close_open": close_open}
        return await show(
            request,
            ctx,
            "staff/patients/erase_form.html",
            status=error.status,
            patient=await patients.get(patient_id),
            problem=_in_words(error.detail),
            ways=_ways_out(error),
            typed=typed,
        )
    return Response(status_code=204, headers={"HX-Redirect": f"/staff/patients/{patient_id}?done=erased"})


def _ways_out(error: ChairsideError) -> list[tuple[str, str]]:
    """Where what stands in the way can be settled: (word, address)."""
    ways: list[tuple[str, str]] = []
    for name, (word, room) in IN_THE_WAY.items():
        held = error.extra.get(name, [])
        ways += [(word, f"/staff/{room}/{each}") for each in ([held] if isinstance(held, str) else held)]
    return ways


def _in_words(detail: str) -> str:
    """The service names the fields of the API; here they are fields of a form."""
    return detail.replace("`confirm_name`", "The typed name").replace("with `close_open`", "with the tick below")
