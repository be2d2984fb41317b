"""JSON of api.md section 1."""

from typing import Annotated

from pydantic import StringConstraints

from app.api.v1.schemas.types import Answer, Body, Email, IdText, Line
from app.models.enums import Role

Password = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=False)]
NewPassword = Annotated[str, StringConstraints(min_length=12, max_length=128, strip_whitespace=False)]


class LoginBody(Body):
    email: Email
    password: Password


class TokenAnswer(Answer):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the scheme's name (RFC 6750), not a secret
    expires_in: int


class MeAnswer(Answer):
    user_id: IdText
    name: str
    email: str
    role: str
    access_role: Role


class NewUserBody(Body):
    name: Line
    email: Email
    password: NewPassword
    role: Role
    title: Line | None = None


class NewUserAnswer(Answer):
    user_id: IdText
