"""Families: who answers for whom, and which addresses may be shared (domain.md section 2)."""

from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.errors import ConflictError, InvalidInputError
from app.models.patients import LIVING, Patient

ADDRESS_TAKEN = "Another patient already has this {what}. Correct it, or name a guardian when they are one family."
WORDS = {"email": "e-mail", "phone": "phone number"}


async def join(patient_id: PydanticObjectId, guardian_id: PydanticObjectId) -> None:
    """Let the guardian answer for this patient, inside the caller's transaction.

    Raises InvalidInputError for a guardian who cannot be one, ConflictError when others depend on this patient:
    messages go one step up, never two.
    """
    if guardian_id == patient_id:
        raise InvalidInputError("A patient cannot be their own guardian.")
    if await Patient.collection().find_one(LIVING | {"guardian_id": patient_id}, {"_id": 1}):
        raise ConflictError("Other patients depend on this one, who can therefore not depend on somebody else.")
    answers_alone = LIVING | {"_id": guardian_id, "guardian_id": None}
    # A write, not a read: the guardian cannot become somebody's dependant at the same moment.
    done = await Patient.collection().update_one(answers_alone, {"$inc": {"family_version": 1}})
    if done.matched_count == 0:
        raise await _no_guardian(guardian_id)


async def _no_guardian(guardian_id: PydanticObjectId) -> InvalidInputError:
    if await Patient.collection().find_one(LIVING | {"_id": guardian_id}, {"_id": 1}):
        return InvalidInputError("This guardian depends on somebody else. Name the one who reads for the family.")
    return InvalidInputError("There is no patient with the guardian's id.")


async def refuse_strangers_address(patient: Patient) -> None:
    """Raise ConflictError when somebody outside this patient's family already has the e-mail or phone.

    The unique indexes hold this between patients who answer for themselves; a dependant's address is only looked up.
    """
    root = patient.guardian_id or patient.id
    for field in WORDS:
        if not (address := getattr(patient, field)):
            continue
        strangers = LIVING | {field: address, "_id": {"$nin": [patient.id, root]}, "guardian_id": {"$ne": root}}
        if found := await Patient.collection().find_one(strangers, {"_id": 1}):
            raise _taken(field, found["_id"])


async def taken(error: DuplicateKeyError) -> ConflictError:
    """The refusal for a unique index of addresses; any other duplicate is raised again."""
    clash: dict[str, Any] = (error.details or {}).get("keyValue", {})
    field = next(iter(clash), "")
    if field not in WORDS:
        raise error
    holder = await Patient.collection().find_one(clash | {"guardian_id": None}, {"_id": 1})
    return _taken(field, holder["_id"] if holder else None)


def _taken(field: str, holder: Any) -> ConflictError:
    known = {"patient_id": str(holder)} if holder else {}
    return ConflictError(ADDRESS_TAKEN.format(what=WORDS[field]), extra={"field": field} | known)
