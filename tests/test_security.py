"""Passwords, access tokens, link tokens and signatures, each by itself (app/security.py)."""

import asyncio
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from app.errors import AuthenticationError, UnavailableError
from app.security import (
    HASHES_AT_ONCE,
    MOST_CHECKS,
    PasswordHasher,
    hash_link_token,
    issue_access_token,
    new_link_token,
    password_problem,
    read_access_token,
    sign_body,
    verify_signature,
)
from app.settings import Settings
from tests.api.passwords import CHEAP_HASH, PASSWORD
from tests.conftest import make_settings

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
BODY = b'{"channel":"sms"}'


@pytest.fixture
def hasher() -> PasswordHasher:
    return PasswordHasher()


class TestPasswordHasher:
    async def test_a_hash_is_argon2id_and_never_the_same_twice(self, hasher: PasswordHasher) -> None:
        first, second = await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)
        assert first.startswith("$argon2id$")
        assert first != second
        assert await hasher.verify(PASSWORD, first)
        assert await hasher.verify(PASSWORD, second)

    @pytest.mark.parametrize("password", ["", PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], "\x00"])
    async def test_any_other_password_is_wrong(self, hasher: PasswordHasher, password: str) -> None:
        assert not await hasher.verify(password, CHEAP_HASH)

    @pytest.mark.parametrize("password", ["x" * 128, "\U0001f9b7" * 128, "pass\x00word", "  spaces  "])
    async def test_every_character_counts(self, hasher: PasswordHasher, password: str) -> None:
        """No truncation (bcrypt stopped at 72 bytes) and none at a NUL."""
        hashed = await hasher.hash(password)
        assert await hasher.verify(password, hashed)
        assert not await hasher.verify(password[:-1], hashed)

    @pytest.mark.parametrize("hashed", [None, "", "!", "plain-text", "$2b$12$" + "x" * 53])
    async def test_nobody_has_no_password_and_neither_has_what_is_no_argon2_hash(
        self, hasher: PasswordHasher, hashed: str | None
    ) -> None:
        assert await hasher.verify_and_update(PASSWORD, hashed) == (False, None)

    async def test_a_weaker_hash_of_the_right_password_is_made_anew(self, hasher: PasswordHasher) -> None:
        is_right, upgraded = await hasher.verify_and_update(PASSWORD, CHEAP_HASH)
        assert is_right
        assert upgraded is not None
        assert await hasher.verify_and_update(PASSWORD, upgraded) == (True, None)

    async def test_a_weaker_hash_of_another_password_is_not(self, hasher: PasswordHasher) -> None:
        assert await hasher.verify_and_update("wrong", CHEAP_HASH) == (False, None)

    async def test_who_waits_too_long_is_refused(self) -> None:
        hasher = PasswordHasher(longest_wait=0.01)
        workers = [object() for _ in range(HASHES_AT_ONCE)]
        for worker in workers:
            hasher._limiter.acquire_on_behalf_of_nowait(worker)
        for work in (hasher.verify(PASSWORD, CHEAP_HASH), hasher.hash(PASSWORD)):
            with pytest.raises(UnavailableError) as refusal:
                await work
            assert refusal.value.retry_after == 2
        for worker in workers:
            hasher._limiter.release_on_behalf_of(worker)
        assert await hasher.verify(PASSWORD, CHEAP_HASH)

    async def test_a_short_queue_is_served_and_the_rest_refused(self, hasher: PasswordHasher) -> None:
        """Forty sign-ins while every worker is busy."""
        assert HASHES_AT_ONCE <= 4
        workers = [object() for _ in range(HASHES_AT_ONCE)]
        for worker in workers:
            hasher._limiter.acquire_on_behalf_of_nowait(worker)
        tries = []
        for _ in range(40):
            tries.append(asyncio.create_task(hasher.verify(PASSWORD, CHEAP_HASH)))
            for _ in range(3):
                await asyncio.sleep(0)  # not a pause: it lets the new task take its place in the queue
        refusals = [each.exception() for each in tries if each.done()]
        assert len(refusals) == 40 - MOST_CHECKS
        assert {type(refusal) for refusal in refusals} == {UnavailableError}
        assert {getattr(refusal, "retry_after", None) for refusal in refusals} == {2}
        for worker in workers:
            hasher._limiter.release_on_behalf_of(worker)
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert results.count(True) == MOST_CHECKS


class TestPasswordProblem:
    @pytest.mark.parametrize(
        "password",
        ["Sofia Stern-Brook", "sofia stern-brook ", "SOFIA@example.com", "sofia.sternbrook", "SOFIA.STERNBROOK"],
    )
    def test_the_name_and_the_e_mail_are_the_first_that_anybody_tries(self, password: str) -> None:
        email = "sofia@example.com" if "@" in password else "sofia.sternbrook@example.com"
        assert password_problem(password, name="Sofia Stern-Brook", email=email)

    @pytest.mark.parametrize("password", [PASSWORD, "Sofia Stern-Brook 2026", "sofia@example.org"])
    def test_anything_else_is_fine(self, password: str) -> None:
        assert password_problem(password, name="Sofia Stern-Brook", email="sofia@example.com") is None


class TestAccessToken:
    @pytest.fixture
    def settings(self) -> Settings:
        return make_settings(access_token_minutes=20)

    def test_what_is_issued_is_read_back(self, settings: Settings) -> None:
        token = issue_access_token(settings, user_id="0" * 24, token_version=3, now=NOW)
        claims = read_access_token(settings, token, now=NOW)
        assert (claims.user_id, claims.token_version) == ("0" * 24, 3)

    def test_it_names_who_issued_it_for_whom_and_until_when(self, settings: Settings) -> None:
        token = issue_access_token(settings, user_id="0" * 24, token_version=0, now=NOW)
        payload = jwt.decode(token, options={"verify_signature": False})
        assert (payload["iss"], payload["aud"], payload["sub"]) == ("chairside", "chairside-staff", "0" * 24)
        assert payload["exp"] - payload["iat"] == 20 * 60
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}

    def test_no_two_are_the_same(self, settings: Settings) -> None:
        tokens = {issue_access_token(settings, user_id="0" * 24, token_version=0, now=NOW) for _ in range(10)}
        assert len(tokens) == 10

    @pytest.mark.parametrize(("age", "good"), [(0, True), (1_199, True), (1_200, False), (10**6, False)])
    def test_it_ages_by_the_clock_that_is_given(self, settings: Settings, age: int, good: bool) -> None:
        token = issue_access_token(settings, user_id="0" * 24, token_version=0, now=NOW)
        later = NOW + timedelta(seconds=age)
        if good:
            read_access_token(settings, token, now=later)
            return
        with pytest.raises(AuthenticationError):
            read_access_token(settings, token, now=later)

    @pytest.mark.parametrize(("early", "good"), [(60, True), (61, False), (86_400, False)])
    def test_clocks_may_differ_by_a_minute(self, settings: Settings, early: int, good: bool) -> None:
        token = issue_access_token(settings, user_id="0" * 24, token_version=0, now=NOW + timedelta(seconds=early))
        if good:
            read_access_token(settings, token, now=NOW)
            return
        with pytest.raises(AuthenticationError):
            read_access_token(settings, token, now=NOW)

    def test_another_installations_token_is_not_ours(self, settings: Settings) -> None:
        other = make_settings(jwt_secret="b7Vd0o3nqvYc2uT1cJwq5rZxkF8sLhGm")
        token = issue_access_token(other, user_id="0" * 24, token_version=0, now=NOW)
        with pytest.raises(AuthenticationError):
            read_access_token(settings, token, now=NOW)


class TestLinkToken:
    def test_holds_128_random_bits_that_fit_into_an_address(self) -> None:
        tokens = {new_link_token() for _ in range(1_000)}
        assert len(tokens) == 1_000
        assert {len(token) for token in tokens} == {22}
        assert all(token.replace("-", "").replace("_", "").isalnum() for token in tokens)

    def test_its_hash_is_stable_and_does_not_show_it(self) -> None:
        token = new_link_token()
        assert hash_link_token(token) == hash_link_token(token)
        assert token not in hash_link_token(token)
        assert len(hash_link_token(token)) == 64


class TestSignBody:
    def test_is_the_hex_hmac_sha256_of_time_dot_body(self) -> None:
        """Computed once with `printf '1795446000.{"channel":"sms"}' | openssl dgst -sha256 -hmac secret`."""
        assert sign_body("secret", timestamp=1_795_446_000, body=BODY) == (
            "8558879228447fad146dab61a8bb484bd19d546038807374580f3e3158cd0a53"
        )

    @pytest.mark.parametrize("body", [b"", b"\xff\x00", "näh".encode()])
    def test_takes_any_bytes(self, body: bytes) -> None:
        assert len(sign_body("secret", timestamp=1, body=body)) == 64


class TestVerifySignature:
    def check(self, header: str, *, secrets: tuple[str, ...] = ("secret",), body: bytes = BODY) -> bool:
        return verify_signature(header, body=body, secrets_in_use=list(secrets), now=NOW)

    def made(self, *, age: int = 0, secret: str = "secret") -> str:
        stamp = int(NOW.timestamp()) - age
        return f"t={stamp},v1={sign_body(secret, timestamp=stamp, body=BODY)}"

    @pytest.mark.parametrize("age", [0, 299, 300, -300])
    def test_within_five_minutes(self, age: int) -> None:
        assert self.check(self.made(age=age))

    @pytest.mark.parametrize("age", [301, -301, 86_400, 10**9])
    def test_older_or_newer(self, age: int) -> None:
        assert not self.check(self.made(age=age))

    @pytest.mark.parametrize("secret", ["old", "new"])
    def test_each_secret_in_use(self, secret: str) -> None:
        assert self.check(self.made(secret=secret), secrets=("new", "old"))

    def test_no_secret_in_use(self) -> None:
        assert not self.check(self.made(secret=""), secrets=())

    def test_spaces_around_the_parts(self) -> None:
        assert self.check(self.made().replace(",", " , "))

    def test_another_body(self) -> None:
        assert not self.check(self.made(), body=BODY + b"\n")

    @pytest.mark.parametrize(
        "header", ["", ",", "=", "t=,v1=", "t=1", "v1=abc", "t=-5,v1=a", "t=\u00b2,v1=a", "t=1,v1=\u00e9", "t" * 10_000]
    )
    def test_what_is_no_signature(self, header: str) -> None:
        assert not self.check(header)
