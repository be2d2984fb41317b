"""JSON of staff accounts (api.md section 1)."""

from typing import Any

from pydantic import ConfigDict, Field

from app.api.v1.schemas.auth import NewPassword
from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import Answer, Body, Email, Flag, IdText, Line, Zulu
from app.models.enums import Role
from app.models.users import User

USER: dict[str, Any] = {
    "user_id": "6720c1f0a3b4c5d6e7f80910",
    "name": "Sofia Stern",
    "email": "sofia@willow.example",
    "role": "manager",
    "title": "Office Manager",
    "is_active": True,
    "services": [],
    "created_at": "2026-11-02T08:00:00.000Z",
}


class NewUserBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Sofia Stern",
                "email": "sofia@willow.example",
                "password": "correct horse battery staple",
                "role": "manager",
                "title": "Office Manager",
            }
        }
    )

    name: Line
    email: Email
    password: NewPassword
    role: Role
    title: Line | None = None


class NewUserAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": {"user_id": "6720c1f0a3b4c5d6e7f80910"}})

    user_id: IdText


class UserPatchBody(Body):
    """What is absent stays as it is; null takes the title away."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "front_desk", "title": None}})

    name: Line = Field(default_factory=str)
    email: Email = Field(default_factory=str)
    role: Role = Field(default_factory=lambda: Role.PROVIDER)
    title: Line | None = None
    is_active: Flag = Field(default_factory=bool)

    def changes(self) -> dict[str, Any]:
        """The fields that were given."""
        return self.model_dump(exclude_unset=True)


class ResetPasswordBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"new_password": "a lamp under the old bridge"}})

    new_password: NewPassword


class UserAnswer(Answer):
    """One account; never its password's hash."""

    model_config = ConfigDict(json_schema_extra={"example": USER})

    user_id: IdText
    name: str
    email: str
    role: Role
    title: str | None
    is_active: bool
    services: list[str]
    """What this person performs: whoever performs anything is a provider."""
    created_at: Zulu

    @classmethod
    def of(cls, user: User) -> "UserAnswer":
        shown = {"name", "email", "role", "title", "is_active", "services", "created_at"}
        return cls.model_validate(user.model_dump(include=shown) | {"user_id": str(user.id)})


class UserList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "users": [USER],
            }
        }
    )

    pagination: Pagination
    users: list[UserAnswer]
