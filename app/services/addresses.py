"""Addresses and times as people write them, read in the clinic's region and zone."""

from datetime import UTC, datetime

import phonenumbers

from app.domain.schedules import reads_wall_time
from app.errors import InvalidInputError
from app.models.clinic import Clinic


def phone_in_e164(text: str | None, clinic: Clinic) -> str | None:
    """`+12025550142` for any way of writing it; None stays None. Raises InvalidInputError for what is no number."""
    if not text:
        return None
    try:
        number = phonenumbers.parse(text, clinic.region)
    except phonenumbers.NumberParseException as error:
        raise InvalidInputError("This is not a phone number.") from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidInputError("This is not a phone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def as_instant(moment: datetime, clinic: Clinic) -> datetime:
    """Aware UTC; a naive time is the clinic's wall time (D-24). Raises InvalidInputError for a skipped hour."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    instant = reads_wall_time(moment, clinic.zone)
    if instant is None:
        raise InvalidInputError("The clocks change then: this time does not exist. Choose another one.")
    return instant
