"""Settings: every name typed, unknown ones refused, secrets never printed (operations.md).

What production refuses is in tests/security/test_production.py.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from app.settings import ChannelChoice, LogFormat, Settings, Switch
from tests.conftest import make_settings

EXAMPLE = Path(__file__).parents[1] / ".env.example"


def documented() -> dict[str, tuple[str, bool]]:
    """`{name: (value, is it commented out)}` of .env.example."""
    lines = re.findall(r"^(# )?([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE)
    return {name: (value, bool(comment)) for comment, name, value in lines}


class TestExampleFile:
    def test_holds_every_setting_and_no_other(self) -> None:
        assert set(documented()) == {name.upper() for name in Settings.model_fields}

    def test_what_is_not_commented_out_is_the_default(self, tmp_path: Path) -> None:
        active = {name: value for name, (value, commented) in documented().items() if not commented}
        (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in active.items()))
        assert Settings(_env_file=tmp_path / ".env") == Settings(_env_file=None)

    def test_what_is_commented_out_is_empty_by_default(self) -> None:
        defaults = Settings(_env_file=None)
        for name, (_, commented) in documented().items():
            value = getattr(defaults, name.lower())
            shown = value.get_secret_value() if isinstance(value, SecretStr) else value
            assert (shown in ("", (), None)) is commented, name


class TestReading:
    def test_the_environment_wins_over_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".env").write_text("LOG_FORMAT=json\nMONGODB_DATABASE=from_file\n")
        monkeypatch.setenv("MONGODB_DATABASE", "from_environment")
        settings = Settings(_env_file=tmp_path / ".env")
        assert (settings.log_format, settings.mongodb_database) == (LogFormat.JSON, "from_environment")

    @pytest.mark.parametrize(
        ("written", "read"), [("", ()), ("a", ("a",)), ("a,b", ("a", "b")), (" a , ,b, ", ("a", "b"))]
    )
    @pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "CORS_ORIGINS", "LLM_PROVIDERS"])
    def test_lists_are_separated_by_commas(
        self, monkeypatch: pytest.MonkeyPatch, name: str, written: str, read: tuple[str, ...]
    ) -> None:
        monkeypatch.setenv(name, written)
        assert getattr(Settings(_env_file=None), name.lower()) == read

    def test_the_public_address_ends_without_a_slash(self) -> None:
        assert make_settings(public_base_url="https://crm.example.com//").public_base_url == "https://crm.example.com"

    def test_they_cannot_be_changed_afterwards(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            make_settings().rate_limits = Switch.ON  # type: ignore[misc]  # that is the test

    @pytest.mark.parametrize(
        ("email", "sms", "whatsapp", "uses"),
        [
            ("sandbox", "none", "none", True),
            ("none", "sandbox", "none", True),
            ("none", "none", "sandbox", True),
            ("none", "none", "none", False),
        ],
    )
    def test_one_sandbox_channel_makes_a_sandbox(self, email: str, sms: str, whatsapp: str, uses: bool) -> None:
        channels = {"channel_email": email, "channel_sms": sms, "channel_whatsapp": whatsapp}
        settings = make_settings(**{name: ChannelChoice(value) for name, value in channels.items()})
        assert settings.uses_sandbox is uses


class TestRefusing:
    @pytest.mark.parametrize("name", ["CHAIRSIDE_EVN", "CHAIRSIDE_SECRET", "CHAIRSIDE_"])
    def test_a_misspelt_name_of_ours(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "production")
        with pytest.raises(ValidationError, match=name):
            Settings(_env_file=None)

    def test_names_of_other_programs_are_none_of_our_business(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CHAIR", "blue")
        Settings(_env_file=None)

    @pytest.mark.parametrize(
        "changes",
        [
            {"chairside_env": "staging"},
            {"access_token_minutes": 0},
            {"access_token_minutes": 1_441},
            {"access_token_minutes": "half an hour"},
            {"channel_email": "pigeon"},
            {"rate_limits": "perhaps"},
            {"scheduler": "sometimes"},
            {"log_level": "LOUD"},
            {"log_format": "xml"},
            {"chairside_lease_seconds": 0},
            {"chairside_lease_seconds": 3_601},
        ],
    )
    def test_a_value_that_does_not_exist(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            make_settings(**changes)

    @pytest.mark.parametrize("environment", ["development", "production"])
    @pytest.mark.parametrize("tool", ["chairside_pause_file", "chairside_clock_file"])
    def test_tools_of_tests_outside_tests(self, environment: str, tool: str) -> None:
        with pytest.raises(ValidationError, match="test only"):
            make_settings(chairside_env=environment, **{tool: "somewhere"})


class TestSecrets:
    SECRET = "flamingo-flamingo-flamingo-flamingo"

    def test_are_shown_nowhere(self) -> None:
        names = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]
        assert {"jwt_secret", "mongodb_uri", "admin_password", "incoming_message_secret"} <= set(names)
        settings = make_settings(**dict.fromkeys(names, self.SECRET))
        for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
            assert "flamingo" not in shown

    def test_a_refused_value_is_not_repeated(self) -> None:
        with pytest.raises(ValidationError) as failure:
            make_settings(jwt_secret="flamingo", log_level="flamingo")
        assert "flamingo" not in str(failure.value)
