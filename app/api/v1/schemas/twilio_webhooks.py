"""Forms that Twilio posts, as far as we read them; every other parameter is signed with them and ignored."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

SID = "SM0123456789abcdef0123456789abcdef"
FORM_TYPE = "application/x-www-form-urlencoded"

Text = Annotated[str, Field(max_length=4_000)]


class MessageForm(BaseModel):
    """What a patient wrote."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "MessageSid": SID,
                "AccountSid": "AC0123456789abcdef0123456789abcdef",
                "From": "+12025550177",
                "To": "+12025550100",
                "Body": "Yes, I would like to come in.",
                "NumMedia": "0",
            }
        }
    )

    MessageSid: Text
    From: Text = Field(description="E.164; `whatsapp:` stands before it when it came by WhatsApp")
    To: Text
    Body: Text = ""
    NumMedia: Text = "0"
    MediaContentType0: Text | None = None
    ButtonText: Text | None = None
    OriginalRepliedMessageSid: Text | None = None
    OptOutType: Text | None = Field(None, description="STOP, START or HELP, from Twilio's Advanced Opt-Out")


class StatusForm(BaseModel):
    """What became of a message; the query parameter `o` of the address names our own id of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "MessageSid": SID,
                "MessageStatus": "delivered",
                "From": "+12025550100",
                "To": "+12025550177",
            }
        }
    )

    MessageSid: Text
    MessageStatus: Text
    ErrorCode: Text | None = None


def form_of(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads this form by itself, because it must verify the bytes first."""
    schema = model.model_json_schema()
    content = {"example": schema.pop("example"), "schema": schema}
    return {"security": [{"TwilioSignature": []}], "requestBody": {"required": True, "content": {FORM_TYPE: content}}}
