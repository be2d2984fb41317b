"""Everything under /api/v1."""

from fastapi import APIRouter

from app.api.v1 import (
    appointments,
    auth,
    campaigns,
    clinic,
    dashboard,
    interactions,
    jobs,
    patients,
    public,
    sandbox,
    webhooks,
)

router = APIRouter(prefix="/api/v1")
for module in (
    auth,
    public,
    webhooks,
    dashboard,
    campaigns,
    appointments,
    interactions,
    patients,
    clinic,
    jobs,
    sandbox,
):
    router.include_router(module.router)
