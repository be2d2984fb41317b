"""What a clinic's facts and policies must satisfy together: one row for each rule, each names its field.

The shape of a single field is checked where it enters; these rules need the stored value of the others.
"""

from collections.abc import Callable

import phonenumbers

from app.errors import InvalidInputError
from app.models.clinic import Clinic
from app.services import addresses

MINUTES_A_DAY = 24 * 60
Problem = str | None


def _window(clinic: Clinic) -> Problem:
    if clinic.outreach.send_from < clinic.outreach.send_until:
        return None
    return "The sending hours must end after they begin: send_from comes before send_until."


def _send_days(clinic: Clinic) -> Problem:
    return None if clinic.outreach.send_days else "At least one day is needed on which messages may go out."


def _region(clinic: Clinic) -> Problem:
    is_real = clinic.region in phonenumbers.SUPPORTED_REGIONS
    return None if is_real else "This is not the two-letter code of a country with telephone numbers, such as US."


def _notice(clinic: Clinic) -> Problem:
    policy = clinic.booking
    if policy.min_notice_minutes < policy.max_horizon_days * MINUTES_A_DAY:
        return None
    return "The notice must be shorter than the horizon, or nothing could ever be booked."


CHECKS: tuple[tuple[str, Callable[[Clinic], Problem]], ...] = (
    ("outreach.send_until", _window),
    ("outreach.send_days", _send_days),
    ("region", _region),
    ("booking.min_notice_minutes", _notice),
)


def refuse(field: str, sentence: str) -> InvalidInputError:
    """A 422 that names its field as those of the schemas do."""
    return InvalidInputError(sentence, extra={"errors": [{"field": f"body.{field}", "message": sentence}]})


def check(clinic: Clinic) -> None:
    """Raises InvalidInputError with the first rule that the clinic as a whole breaks."""
    for field, rule in CHECKS:
        if problem := rule(clinic):
            raise refuse(field, problem)


def read_phone(clinic: Clinic, field: str, text: str) -> str:
    """A phone in E.164, read in the clinic's region; a short emergency number (`112`) stays as it is.

    Raises InvalidInputError, which names the field.
    """
    if text.isdigit() and phonenumbers.is_emergency_number(text, clinic.region):
        return text
    try:
        return addresses.phone_in_e164(text, clinic) or ""
    except InvalidInputError as error:
        raise refuse(field, error.detail) from error
