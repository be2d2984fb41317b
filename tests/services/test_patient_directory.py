"""The patients as the front desk looks through them: whole lists, none twice, out of an index, in people's order."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import InvalidInputError
from app.models.base import Raw, stored_date
from app.models.enums import PatientType
from app.models.patients import Patient
from app.services import patient_directory
from app.services.patient_directory import FEW, Wanted
from tests.factories import make_clinic, make_patient

NAMES = ("Ann Ames", "ann ames", "Zoe Diaz", "de la Cruz", "Émile Roy", "Ben Ali")


@pytest.fixture
async def people(ctx: Context) -> list[Raw]:
    """Many patients of every kind; several share a name, a due instant, or stand in nobody's list."""
    await make_clinic()
    dice = Random(5)
    pattern = await Patient.collection().find_one({"_id": (await make_patient(ctx)).id}) or {}
    await Patient.collection().delete_many({})
    rows = [_varied(pattern, number, dice, ctx) for number in range(160)]
    await Patient.collection().insert_many(rows)
    return [row for row in rows if not row["merged_into"] and not row["erased_at"]]


def _varied(pattern: Raw, number: int, dice: Random, ctx: Context) -> Raw:
    stops = dice.sample([{"channel": name, "at": ctx.now(), "source": "staff"} for name in ("sms", "email", "all")], 2)
    return pattern | {
        "_id": PydanticObjectId(),
        "name": dice.choice(NAMES),
        "email": f"p{number}@example.com",
        "phone": f"+1202555{number:04d}",
        "patient_type": dice.choice(list(PatientType)).value,
        "opt_outs": dice.choice([[], [], stops[:1], stops]),
        "outreach_due_at": dice.choice([None, ctx.now() + timedelta(days=dice.randint(-3, 3))]),
        "merged_into": dice.choice([None] * 9 + [PydanticObjectId()]),
        "erased_at": dice.choice([None] * 9 + [ctx.now()]),
    }


async def walked(ctx: Context, wanted: Wanted, *, limit: int = 7) -> list[Raw]:
    """Every page behind the other."""
    rows: list[Raw] = []
    cursor = None
    for _ in range(100):
        page = await patient_directory.page(wanted, now=ctx.now(), limit=limit, cursor=cursor)
        rows, cursor = rows + page.rows, page.next_cursor
        if cursor is None:
            return rows
    raise AssertionError("the list has no end")


async def test_every_filter_shows_each_once_and_nobody_else(ctx: Context, people: list[Raw]) -> None:
    now = ctx.now()
    tests: dict[Wanted, Any] = {
        Wanted(): lambda _: True,
        Wanted(patient_type=PatientType.COLD_LEAD): lambda row: row["patient_type"] == "COLD_LEAD",
        Wanted(has_stopped=True): lambda row: row["opt_outs"],
        Wanted(has_stopped=True, patient_type=PatientType.EXISTING): lambda row: (
            row["opt_outs"] and row["patient_type"] == "EXISTING"
        ),
        Wanted(due_by=now): lambda row: row["outreach_due_at"] and row["outreach_due_at"] <= now,
        Wanted(text="AMES"): lambda row: "ames" in row["name"].casefold(),
        Wanted(text="p1"): lambda row: "p1" in row["email"],
        Wanted(text="(202) 555-0007", region="US"): lambda row: row["phone"] == "+12025550007",
        Wanted(text="ames", due_by=now): lambda row: (
            "ames" in row["name"].casefold() and row["outreach_due_at"] and row["outreach_due_at"] <= now
        ),
        Wanted(text=".*"): lambda _: False,
        Wanted(text="$where"): lambda _: False,
    }
    for wanted, belongs in tests.items():
        found = [row["patient_id"] for row in await walked(ctx, wanted)]
        assert sorted(found) == sorted(row["_id"] for row in people if belongs(row)), wanted


async def test_names_stand_as_people_sort_them_and_due_ones_by_their_day(ctx: Context, people: list[Raw]) -> None:
    names = [row["name"].casefold() for row in await walked(ctx, Wanted())]
    assert [name for name in names if name != "émile roy"] == sorted(name for name in names if name != "émile roy")
    due = [row["outreach_due_at"] for row in await walked(ctx, Wanted(due_by=ctx.now()))]
    assert due == sorted(due)


async def test_more_than_a_few_are_found_in_the_lists_own_order(ctx: Context, people: list[Raw]) -> None:
    pattern = people[0] | {"name": "Ann Ames", "opt_outs": [], "outreach_due_at": None}
    many = [
        pattern | {"_id": PydanticObjectId(), "email": f"q{number}@example.com", "phone": None}
        for number in range(FEW + 1)
    ]
    await Patient.collection().insert_many(many)
    rows = await walked(ctx, Wanted(text="ames"), limit=300)
    amount = len(many) + sum("ames" in row["name"].casefold() for row in people)
    assert len({row["patient_id"] for row in rows}) == len(rows) == amount


@pytest.mark.parametrize("cursor", ["x", "A" * 100, "MQ"])
@pytest.mark.parametrize("due", [True, False])
async def test_a_cursor_that_is_not_ours_is_refused(ctx: Context, people: list[Raw], cursor: str, due: bool) -> None:
    wanted = Wanted(due_by=ctx.now() if due else None)
    with pytest.raises(InvalidInputError):
        await patient_directory.page(wanted, now=ctx.now(), limit=5, cursor=cursor)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(patient_type=PatientType.COLD_LEAD),
        Wanted(has_stopped=True),
        Wanted(due_by=stored_date(date(2026, 11, 24))),
        Wanted(text="ames"),
        Wanted(text="p12@"),
    ],
)
async def test_no_list_scans_the_collection_or_sorts_more_than_a_few(
    ctx: Context, people: list[Raw], wanted: Wanted
) -> None:
    """The plans of everything that a page asks of the patients, as the database's profiler saw them."""
    database = ctx.database.handle
    await database.command("profile", 2)
    try:
        first = await patient_directory.page(wanted, now=ctx.now(), limit=5)
        await patient_directory.page(wanted, now=ctx.now(), limit=5, cursor=first.next_cursor)
    finally:
        await database.command("profile", 0)
    seen = await database["system.profile"].find({"ns": f"{database.name}.patients", "op": "query"}).to_list()
    await database["system.profile"].drop()
    assert seen
    assert not [row["planSummary"] for row in seen if "COLLSCAN" in row["planSummary"]]
    if not wanted.text:
        assert not [row for row in seen if row.get("hasSortStage")]


async def found(ctx: Context, text: str) -> list[str]:
    page = await patient_directory.page(Wanted(text=text, region="US"), now=ctx.now(), limit=5)
    return [row["name"] for row in page.rows]


@pytest.mark.parametrize("text", ["+1 (202) 555", "ROY@EXAMPLE", "émile l", "le roy", "e.roy+kids", "202555"])
async def test_a_person_is_found_by_any_part_however_it_is_written(ctx: Context, text: str) -> None:
    await make_clinic()
    await make_patient(ctx, name="Émile Le Roy", email="e.roy+kids.roy@example.com", phone="+12025550171")
    await make_patient(ctx, name="Ben Ali", email="ben@example.org", phone="+13035550171")
    assert await found(ctx, text) == ["Émile Le Roy"]


async def test_addresses_are_looked_through_for_what_is_in_no_name(ctx: Context) -> None:
    await make_clinic()
    await make_patient(ctx, name="Ann Ames", email="ann@example.com", phone=None)
    await make_patient(ctx, name="Ben Ali", email="ann.ali@example.org", phone=None)
    assert await found(ctx, "ann") == ["Ann Ames"]
    assert await found(ctx, "ann.") == ["Ben Ali"]
    assert await found(ctx, "ann@") == ["Ann Ames"]
    assert await found(ctx, "EXAMPLE") == ["Ann Ames", "Ben Ali"]
    assert await found(ctx, "nobody") == []


async def test_a_name_of_a_record_that_is_gone_hides_nobody(ctx: Context) -> None:
    await make_clinic()
    gone = await make_patient(ctx, name="Ann Ames", email=None)
    await Patient.collection().update_one({"_id": gone.id}, {"$set": {"merged_into": PydanticObjectId()}})
    await make_patient(ctx, name="Ann Smith", email="ann.ames@example.com", phone=None)
    assert await found(ctx, "ames") == ["Ann Smith"]


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("2025550101", ["by_phone"]),
        ("(999) 555", ["by_phone"]),
        ("9995550101", ["by_phone", "by_email"]),
        ("Émile Roy", ["name_parts"]),
        ("roy", ["name_parts"]),
        ("p12", ["name_parts", "by_email"]),
        ("p12@", ["by_email"]),
    ],
)
async def test_only_the_indexes_that_can_hold_the_words_are_looked_through(
    ctx: Context, people: list[Raw], text: str, indexes: list[str]
) -> None:
    database = ctx.database.handle
    await database.command("profile", 2)
    try:
        await found(ctx, text)
    finally:
        await database.command("profile", 0)
    seen = await database["system.profile"].find({"ns": f"{database.name}.patients", "op": "query"}).to_list()
    await database["system.profile"].drop()
    hints = [row["command"]["hint"] for row in seen if isinstance(row["command"].get("hint"), str)]
    looked = [hint for hint in hints if hint in patient_directory.PARTS.values()]
    assert looked == indexes, "each of them once, addresses last"
