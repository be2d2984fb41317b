"""What a visitor writes as the patient: one address and a text, judged before anything is stored (trust.md 4.2)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from email_validator import EmailNotValidError, validate_email

from app.errors import InvalidInputError
from app.services import sandbox

LONGEST_MESSAGE = 4_000

PROBLEMS = {
    "address": "Write one e-mail address or one phone number.",
    "text": f"Write a message of at most {LONGEST_MESSAGE:,} characters.",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A patient's message as it was typed; `problems` says in a sentence what is wrong with a field."""

    address: str
    text: str = ""
    problems: dict[str, str] = field(default_factory=dict)


async def read_letter(fields: Mapping[str, str]) -> Letter:
    """The posted message; with no problems its address is one that `read_address` made."""
    typed, text = fields.get("address", "").strip(), fields.get("text", "").strip()
    address = await read_address(typed)
    wrong = [name for name, is_good in (("address", address is not None), ("text", _is_message(text))) if not is_good]
    return Letter(address or typed[:254], text, {name: PROBLEMS[name] for name in wrong})


async def address_alone(typed: str) -> Letter:
    """The address of a conversation to open, with nothing written yet; no address is no problem."""
    address = await read_address(typed) if typed.strip() else ""
    return Letter(typed.strip(), problems={"address": PROBLEMS["address"]}) if address is None else Letter(address)


async def read_address(typed: str) -> str | None:
    """The address as the channels store it, lower-case or E.164; None for what is neither e-mail nor phone."""
    try:
        if "@" in typed:
            validate_email(typed.strip(), check_deliverability=False, test_environment=True)
        return await sandbox.address_as_stored(typed.strip()) or None
    except (EmailNotValidError, InvalidInputError):
        return None


def _is_message(text: str) -> bool:
    controls = any(unicodedata.category(letter) == "Cc" and letter not in "\n\r\t" for letter in text)
    return 0 < len(text) <= LONGEST_MESSAGE and not controls
