"""JSON of the services that the clinic offers (api.md section 4)."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from app.api.v1.schemas.types import Answer, Body, Flag, Line, Money

WHITENING: JsonDict = {"name": "Teeth whitening", "duration_minutes": 60, "price": 400.0}
FULL: JsonDict = WHITENING | {"buffer_before_minutes": 5, "buffer_after_minutes": 15, "is_public": True}
OFFERED: JsonDict = {"service_id": "teeth_whitening", **FULL}
SHOWN: JsonDict = {"service_id": "teeth_whitening", **WHITENING}

Buffer = Annotated[int, Field(ge=0, le=240, multiple_of=5)]
"""Minutes that keep other visits away and need no working time."""


class ServiceBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": FULL})

    name: Line
    duration_minutes: Annotated[int, Field(ge=5, le=480, multiple_of=5)]
    price: Money | None = None
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    is_public: Flag = True


class ServiceAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": OFFERED})

    service_id: str
    name: str
    duration_minutes: int
    price: float | None
    buffer_before_minutes: int
    buffer_after_minutes: int
    is_public: bool


class ServiceListAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": {"services": [OFFERED]}})

    services: list[ServiceAnswer]


class PublicService(Answer):
    """What anybody may know of a service."""

    service_id: str
    name: str
    duration_minutes: int
    price: float | None


class PublicServiceListAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": {"services": [SHOWN]}})

    services: list[PublicService]
