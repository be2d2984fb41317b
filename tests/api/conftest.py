"""A furnished clinic for the tests of the HTTP contract: one service, one provider, one admin's headers."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.models.services import Service
from app.models.users import User
from app.services import links
from tests.factories import make_clinic, make_provider, make_service, make_user, token_for

TUESDAY_TEN = "2026-11-24T10:00"
"""Wall time of the test clinic, a day after the standing clock: free until a test books it."""
TUESDAY_TEN_UTC = "2026-11-24T15:00:00.000Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The clinic under test."""

    clinic: Clinic
    service: Service
    provider: User
    admin: User
    ctx: Context
    http: httpx2.AsyncClient

    @property
    def staff(self) -> dict[str, str]:
        """Headers that sign the admin in, fresh by the test's clock."""
        return token_for(self.ctx, self.admin)

    async def book(self, *, at: str = TUESDAY_TEN, **fields: Any) -> httpx2.Response:
        """The public form, with an e-mail that is nobody's unless the test names one."""
        body = {"name": "Anna Ames", "service_name": "checkup", "appointment_date": at} | fields
        if "email" not in fields and "phone" not in fields:
            body["email"] = "nobody@example.com"
        return await self.http.post("/api/v1/appointments/book", json=body)

    async def desk(self, *, at: str = TUESDAY_TEN, **fields: Any) -> httpx2.Response:
        """The desk's form, for somebody the clinic does not know unless the test names one."""
        body: dict[str, Any] = {
            "name": "Dora Desk",
            "email": "dora@example.com",
            "preferred_channel": "email",
            "service_name": "checkup",
            "appointment_date": at,
            "duration_minutes": 30,
            "notes": "",
        }
        return await self.http.post("/api/v1/admin/appointments", json=body | fields, headers=self.staff)

    async def get(self, path: str, **params: Any) -> httpx2.Response:
        return await self.http.get(f"/api/v1/admin/{path}", params=params, headers=self.staff)

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        return await self.http.post(f"/api/v1/admin/{path}", json=body, headers=self.staff)

    async def link_token(self, patient: Patient, campaign: Campaign | None = None) -> str:
        """The token of a fresh booking link for this patient."""
        campaign_id = campaign.id if campaign else None
        link, address = links.new_booking_link(self.ctx, patient_id=patient.id, campaign_id=campaign_id)
        await link.insert()
        return address.split("?t=")[1]


@pytest.fixture
async def house(ctx: Context, client: httpx2.AsyncClient) -> House:
    clinic, service = await make_clinic(), await make_service()
    provider = await make_provider(ctx, ["checkup"])
    admin = await make_user(ctx)
    return House(clinic=clinic, service=service, provider=provider, admin=admin, ctx=ctx, http=client)
