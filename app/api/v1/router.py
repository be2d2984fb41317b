"""Everything under /api/v1."""

from fastapi import APIRouter

from app.api.v1 import (
    appointments,
    audit,
    auth,
    campaigns,
    clinic,
    dashboard,
    events,
    inbox,
    interactions,
    jobs,
    knowledge,
    manage,
    patient_imports,
    patient_records,
    patients,
    providers,
    public,
    sandbox,
    services,
    users,
    webhooks,
)

router = APIRouter(prefix="/api/v1")
for module in (
    auth,
    public,
    manage,
    webhooks,
    dashboard,
    campaigns,
    appointments,
    interactions,
    patients,
    patient_records,
    patient_imports,
    clinic,
    services,
    providers,
    users,
    audit,
    knowledge,
    jobs,
    inbox,
    events,
    sandbox,
):
    router.include_router(module.router)
