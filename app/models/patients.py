"""Patients, and the one index that the daily job reads (speed.md, "Daily job")."""

from datetime import date, datetime
from typing import Any, ClassVar, Literal

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel
from pymongo.collation import Collation, CollationStrength

from app.models.base import Named, Part
from app.models.enums import ChannelType, PatientType

DUE_INDEX = "due_for_outreach"
NAME_ORDER = Collation(locale="en", strength=CollationStrength.SECONDARY)
"""How people sort names: `de la Cruz` stands beside `Diaz`, not behind `Zoe`."""
LIVING: dict[str, Any] = {"merged_into": None, "erased_at": None}
"""The clause of every list and match: a record that went into another one, or was erased, is nobody any more."""


class Treatment(Part):
    procedure_name: str
    procedure_date: date
    next_recommended_follow_up: str | None = None
    next_follow_up_date: date | None = None


EVERY_CHANNEL: Literal["all"] = "all"


class OptOut(Part):
    """A patient's stop, for one channel or for everything, with where it came from."""

    channel: ChannelType | Literal["all"]
    at: AwareDatetime
    source: str


class Patient(Named):
    name: str
    email: str | None = None
    phone: str | None = None
    patient_type: PatientType
    preferred_channel: list[ChannelType] = Field(default_factory=lambda: [ChannelType.EMAIL])
    treatment_history: list[Treatment] = Field(default_factory=list)
    created_at: AwareDatetime
    updated_at: AwareDatetime
    next_follow_up_date: date | None = None
    opt_outs: list[OptOut] = Field(default_factory=list)
    language: str = "en"
    guardian_id: PydanticObjectId | None = None
    date_of_birth: date | None = None
    notes: str = ""
    initial_inquiry: str | None = None
    estimated_value: float | None = None
    unusable_addresses: list[str] = Field(default_factory=list)
    outreach_due_at: AwareDatetime | None = None
    merged_into: PydanticObjectId | None = None
    """The record that lives on in place of this one; set, it appears in no list, search or match."""
    erased_at: AwareDatetime | None = None
    due_version: int = 0
    """Grows with everything that decides when this patient is due, so that a merge or erasure cannot pass it by."""
    sends_begun: int = 0
    """Grows with every message that is handed out, so that a stop and a send cannot pass each other."""
    family_version: int = 0
    """Grows when somebody comes to depend on this patient, so that two changes of one family cannot pass each other."""

    class Settings:
        name = "patients"
        # A family shares an inbox: only patients who answer for themselves hold an address alone (domain.md section 2).
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("email", ASCENDING)],
                name="one_patient_per_email",
                unique=True,
                partialFilterExpression={"email": {"$type": "string"}, "guardian_id": {"$type": "null"}},
            ),
            IndexModel(
                [("phone", ASCENDING)],
                name="one_patient_per_phone",
                unique=True,
                partialFilterExpression={"phone": {"$type": "string"}, "guardian_id": {"$type": "null"}},
            ),
            # A second key, because Beanie keeps only one index for each list of fields.
            IndexModel([("email", ASCENDING), ("_id", ASCENDING)], name="by_email"),
            IndexModel([("phone", ASCENDING), ("_id", ASCENDING)], name="by_phone"),
            IndexModel([("guardian_id", ASCENDING)], name="by_guardian", sparse=True),
            IndexModel([("name", ASCENDING), ("_id", ASCENDING)], name="by_name_any_case", collation=NAME_ORDER),
            IndexModel(
                [("patient_type", ASCENDING), ("name", ASCENDING), ("_id", ASCENDING)],
                name="by_type_and_name",
                collation=NAME_ORDER,
            ),
            IndexModel(
                [("name", ASCENDING), ("_id", ASCENDING), ("opt_outs.channel", ASCENDING)],
                name="stopped_by_name",
                collation=NAME_ORDER,
                partialFilterExpression={"opt_outs.0": {"$exists": True}},
            ),
            # As it is written, so that part of a name is looked for in the index itself.
            IndexModel([("name", ASCENDING), ("merged_into", ASCENDING), ("erased_at", ASCENDING)], name="name_parts"),
            IndexModel(
                [("outreach_due_at", ASCENDING), ("_id", ASCENDING)],
                name=DUE_INDEX,
                partialFilterExpression={"outreach_due_at": {"$type": "date"}},
            ),
        ]

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.name

    def address_on(self, channel: ChannelType) -> str | None:
        """This patient's own address on a channel, or None."""
        return self.email if channel is ChannelType.EMAIL else self.phone

    @classmethod
    async def matching(cls, *, email: str | None, phone: str | None) -> list["Patient"]:
        """Everybody who holds this e-mail or this phone, at most three: two already mean "ambiguous"."""
        wanted: list[dict[str, Any]] = [
            {field: value} for field, value in (("email", email), ("phone", phone)) if value
        ]
        return await cls.find(LIVING | {"$or": wanted}).limit(3).to_list() if wanted else []

    @classmethod
    async def holding_address(cls, channel: ChannelType, address: str) -> list["Patient"]:
        """Every patient whose own address on this channel it is."""
        field = "email" if channel is ChannelType.EMAIL else "phone"
        return await cls.find(LIVING | {field: address}).to_list()

    @classmethod
    async def due_page(cls, now: datetime, *, after: tuple[datetime, Any] | None, limit: int) -> list[dict[str, Any]]:
        """The next patients whose outreach is due, oldest first, as raw documents (a keyset page)."""
        # The type stands in the query because the planner does not see that a bound implies the partial index.
        due: dict[str, Any] = {"outreach_due_at": {"$type": "date", "$lte": now}}
        if after:
            due = {
                "outreach_due_at": {"$type": "date", "$gte": after[0], "$lte": now},
                "$or": [{"outreach_due_at": {"$gt": after[0]}}, {"_id": {"$gt": after[1]}}],
            }
        cursor = cls.collection().find(LIVING | due, DUE_FIELDS, hint=DUE_INDEX, batch_size=limit)
        return await cursor.sort([("outreach_due_at", ASCENDING), ("_id", ASCENDING)]).limit(limit).to_list()


DUE_FIELDS = dict.fromkeys(
    (
        "name",
        "email",
        "phone",
        "patient_type",
        "preferred_channel",
        "next_follow_up_date",
        "opt_outs",
        "guardian_id",
        "unusable_addresses",
        "outreach_due_at",
        "initial_inquiry",
        "estimated_value",
    ),
    1,
)
"""What the daily job needs of a due patient."""
