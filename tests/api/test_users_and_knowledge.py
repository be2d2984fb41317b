"""Staff accounts and the clinic's articles (api.md sections 1 and 4)."""

from typing import Any

import pytest

from app.models.knowledge import KnowledgeArticle
from app.models.users import User
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, NUMBER, Maybe, accepted, refused
from tests.factories import make_article, make_user

FRIDA = {
    "name": "Frida Front",
    "email": "frida@example.com",
    "password": "a-long-enough-passphrase",
    "role": "front_desk",
}
ARTICLE = {"title": "Whitening", "body": "# Whitening\nWhitening costs 400 dollars and takes one hour."}
TRIED = {"answer": Maybe(str), "article_id": Maybe(HEX_ID), "confidence": NUMBER}


class TestCreateUser:
    async def test_can_sign_in_at_once(self, house: House) -> None:
        body = accepted(await house.post("users", FRIDA | {"title": "Receptionist"}), 201, {"user_id": HEX_ID})
        credentials = {"email": FRIDA["email"], "password": FRIDA["password"]}
        token = (await house.http.post("/api/v1/auth/login", json=credentials)).json()["access_token"]
        me = (await house.http.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})).json()
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

    @pytest.mark.parametrize(
        "fields",
        [
            {"password": "x" * 11},
            {"password": "x" * 129},
            {"password": None},
            {"email": "frida"},
            {"role": "owner"},
            {"role": None},
            {"name": ""},
            {"token_version": 3},
            {"hashed_password": "x"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        refused(await house.post("users", FRIDA | fields), 422, "VALIDATION_ERROR")
        assert await User.find_one({"email": "frida@example.com"}) is None

    @pytest.mark.parametrize("length", [12, 128])
    async def test_the_bounds_of_a_password(self, house: House, length: int) -> None:
        accepted(await house.post("users", FRIDA | {"password": "x" * length}), 201, {"user_id": HEX_ID})


class TestArticles:
    async def test_created(self, house: House) -> None:
        body = accepted(await house.post("knowledge", ARTICLE | {"tags": ["price"]}), 201, {"article_id": HEX_ID})
        article = await KnowledgeArticle.get(body["article_id"])
        assert article is not None
        assert (article.title, article.tags, article.is_published) == ("Whitening", ["price"], True)
        assert article.updated_by is not None

    @pytest.mark.parametrize(
        "fields", [{"title": ""}, {"body": ""}, {"body": "x" * 20_001}, {"tags": "price"}, {"version": 9}]
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        refused(await house.post("knowledge", ARTICLE | fields), 422, "VALIDATION_ERROR")
        assert await KnowledgeArticle.find_all().count() == 0


class TestTryAQuestion:
    async def test_what_an_article_holds_is_answered_with_its_source(self, house: House) -> None:
        made = accepted(await house.post("knowledge", ARTICLE), 201, {"article_id": HEX_ID})
        answer = await house.post("knowledge/try", {"question": "How much does whitening cost?"})
        body = accepted(answer, 200, TRIED)
        assert body["article_id"] == made["article_id"]
        assert "400" in body["answer"]
        assert 0 < body["confidence"] <= 1

    async def test_what_no_article_holds_is_left_to_a_person(self, house: House) -> None:
        await house.post("knowledge", ARTICLE)
        answer = await house.post("knowledge/try", {"question": "Do you repair bicycles?"})
        assert accepted(answer, 200, TRIED) == {"answer": None, "article_id": None, "confidence": 0.0}

    async def test_a_draft_answers_nobody(self, house: House) -> None:
        await make_article(house.ctx, ARTICLE["title"], ARTICLE["body"], is_published=False)
        answer = await house.post("knowledge/try", {"question": "How much does whitening cost?"})
        assert accepted(answer, 200, TRIED)["answer"] is None

    @pytest.mark.parametrize("body", [{}, {"question": ""}, {"question": "x" * 1_001}, {"question": ["why"]}])
    async def test_no_question(self, house: House, body: dict[str, Any]) -> None:
        refused(await house.post("knowledge/try", body), 422, "VALIDATION_ERROR")
