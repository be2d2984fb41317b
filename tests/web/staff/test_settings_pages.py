"""The settings at the dashboard: who may change what, refusals beside their field, previews that write nothing."""

from typing import Any

import pytest

from app.context import Context
from app.models.clinic import Clinic
from app.models.enums import Role
from app.models.records import AuditEntry
from app.models.services import Service
from app.models.users import User
from app.web.staff.clinic_forms import facts_typed, hours_typed, outreach_typed
from tests.factories import make_user
from tests.web.staff.conftest import Seat, Seated

pytestmark = pytest.mark.usefixtures("open_clinic")

SCRIPT = "<script>alert(1)</script>"
SERVICE = {
    "name": "Deep cleaning",
    "duration_minutes": "45",
    "price": "120",
    "buffer_before_minutes": "0",
    "buffer_after_minutes": "10",
}
NEW_USER = {"name": "Sofia Stern", "email": "sofia@example.com", "role": "manager", "password": "a-long-passphrase"}
ROOMS = ("", "/hours", "/outreach", "/booking", "/services", "/providers", "/channels")


async def facts(**changed: str) -> dict[str, str]:
    return {name: str(value) for name, value in facts_typed(await Clinic.load()).items()} | changed


async def outreach(**changed: Any) -> dict[str, Any]:
    typed = {name: str(value) for name, value in outreach_typed(await Clinic.load()).items() if name != "send_days"}
    return typed | {"send_days": ["mon", "tue"]} | changed


class TestWhoMay:
    @pytest.mark.parametrize("role", Role)
    async def test_everybody_reads_what_decides_their_work(self, seat: Seated, role: Role) -> None:
        somebody = await seat(role)
        for path in ROOMS:
            assert (await somebody.get(f"/settings{path}")).status_code == 200, path

    @pytest.mark.parametrize(("path", "roles"), [("/users", {Role.ADMIN}), ("/audit", {Role.ADMIN, Role.MANAGER})])
    async def test_users_and_the_log_are_for_few(self, seat: Seated, path: str, roles: set[Role]) -> None:
        for role in Role:
            status = (await (await seat(role)).get(f"/settings{path}")).status_code
            assert (status == 200) is (role in roles), role

    @pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROVIDER])
    async def test_nobody_else_changes_anything(self, ctx: Context, seat: Seated, role: Role) -> None:
        somebody, [provider] = await seat(role), await User.providers_of()
        writes: dict[str, dict[str, Any]] = {
            "form/clinic": await facts(name="Mine"),
            "preview/clinic": await facts(name="Mine"),
            "drop-plan": {},
            "services/new": SERVICE,
            "services/checkup": SERVICE,
            "services/checkup/delete": {},
            f"providers/{provider.id}": {"services": ["checkup"]},
            "users/new": NEW_USER,
            f"users/{somebody.user.id}": {"role": "admin", "name": "x", "email": "x@example.com"},
            f"users/{somebody.user.id}/password": {"new_password": "quite-another-one"},
            f"users/{provider.id}/open": {"is_active": "false"},
        }
        before = await AuditEntry.count()
        for path, form in writes.items():
            assert (await somebody.post(f"/settings/{path}", **form)).status_code == 403, path
        assert await AuditEntry.count() == before


class TestClinic:
    async def test_facts_are_saved_and_shown(self, seat: Seated) -> None:
        manager = await seat(Role.MANAGER)
        done = await manager.post("/settings/form/clinic", **await facts(name="New name", phone="(518) 555-0142"))
        assert (done.status_code, done.headers["hx-redirect"]) == (204, "/staff/settings?saved=1")
        stored = await Clinic.load()
        assert (stored.name, stored.phone) == ("New name", "+15185550142")

    @pytest.mark.parametrize(
        ("form", "changed", "problem"),
        [
            ("clinic", {"name": ""}, "name-problem"),
            ("clinic", {"time_zone": "Mars/Olympus"}, "time_zone-problem"),
            ("clinic", {"accent": "red"}, "accent-problem"),
            ("hours", {"hours_mon": "9-8"}, "hours_mon-problem"),
            ("hours", {"hours_mon": "early"}, "hours_mon-problem"),
            ("hours", {"holidays": "Christmas"}, "holidays-problem"),
            ("outreach", {"max_attempts": "0"}, "max_attempts-problem"),
            ("outreach", {"spacing_days": "3, soon"}, "spacing_days-problem"),
            ("outreach", {"send_days": []}, "send_days-problem"),
            ("booking", {"reminders": "tomorrow"}, "reminders-problem"),
        ],
    )
    async def test_what_cannot_be_is_said_beside_its_field_and_kept(
        self, seat: Seated, form: str, changed: dict[str, Any], problem: str
    ) -> None:
        before = await Clinic.load()
        typed = {"clinic": await facts(), "hours": hours_typed(before), "outreach": await outreach(), "booking": {}}
        answer = await (await seat()).post(f"/settings/form/{form}", **(typed[form] | changed))
        assert answer.status_code == 422
        assert f'id="{problem}"' in answer.text
        for value in changed.values():
            assert not value or str(value) in answer.text
        assert await Clinic.load() == before

    async def test_hours_are_read_as_people_write_them(self, seat: Seated) -> None:
        form = {"hours_mon": "9-12, 13:00 – 17:30", "hours_sat": "", "holidays": "2026-12-25\n2026-12-26"}
        assert (await (await seat()).post("/settings/form/hours", **form)).status_code == 204
        stored = await Clinic.load()
        assert stored.opening_hours == {"mon": [("09:00", "12:00"), ("13:00", "17:30")]}
        assert [day.isoformat() for day in stored.holidays] == ["2026-12-25", "2026-12-26"]

    async def test_a_preview_changes_nothing(self, seat: Seated) -> None:
        before = await Clinic.load()
        shown = await (await seat()).post("/settings/preview/outreach", **await outreach(max_attempts="5"))
        assert "Nothing is saved yet" in shown.text
        assert await Clinic.load() == before

    async def test_a_rule_of_the_clinic_refuses_in_the_form(self, seat: Seated) -> None:
        answer = await (await seat()).post("/settings/form/outreach", **await outreach(send_from="20:00"))
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text

    async def test_a_later_day_waits_and_can_be_taken_back(self, seat: Seated) -> None:
        somebody = await seat()
        await somebody.post("/settings/form/outreach", **await outreach(max_attempts="5", effective_from="2026-12-01"))
        assert (await Clinic.load()).outreach.max_attempts == 3
        assert "A change waits for" in (await somebody.get("/settings/outreach")).text
        await somebody.post("/settings/drop-plan")
        assert (await Clinic.load()).pending is None

    async def test_a_form_that_does_not_exist(self, seat: Seated) -> None:
        assert (await (await seat()).post("/settings/form/secrets")).status_code == 404


class TestServices:
    async def test_adding_changing_and_ending_one(self, seat: Seated) -> None:
        somebody = await seat()
        assert (await somebody.post("/settings/services/new", **SERVICE)).status_code == 204
        stored = await Service.get("deep_cleaning")
        assert stored
        assert (stored.price, stored.is_public) == (120.0, False)
        assert (await somebody.post("/settings/services/new", **SERVICE)).status_code == 409
        changed = SERVICE | {"price": "", "is_public": "on"}
        assert (await somebody.post("/settings/services/deep_cleaning", **changed)).status_code == 204
        stored = await Service.get("deep_cleaning")
        assert stored
        assert (stored.price, stored.is_public) == (None, True)
        for _ in range(2):
            assert (await somebody.post("/settings/services/deep_cleaning/delete")).status_code == 204
        assert await Service.get("deep_cleaning") is None

    async def test_minutes_that_cannot_be(self, seat: Seated) -> None:
        answer = await (await seat()).post("/settings/services/new", **(SERVICE | {"duration_minutes": "7"}))
        assert (answer.status_code, 'id="duration_minutes-problem"' in answer.text) == (422, True)


class TestProviders:
    async def post(self, somebody: Seat, **form: Any) -> Any:
        [provider] = await User.providers_of()
        return await somebody.post(f"/settings/providers/{provider.id}", **form)

    async def test_hours_days_off_and_services(self, seat: Seated) -> None:
        form = {
            "hours_mon": "8-12",
            "overrides": "2026-12-24 10:00-14:00\n2026-12-31 closed",
            "time_off": "2026-12-21 to 2026-12-23\n2027-01-04 09:00 to 2027-01-04 12:00",
            "services": ["checkup"],
        }
        answer = await self.post(await seat(), **form)
        assert answer.status_code == 200
        assert "2026-12-21 to 2026-12-23" in answer.text
        assert "2027-01-04 09:00 to 2027-01-04 12:00" in answer.text
        [provider] = await User.providers_of()
        assert provider.schedule.weekly == {"mon": [("08:00", "12:00")]}
        assert [each.periods for each in provider.schedule.overrides] == [[("10:00", "14:00")], []]
        assert provider.services == ["checkup"]

    @pytest.mark.parametrize(
        ("form", "problem"),
        [
            ({"time_off": "over Christmas"}, "time_off-problem"),
            ({"time_off": "2026-12-23 to 2026-12-21"}, "time_off-problem"),
            ({"overrides": "24 December"}, "overrides-problem"),
            ({"hours_tue": "all day"}, "hours_tue-problem"),
        ],
    )
    async def test_what_cannot_be_read(self, seat: Seated, form: dict[str, str], problem: str) -> None:
        answer = await self.post(await seat(), **form, services=["checkup"])
        assert (answer.status_code, f'id="{problem}"' in answer.text) == (422, True)


class TestUsers:
    async def test_a_new_account_and_its_end(self, seat: Seated) -> None:
        admin = await seat(Role.ADMIN)
        assert (await admin.post("/settings/users/new", **NEW_USER)).status_code == 204
        [made] = await User.find({"email": NEW_USER["email"]}).to_list()
        assert (await admin.post(f"/settings/users/{made.id}/open", is_active="false")).status_code == 204
        assert not (await User.find_one({"_id": made.id})).is_active  # type: ignore[union-attr]

    async def test_a_taken_address_is_said_and_the_password_is_not_sent_back(self, ctx: Context, seat: Seated) -> None:
        await make_user(ctx, email=NEW_USER["email"])
        answer = await (await seat()).post("/settings/users/new", **NEW_USER)
        assert answer.status_code == 422
        assert NEW_USER["password"] not in answer.text
        assert NEW_USER["name"] in answer.text

    async def test_nobody_closes_their_own_account(self, seat: Seated) -> None:
        admin = await seat(Role.ADMIN)
        answer = await admin.post(f"/settings/users/{admin.user.id}/open", is_active="false")
        assert (answer.status_code, answer.headers["hx-retarget"]) == (409, "#notices")

    async def test_a_password_that_is_too_short(self, seat: Seated) -> None:
        admin = await seat(Role.ADMIN)
        other = await seat(Role.PROVIDER)
        answer = await admin.post(f"/settings/users/{other.user.id}/password", new_password="short")
        assert answer.status_code == 422


async def test_the_log_is_read_by_cursor_and_the_read_is_written_down(seat: Seated) -> None:
    admin = await seat(Role.ADMIN)
    for number in range(51):
        await admin.post("/settings/form/clinic", **await facts(name=f"Name {number}"))
    page = (await admin.get("/settings/audit", action="clinic.updated")).text
    assert "Older entries" in page
    assert await AuditEntry.find({"action": "audit.read"}).count() == 1
    assert "Nothing matches" in (await admin.get("/settings/audit", action="nothing.such")).text


async def test_a_script_is_text_everywhere(ctx: Context, seat: Seated) -> None:
    somebody, [provider] = await seat(Role.ADMIN), await User.providers_of()
    await somebody.post("/settings/form/clinic", **await facts(name=SCRIPT, address=SCRIPT, tone=SCRIPT))
    await somebody.post("/settings/services/new", **(SERVICE | {"name": SCRIPT}))
    await provider.set({"name": SCRIPT, "title": SCRIPT})
    [made] = await Service.find({"name": SCRIPT}).to_list()
    paths = (*ROOMS, "/users", "/audit", f"/services/{made.id}", f"/providers/{provider.id}", f"/users/{provider.id}")
    for path in paths:
        page = (await somebody.get(f"/settings{path}")).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;" in page, path
