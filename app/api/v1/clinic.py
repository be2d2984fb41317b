"""The clinic's facts and policies, now and from a day on (api.md section 4)."""

from fastapi import APIRouter

from app.api.deps import ContextDep, Manager, Reader, actor_of
from app.api.v1.schemas.clinic import ClinicAnswer, ClinicBody
from app.api.v1.schemas.clinic_preview import PreviewAnswer
from app.api.v1.schemas.errors import refusals
from app.models.clinic import Clinic
from app.services import clinic, clinic_preview
from app.services.clinic import Wish

router = APIRouter(prefix="/admin/clinic", tags=["clinic"])


@router.get("", summary="The clinic's facts and policies")
async def get_clinic(_: Reader) -> ClinicAnswer:
    """Every role. `pending` is the change that waits for its day."""
    return _answer(await Clinic.load())


@router.patch("", summary="Change the clinic's facts and policies", responses=refusals(409))
async def update_clinic(body: ClinicBody, user: Manager, ctx: ContextDep) -> ClinicAnswer:
    """Admin, manager. Only the fields that are given change, at once or from the day `effective_from` on.

    Waiting campaigns and due dates follow as `POST /admin/clinic/preview` says; booked visits never move.
    409 when the planned change would no longer be possible.
    """
    return _answer(await clinic.update(ctx, _wish(body), actor=actor_of(user)))


@router.post("/preview", summary="What a change of the clinic would move", responses=refusals(409))
async def preview_change(body: ClinicBody, user: Manager, ctx: ContextDep) -> PreviewAnswer:
    """Admin, manager. Takes the body of the PATCH, refuses what it would refuse, and changes nothing."""
    return PreviewAnswer.model_validate(await clinic_preview.preview(ctx, _wish(body), actor=actor_of(user)))


def _wish(body: ClinicBody) -> Wish:
    return Wish(changes=body.changes(), effective_from=body.effective_from, drops_pending=body.takes_plan_back)


def _answer(found: Clinic) -> ClinicAnswer:
    return ClinicAnswer.model_validate(found.model_dump() | {"is_rolling_out": found.rollout is not None})
