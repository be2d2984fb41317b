"""Staff accounts as an admin manages them (api.md section 1)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2
import pytest

from app.models.enums import AppointmentStatus, Role
from app.models.records import AuditEntry
from app.models.users import User
from tests.api.conftest import House
from tests.api.passwords import CHEAP_HASH, PASSWORD
from tests.api.shapes import HEX_ID, INSTANT, PAGINATION, Maybe, accepted, refused
from tests.factories import make_provider, make_user, token_for

ME, LOGIN = "/api/v1/users/me", "/api/v1/auth/login"
UNKNOWN = "0" * 24
NEW_PASSWORD = "a-lamp-under-the-old-bridge"
FRIDA = {
    "name": "Frida Front",
    "email": "frida@example.com",
    "password": "a-long-enough-passphrase",
    "role": "front_desk",
}
USER = {
    "user_id": HEX_ID,
    "name": str,
    "email": str,
    "role": str,
    "title": Maybe(str),
    "is_active": bool,
    "services": [str],
    "created_at": INSTANT,
}


async def patch(house: House, user: User | str, body: Any, by: User | None = None) -> httpx2.Response:
    path = f"/api/v1/admin/users/{user if isinstance(user, str) else user.id}"
    headers = token_for(house.ctx, by) if by else house.staff
    return await house.http.patch(path, json=body, headers=headers)


async def delete(house: House, user: User | str, by: User | None = None) -> httpx2.Response:
    path = f"/api/v1/admin/users/{user if isinstance(user, str) else user.id}"
    return await house.http.delete(path, headers=token_for(house.ctx, by) if by else house.staff)


async def stored(user: User) -> User:
    found = await User.get(user.id)
    assert found is not None
    return found


async def actions(house: House) -> list[str]:
    return [entry.action for entry in await AuditEntry.find_all().sort("_id").to_list()]


async def works(house: House, headers: dict[str, str]) -> bool:
    answer = await house.http.get(ME, headers=headers)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


class TestCreate:
    async def test_can_sign_in_at_once(self, house: House) -> None:
        body = accepted(await house.post("users", FRIDA | {"title": "Receptionist"}), 201, {"user_id": HEX_ID})
        credentials = {"email": FRIDA["email"], "password": FRIDA["password"]}
        token = (await house.http.post(LOGIN, json=credentials)).json()["access_token"]
        me = (await house.http.get(ME, headers={"Authorization": f"Bearer {token}"})).json()
        assert me["user_id"] == body["user_id"]
        assert (me["role"], me["access_role"]) == ("Receptionist", "front_desk")

    async def test_the_password_is_stored_as_an_argon2_hash(self, house: House) -> None:
        body = accepted(await house.post("users", FRIDA), 201, {"user_id": HEX_ID})
        user = await User.get(body["user_id"])
        assert user is not None
        assert user.hashed_password.startswith("$argon2id$")
        assert FRIDA["password"] not in user.model_dump_json()

    async def test_an_e_mail_belongs_to_one_account(self, house: House) -> None:
        await make_user(house.ctx, email="frida@example.com")
        refused(await house.post("users", FRIDA | {"email": "FRIDA@example.com"}), 409, "CONFLICT")
        assert await actions(house) == []

    @pytest.mark.parametrize(
        "fields",
        [
            {"password": "x" * 11},
            {"password": "x" * 129},
            {"password": None},
            {"password": "nul\x00in-the-middle"},
            {"password": "frida@example.com"},
            {"password": "FRIDA@EXAMPLE.COM"},
            {"name": "Frida van der Front", "password": "frida van der front"},
            {"email": "frida"},
            {"role": "owner"},
            {"role": None},
            {"name": ""},
            {"token_version": 3},
            {"is_active": False},
            {"hashed_password": "x"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        refused(await house.post("users", FRIDA | fields), 422, "VALIDATION_ERROR")
        assert await User.find_one({"email": "frida@example.com"}) is None

    @pytest.mark.parametrize("length", [12, 128])
    async def test_the_bounds_of_a_password(self, house: House, length: int) -> None:
        accepted(await house.post("users", FRIDA | {"password": "x" * length}), 201, {"user_id": HEX_ID})


class TestList:
    async def test_a_page_by_name(self, house: House) -> None:
        for name in ("Zoe", "Ann", "Mia"):
            await make_user(house.ctx, Role.FRONT_DESK, name=name, title="Receptionist")
        answer = await house.get("users", role="front_desk", limit=2)
        body = accepted(answer, 200, {"pagination": PAGINATION, "users": [USER]})
        assert [user["name"] for user in body["users"]] == ["Ann", "Mia"]
        assert body["pagination"] == {"total_items": 3, "total_pages": 2, "current_page": 1, "next_cursor": None}
        second = (await house.get("users", role="front_desk", limit=2, page=2)).json()
        assert [user["name"] for user in second["users"]] == ["Zoe"]
        assert (await house.get("users", role="front_desk", limit=2, page=3)).json()["users"] == []

    async def test_never_shows_a_hash_or_a_token_version(self, house: House) -> None:
        user = await make_user(house.ctx, hashed_password=CHEAP_HASH)
        for path in ("users", f"users/{user.id}"):
            text = (await house.get(path)).text
            for secret in ("argon2", "hashed", "token_version", "vouched"):
                assert secret not in text

    async def test_by_whether_they_are_active(self, house: House) -> None:
        gone = await make_user(house.ctx, Role.MANAGER, is_active=False)
        assert [u["user_id"] for u in (await house.get("users", is_active=False)).json()["users"]] == [str(gone.id)]
        assert str(gone.id) not in (await house.get("users", is_active=True)).text
        assert str(gone.id) in (await house.get("users")).text

    @pytest.mark.parametrize("params", [{"role": "owner"}, {"is_active": "perhaps"}, {"page": 0}, {"limit": 101}])
    async def test_parameters_that_are_not_valid(self, house: House, params: dict[str, Any]) -> None:
        refused(await house.get("users", **params), 422, "VALIDATION_ERROR")


class TestGet:
    async def test_one(self, house: House) -> None:
        body = accepted(await house.get(f"users/{house.provider.id}"), 200, USER)
        assert (body["user_id"], body["role"], body["services"]) == (str(house.provider.id), "provider", ["checkup"])

    @pytest.mark.parametrize("user_id", [UNKNOWN, "me"])
    async def test_nobody(self, house: House, user_id: str) -> None:
        refused(await house.get(f"users/{user_id}"), 404 if user_id == UNKNOWN else 422)


class TestChange:
    async def test_name_e_mail_and_title_change_and_the_tokens_live_on(self, house: House) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK, title="Receptionist")
        headers = token_for(house.ctx, user)
        answer = await patch(house, user, {"name": "Nia New", "email": "NIA@Example.com", "title": None})
        body = accepted(answer, 200, USER)
        assert (body["name"], body["email"], body["title"]) == ("Nia New", "nia@example.com", None)
        assert await works(house, headers)
        [entry] = await AuditEntry.find({"action": "user.updated"}).to_list()
        assert (entry.actor, entry.document_id) == (f"user:{house.admin.id}", str(user.id))
        assert entry.details == {"fields": ["email", "name", "title"]}

    async def test_a_new_role_counts_at_once_and_ends_the_tokens(self, house: House) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK)
        headers = token_for(house.ctx, user)
        assert accepted(await patch(house, user, {"role": "manager"}), 200, USER)["role"] == "manager"
        assert not await works(house, headers)
        assert await works(house, token_for(house.ctx, await stored(user)))
        [entry] = await AuditEntry.find({"action": "user.updated"}).to_list()
        assert entry.details == {"fields": ["role"], "role": "manager"}

    async def test_deactivated_and_active_again(self, house: House) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK, email="frida@example.com", hashed_password=CHEAP_HASH)
        headers = token_for(house.ctx, user)
        assert accepted(await patch(house, user, {"is_active": False}), 200, USER)["is_active"] is False
        assert not await works(house, headers)
        credentials = {"email": "frida@example.com", "password": PASSWORD}
        refused(await house.http.post(LOGIN, json=credentials), 401)
        assert accepted(await patch(house, user, {"is_active": True}), 200, USER)["is_active"] is True
        assert not await works(house, headers)
        assert (await house.http.post(LOGIN, json=credentials)).status_code == 200

    @pytest.mark.parametrize("body", [{}, {"role": "front_desk"}, {"is_active": True, "title": None}])
    async def test_what_changes_nothing_writes_nothing(self, house: House, body: dict[str, Any]) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK)
        accepted(await patch(house, user, body), 200, USER)
        assert await stored(user) == user
        assert await actions(house) == []

    async def test_the_e_mail_of_another(self, house: House) -> None:
        user = await make_user(house.ctx)
        refused(await patch(house, user, {"name": "X", "email": house.provider.email.upper()}), 409, "CONFLICT")
        assert await stored(user) == user
        assert await actions(house) == []

    @pytest.mark.parametrize(
        "body",
        [
            {"name": ""},
            {"name": None},
            {"role": None, "is_active": None},
            {"name": "a\nb"},
            {"email": "a@x.org, b@x.org"},
            {"email": {"$ne": None}},
            {"role": "owner"},
            {"is_active": "perhaps"},
            {"password": "a-long-enough-passphrase"},
            {"token_version": 0},
            {"services": []},
            [],
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, body: Any) -> None:
        user = await make_user(house.ctx)
        refused(await patch(house, user, body), 422, "VALIDATION_ERROR")
        assert await stored(user) == user

    async def test_nobody(self, house: House) -> None:
        refused(await patch(house, UNKNOWN, {"name": "X"}), 404, "NOT_FOUND")

    async def test_two_changes_of_different_fields_at_once_are_both_kept(self, house: House) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK)
        answers = await asyncio.gather(
            patch(house, user, {"name": "Nia New"}), patch(house, user, {"title": "Receptionist"})
        )
        assert {answer.status_code for answer in answers} == {200}
        after = await stored(user)
        assert (after.name, after.title) == ("Nia New", "Receptionist")


class TestDeactivate:
    async def test_ends_the_tokens_and_keeps_the_document(self, house: House) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK)
        headers = token_for(house.ctx, user)
        assert (await delete(house, user)).status_code == 204
        assert not await works(house, headers)
        assert accepted(await house.get(f"users/{user.id}"), 200, USER)["is_active"] is False
        assert await actions(house) == ["user.deactivated"]

    async def test_a_second_time_changes_nothing(self, house: House) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK)
        await delete(house, user)
        before = await stored(user)
        answer = await delete(house, user)
        assert (answer.status_code, answer.content) == (204, b"")
        assert await stored(user) == before
        assert await actions(house) == ["user.deactivated"]

    async def test_nobody(self, house: House) -> None:
        refused(await delete(house, UNKNOWN), 404, "NOT_FOUND")

    async def test_a_provider_disappears_from_the_free_times(self, house: House) -> None:
        month: dict[str, Any] = {"month": 11, "year": 2026, "service_id": "checkup"}
        await make_provider(house.ctx, ["checkup"])
        assert (await house.http.get("/api/v1/availability", params=month)).json()
        gone: dict[str, Any] = {"provider_id": str(house.provider.id), **month}
        assert (await house.http.get("/api/v1/availability", params=gone)).json()
        assert (await delete(house, house.provider)).status_code == 204
        assert (await house.http.get("/api/v1/availability", params=month)).json()
        refused(await house.http.get("/api/v1/availability", params=gone), 404, "NOT_FOUND")

    @pytest.mark.parametrize("way", ["delete", "patch"])
    async def test_a_provider_with_booked_visits_stays(self, house: House, way: str) -> None:
        for time in ("10:00", "11:00"):
            visit = await house.desk(at=f"2026-11-24T{time}", email=f"a{time[:2]}@example.com")
            assert visit.json()["provider_id"] == str(house.provider.id)
        call = delete(house, house.provider) if way == "delete" else patch(house, house.provider, {"is_active": False})
        body = refused(await call, 409, "FUTURE_VISITS")
        assert body["future_visits"] == 2
        assert (await stored(house.provider)).is_active

    @pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.COMPLETED])
    async def test_visits_that_are_over_or_cancelled_hold_nobody(self, house: House, status: AppointmentStatus) -> None:
        visit = (await house.desk()).json()
        rows = house.ctx.database.handle["appointments"]
        await rows.update_one({}, {"$set": {"status": status}, "$unset": {"slot_keys": ""}})
        assert visit["provider_id"] == str(house.provider.id)
        assert (await delete(house, house.provider)).status_code == 204

    @pytest.mark.parametrize("way", ["delete", "patch"])
    async def test_oneself_stays(self, house: House, way: str) -> None:
        await make_user(house.ctx, Role.ADMIN)
        call = delete(house, house.admin) if way == "delete" else patch(house, house.admin, {"is_active": False})
        refused(await call, 409, "OWN_ACCOUNT")
        assert (await stored(house.admin)).is_active


TwoCalls = Callable[[House, User, User], tuple[Coroutine[Any, Any, httpx2.Response], ...]]
LESS = {"role": "manager"}
EACH_OTHER: dict[str, TwoCalls] = {
    "deactivate each other": lambda house, ann, ben: (delete(house, ann, by=ben), delete(house, ben, by=ann)),
    "demote each other": lambda house, ann, ben: (patch(house, ann, LESS, by=ben), patch(house, ben, LESS, by=ann)),
    "demote themselves": lambda house, ann, ben: (patch(house, ann, LESS, by=ann), patch(house, ben, LESS, by=ben)),
    "one of each": lambda house, ann, ben: (delete(house, ann, by=ben), patch(house, ben, LESS, by=ben)),
}


class TestLastAdmin:
    async def test_may_not_become_anything_else(self, house: House) -> None:
        await make_user(house.ctx, Role.ADMIN, is_active=False)
        refused(await patch(house, house.admin, {"role": "manager"}), 409, "LAST_ADMIN")
        assert (await stored(house.admin)).role is Role.ADMIN
        assert await actions(house) == []

    async def test_may_when_another_stays(self, house: House) -> None:
        await make_user(house.ctx, Role.ADMIN)
        assert (await patch(house, house.admin, {"role": "manager"})).status_code == 200

    async def test_an_inactive_admin_may_become_anything(self, house: House) -> None:
        gone = await make_user(house.ctx, Role.ADMIN, is_active=False)
        assert (await patch(house, gone, {"role": "manager"})).status_code == 200

    @pytest.mark.parametrize("way", EACH_OTHER.values(), ids=EACH_OTHER)
    async def test_two_admins_at_once_leave_one(self, house: House, way: TwoCalls) -> None:
        """A transaction that only reads "another admin stays" would let both pass: write skew (trust.md 2.1)."""
        for _ in range(5):
            await User.find({"role": Role.ADMIN}).delete()
            ann, ben = [await make_user(house.ctx, Role.ADMIN) for _ in range(2)]
            answers = await asyncio.gather(*way(house, ann, ben))
            assert sum(answer.is_success for answer in answers) == 1, [answer.text for answer in answers]
            assert await User.find({"role": Role.ADMIN, "is_active": True}).count() == 1

    async def test_of_five_who_go_at_once_one_stays(self, house: House) -> None:
        others = [await make_user(house.ctx, Role.ADMIN) for _ in range(4)]
        everybody = [house.admin, *others]
        answers = await asyncio.gather(*(patch(house, user, {"role": "manager"}, by=user) for user in everybody))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 409]
        assert await User.find({"role": Role.ADMIN, "is_active": True}).count() == 1


class TestResetPassword:
    async def test_the_new_one_works_the_old_one_and_the_tokens_do_not(self, house: House) -> None:
        user = await make_user(house.ctx, Role.FRONT_DESK, email="frida@example.com", hashed_password=CHEAP_HASH)
        headers = token_for(house.ctx, user)
        answer = await house.post(f"users/{user.id}/password", {"new_password": NEW_PASSWORD})
        assert (answer.status_code, answer.content) == (204, b"")
        assert not await works(house, headers)
        tried = {
            password: (
                await house.http.post(LOGIN, json={"email": "frida@example.com", "password": password})
            ).status_code
            for password in (PASSWORD, NEW_PASSWORD)
        }
        assert tried == {PASSWORD: 401, NEW_PASSWORD: 200}
        [entry] = await AuditEntry.find({"action": "user.password_reset"}).to_list()
        assert (entry.actor, entry.document_id) == (f"user:{house.admin.id}", str(user.id))
        assert NEW_PASSWORD not in entry.model_dump_json()

    @pytest.mark.parametrize("password", ["x" * 11, "x" * 129, "frida@example.com", None, 123456789012])
    async def test_what_no_password_may_be(self, house: House, password: Any) -> None:
        user = await make_user(house.ctx, email="frida@example.com")
        answer = await house.post(f"users/{user.id}/password", {"new_password": password})
        refused(answer, 422, "VALIDATION_ERROR")
        assert str(password) not in answer.text
        assert await stored(user) == user

    async def test_nobody(self, house: House) -> None:
        refused(await house.post(f"users/{UNKNOWN}/password", {"new_password": NEW_PASSWORD}), 404, "NOT_FOUND")
