"""JSON of api.md section 1."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from app.api.v1.schemas.types import Answer, Body, Email, IdText
from app.models.enums import Role

TYPED = r"^[^\u0000-\u001f\u007f-\u009f]*$"
"""What a keyboard types; spaces belong to a password, control characters and lone surrogates do not."""

Password = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=False, pattern=TYPED)]
NewPassword = Annotated[str, StringConstraints(min_length=12, max_length=128, strip_whitespace=False, pattern=TYPED)]


class LoginBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "sofia@willow.example", "password": "correct horse battery staple"}}
    )

    email: Email
    password: Password


class TokenAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln",
                "token_type": "bearer",
                "expires_in": 1800,
            }
        }
    )

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the scheme's name (RFC 6750), not a secret
    expires_in: int
    """Seconds."""


class PasswordBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "current_password": "correct horse battery staple",
                "new_password": "a lamp under the old bridge",
            }
        }
    )

    current_password: Password
    new_password: NewPassword


class MeAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "user_id": "6720c1f0a3b4c5d6e7f80910",
                "name": "Sofia Stern",
                "email": "sofia@willow.example",
                "role": "Office Manager",
                "access_role": "manager",
            }
        }
    )

    user_id: IdText
    name: str
    email: str
    role: str
    access_role: Role
