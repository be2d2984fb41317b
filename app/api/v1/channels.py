"""How the channels to patients are doing (trust.md faults 12 and 24)."""

from dataclasses import asdict

from fastapi import APIRouter

from app.api.deps import ContextDep, Reader
from app.api.v1.schemas.channels import ChannelHealth, ChannelsAnswer
from app.services import channel_states

router = APIRouter(prefix="/admin/channels", tags=["operations"])


@router.get("", summary="How the channels are doing")
async def channels(_: Reader, ctx: ContextDep) -> ChannelsAnswer:
    """Every role. Each channel with its adapter, why it stands still if it does, and what waits on it."""
    return ChannelsAnswer(
        channels=[ChannelHealth.model_validate(asdict(each)) for each in await channel_states.health(ctx)]
    )
