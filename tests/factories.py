"""Small makers of what tests need, written through the product's own services and documents."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from app.context import Context
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus, ChannelType, PatientType, Role
from app.models.knowledge import KnowledgeArticle
from app.models.patients import Patient
from app.models.services import Service
from app.models.users import User, WorkSchedule
from app.security import issue_access_token
from app.services import audit, campaigns, patients, recoveries
from app.services.recoveries import Inquiry

_numbers = count(1)
OFFICE_WEEK = {day: [("09:00", "12:00"), ("13:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}


async def make_clinic(**fields: Any) -> Clinic:
    """A clinic in New York with the default policies."""
    values = {
        "name": "Willow Street Dental",
        "time_zone": "America/New_York",
        "phone": "+12025550142",
        "emergency_phone": "+12025550199",
        "address": "1 Willow Street",
    }
    clinic = Clinic(**(values | fields))
    await clinic.save()
    return clinic


async def make_service(service_id: str = "checkup", **fields: Any) -> Service:
    values = {"name": service_id.replace("_", " ").capitalize(), "duration_minutes": 30, "price": 90.0}
    service = Service(id=service_id, **(values | fields))
    await service.save()
    return service


async def make_user(ctx: Context, role: Role = Role.ADMIN, **fields: Any) -> User:
    """A staff account without a usable password: tests sign in with `token_for`."""
    values = {
        "name": f"Staff {next(_numbers)}",
        "email": f"staff{next(_numbers)}@example.com",
        "role": role,
        "hashed_password": "!",
        "created_at": ctx.now(),
    }
    user = User(**(values | fields))
    await user.insert()
    return user


async def make_provider(ctx: Context, services: list[str], **fields: Any) -> User:
    """A provider who works Monday to Friday, 9 to 12 and 13 to 17."""
    schedule = fields.pop("schedule", WorkSchedule(weekly=OFFICE_WEEK))
    return await make_user(ctx, Role.PROVIDER, services=services, schedule=schedule, **fields)


def token_for(ctx: Context, user: User) -> dict[str, str]:
    """Headers that sign this user in."""
    token = issue_access_token(ctx.settings, user_id=str(user.id), token_version=user.token_version, now=ctx.now())
    return {"Authorization": f"Bearer {token}"}


async def make_patient(ctx: Context, **fields: Any) -> Patient:
    """An EXISTING patient with an e-mail address of their own."""
    number = next(_numbers)
    values = {"name": f"Pat{number} Example", "email": f"pat{number}@example.com", "patient_type": PatientType.EXISTING}
    return await patients.create(ctx, actor=audit.SYSTEM, fields=values | fields)


async def make_due_patient(ctx: Context, *, due_on: date | None = None, **fields: Any) -> Patient:
    """A patient whose check-up is due (yesterday, unless told otherwise)."""
    day = due_on or (ctx.now() - timedelta(days=1)).date()
    return await make_patient(ctx, next_follow_up_date=day, **fields)


async def make_recovery(ctx: Context, **fields: Any) -> Campaign:
    """A fresh recovery campaign for a new cold lead."""
    number = next(_numbers)
    values = {
        "patient_name": f"Lead{number} Example",
        "patient_email": f"lead{number}@example.com",
        "patient_phone": None,
        "initial_inquiry": "How much is whitening?",
        "estimated_value": 400.0,
        "preferred_channel": [ChannelType.EMAIL],
    }
    return await recoveries.start(ctx, Inquiry(**(values | fields)), actor=audit.SYSTEM)


async def force_status(campaign: Campaign, status: CampaignStatus, **fields: Any) -> Campaign:
    """Put a stored campaign into a state without walking there; for tests of single moves only."""
    await Campaign.collection().update_one({"_id": campaign.id}, {"$set": {"status": status.value, **fields}})
    return await campaigns.get(campaign.id)


async def make_article(ctx: Context, title: str, body: str, **fields: Any) -> KnowledgeArticle:
    article = KnowledgeArticle(title=title, body=body, created_at=ctx.now(), updated_at=ctx.now(), **fields)
    await article.insert()
    return article


def wall(clinic: Clinic, text: str) -> datetime:
    """`2026-11-24 10:00` on the clinic's wall clock as an aware instant."""
    return datetime.fromisoformat(text).replace(tzinfo=clinic.zone)
