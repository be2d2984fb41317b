"""What the clinic is made of: its facts, services, staff and articles (api.md section 4)."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.api.deps import Admin, ContextDep, Manager, Reader, RecordId, actor_of
from app.api.v1.schemas.auth import NewUserAnswer, NewUserBody
from app.api.v1.schemas.clinic import (
    ArticleAnswer,
    ArticleBody,
    ClinicAnswer,
    ClinicBody,
    QuestionBody,
    ScheduleAnswer,
    ScheduleBody,
    ServiceAnswer,
    ServiceBody,
    TryAnswer,
)
from app.models.clinic import Clinic
from app.models.users import DateOverride, TimeOff, WorkSchedule
from app.services import clinic, knowledge, offerings, users

router = APIRouter(prefix="/admin", tags=["clinic"])


@router.get("/clinic", summary="The clinic's facts and policies")
async def get_clinic(_: Reader) -> ClinicAnswer:
    """Every role."""
    return ClinicAnswer.model_validate((await Clinic.load()).model_dump())


@router.patch("/clinic", summary="Change the clinic's facts and policies")
async def update_clinic(body: ClinicBody, user: Manager, ctx: ContextDep) -> ClinicAnswer:
    """Admin, manager. Only the fields that are given change."""
    changes = body.model_dump(exclude_none=True)
    return ClinicAnswer.model_validate((await clinic.update(ctx, actor=actor_of(user), changes=changes)).model_dump())


@router.put("/services/{service_id}", summary="Create or replace a service")
async def put_service(
    service_id: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")],
    body: ServiceBody,
    user: Manager,
    ctx: ContextDep,
) -> ServiceAnswer:
    """Admin, manager. 409 when another service has this name."""
    service = await offerings.put(ctx, service_id, fields=body.model_dump(), actor=actor_of(user))
    return ServiceAnswer.model_validate(service.model_dump() | {"service_id": service.id})


@router.post("/users", status_code=201, summary="Add a staff account")
async def create_user(body: NewUserBody, user: Admin, ctx: ContextDep) -> NewUserAnswer:
    """Admin. 409 when the e-mail is taken."""
    created = await users.create(
        ctx,
        actor=actor_of(user),
        name=body.name,
        email=body.email,
        password=body.password,
        role=body.role,
        title=body.title,
    )
    return NewUserAnswer(user_id=str(created.id))


@router.put("/providers/{user_id}/schedule", summary="Set when a provider works and what they perform")
async def put_schedule(user_id: RecordId, body: ScheduleBody, user: Manager, ctx: ContextDep) -> ScheduleAnswer:
    """Admin, manager. Wall times are of the clinic's zone; time off is given in instants."""
    schedule = WorkSchedule(
        weekly=body.weekly,
        overrides=[DateOverride(date=entry.date, periods=entry.periods) for entry in body.overrides],
        time_off=[TimeOff(start=off.from_, end=off.to) for off in body.time_off],
    )
    await users.set_schedule(ctx, user_id, schedule=schedule, services=body.services, actor=actor_of(user))
    return ScheduleAnswer.model_validate({"user_id": str(user_id)} | body.model_dump(by_alias=True))


@router.post("/knowledge", status_code=201, summary="Add an article")
async def create_article(body: ArticleBody, user: Manager, ctx: ContextDep) -> ArticleAnswer:
    """Admin, manager."""
    article = await knowledge.create(ctx, actor=actor_of(user), fields=body.model_dump())
    return ArticleAnswer(article_id=str(article.id))


@router.post("/knowledge/try", summary="Try a question")
async def try_question(body: QuestionBody, _: Reader, ctx: ContextDep) -> TryAnswer:
    """Every role. What a patient would be answered, from which article, at what confidence; `null` means a person."""
    found = await knowledge.answer(ctx, body.question)
    if found is None:
        return TryAnswer(answer=None, article_id=None, confidence=0.0)
    return TryAnswer(answer=found.text, article_id=found.article_id, confidence=found.confidence)
