"""Settings of Gmail: what is missing or unsafe stops the start with a sentence that names it (architecture.md 4)."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.bootstrap import ConfigurationError, build_context
from app.database.connection import Database
from app.models.enums import ChannelType
from app.settings import keeps_secrets
from tests.conftest import Clock, make_settings

PERSON = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}


def gmail(**changes: Any) -> Any:
    values = {"channel_email": "gmail", "gmail_mailbox": "Clinic@Example.com", "google_credentials_file": "gmail.json"}
    return make_settings(**(values | changes))


class TestSettings:
    def test_the_mailbox_is_written_as_google_does(self) -> None:
        assert gmail().gmail_mailbox == "clinic@example.com"

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"gmail_mailbox": ""}, "needs GMAIL_MAILBOX"),
            ({"google_credentials_file": ""}, "needs GOOGLE_CREDENTIALS_FILE"),
            ({"google_credentials_file": None, "gmail_mailbox": ""}, "GMAIL_MAILBOX and GOOGLE_CREDENTIALS_FILE"),
            ({"channel_sms": "gmail"}, "CHANNEL_SMS"),
            ({"channel_whatsapp": "gmail"}, "CHANNEL_WHATSAPP"),
            ({"gmail_mailbox": "a@example.com, b@example.com"}, "one e-mail address"),
            ({"gmail_mailbox": "clinic"}, "one e-mail address"),
            ({"gmail_mailbox": "a@example.com\n"}, "one e-mail address"),
            ({"gmail_api_url": "http://gmail.example.com"}, "GMAIL_API_URL"),
            ({"gmail_api_url": "ftp://127.0.0.1"}, "GMAIL_API_URL"),
            ({"gmail_pubsub_topic": "gmail"}, "projects/<project>/topics/<topic>"),
            ({"gmail_sends_per_second": 0}, "greater than 0"),
            ({"gmail_drafts": "perhaps"}, "on"),
        ],
    )
    def test_what_does_not_fit_is_named(self, changes: dict[str, Any], named: str) -> None:
        with pytest.raises(ValidationError, match=named):
            gmail(**changes)

    @pytest.mark.parametrize("changes", [{}, {"channel_email": "none"}])
    def test_without_gmail_nothing_is_needed(self, changes: dict[str, Any]) -> None:
        make_settings(**changes)

    @pytest.mark.parametrize(
        ("url", "keeps"),
        [
            ("https://gmail.googleapis.com", True),
            ("http://127.0.0.1:8025", True),
            ("http://localhost", True),
            ("http://[::1]:80", True),
            ("http://127.0.0.1.evil.example", False),
            ("http://[", False),
            ("//gmail.example.com", False),
            ("", False),
        ],
    )
    def test_an_address_that_keeps_secrets(self, url: str, keeps: bool) -> None:
        assert keeps_secrets(url) is keeps


class TestStart:
    def test_builds_the_channel(self, database: Database, tmp_path: Path, clock: Clock) -> None:
        file = tmp_path / "gmail.json"
        file.write_text(json.dumps(PERSON))
        ctx = build_context(gmail(google_credentials_file=file), database, now=clock)
        assert ctx.channels[ChannelType.EMAIL].name == "gmail"

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (None, "cannot be read"),
            ("{", "holds no JSON"),
            ('"x"', "no JSON object"),
            ("{}", "authorized_user"),
            ('{"installed": {}}', "gmail connect --client"),
            ('{"type": "authorized_user"}', "lacks a field"),
            ('{"type": "service_account", "client_email": "a@b", "private_key": "flamingo"}', "unreadable key"),
            (json.dumps(PERSON | {"token_uri": "http://evil.example/token"}), "token_uri"),
        ],
    )
    def test_credentials_that_cannot_be_used_stop_it(
        self, database: Database, tmp_path: Path, clock: Clock, content: str | None, sentence: str
    ) -> None:
        file = tmp_path / "gmail.json"
        if content is not None:
            file.write_text(content)
        with pytest.raises(ConfigurationError, match=sentence) as failure:
            build_context(gmail(google_credentials_file=file), database, now=clock)
        assert "flamingo" not in str(failure.value)
