"""A clinic that can be visited on its pages."""

import pytest

from app.context import Context
from tests.factories import make_clinic, make_provider, make_service


@pytest.fixture
async def open_clinic(ctx: Context) -> None:
    """Two public services, one that only staff book, and one provider for all of them."""
    await make_clinic()
    await make_service("checkup", name="Check-up")
    await make_service("whitening", name="Whitening")
    await make_service("staff_only", name="Staff only", is_public=False)
    await make_provider(ctx, ["checkup", "whitening", "staff_only"])
