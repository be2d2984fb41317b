"""The log: structured, redacted, and telling where it failed but never what was read (trust.md fault 32)."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from app.logging import configure_logging, get_logger
from tests.conftest import make_settings

Lines = Callable[[], list[dict[str, Any]]]


class Listener:
    """The application's own log handler, writing where a test can read."""

    def __init__(self) -> None:
        self.written = io.StringIO()

    def configure(self, **changes: str) -> None:
        configure_logging(make_settings(**{"log_level": "DEBUG", "log_format": "json"} | changes))
        handler = logging.getLogger().handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(self.written)

    def text(self) -> str:
        return self.written.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """The log at DEBUG as JSON; the root logger is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    listening = Listener()
    listening.configure()
    yield listening
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def lines(listener: Listener) -> Lines:
    """Every line written so far."""
    return listener.lines


QUOTED = "cannot parse 'my flamingo aches'"


def fail(words: str) -> None:
    raise ValueError(words)


@pytest.fixture
def error() -> BaseException:
    """A failure whose message quotes a patient."""
    with pytest.raises(ValueError, match="flamingo") as caught:
        fail(QUOTED)
    return caught.value


class TestLine:
    def test_has_its_event_level_time_and_fields(self, lines: Lines) -> None:
        get_logger("here").info("visit.booked", provider="p1", minutes=30)
        [line] = lines()
        assert (line["event"], line["level"], line["provider"], line["minutes"]) == ("visit.booked", "info", "p1", 30)
        assert line["timestamp"].endswith("Z")

    def test_carries_what_is_bound_to_the_request(self, lines: Lines) -> None:
        with structlog.contextvars.bound_contextvars(correlation_id="request-1"):
            get_logger("here").info("visit.booked")
            logging.getLogger("elsewhere").info("something happened")
        get_logger("here").info("visit.booked")
        assert [line.get("correlation_id") for line in lines()] == ["request-1", "request-1", None]

    def test_of_another_library_has_the_same_form(self, lines: Lines) -> None:
        logging.getLogger("elsewhere").warning("took %s ms", 12)
        [line] = lines()
        assert (line["event"], line["level"]) == ("took 12 ms", "warning")

    @pytest.mark.parametrize(("level", "heard"), [("DEBUG", 4), ("INFO", 3), ("WARNING", 2), ("ERROR", 1)])
    def test_is_heard_from_its_level_on(self, listener: Listener, level: str, heard: int) -> None:
        listener.configure(log_level=level)
        for method in ("debug", "info", "warning", "error"):
            getattr(get_logger("here"), method)("visit.booked")
        assert len(listener.lines()) == heard

    def test_for_people_is_one_readable_line(self, listener: Listener) -> None:
        listener.configure(log_format="console")
        get_logger("here").info("visit.booked", provider="p1")
        assert listener.text().count("\n") == 1
        assert "visit.booked" in listener.text()
        assert "provider=p1" in listener.text()
        assert "\x1b" not in listener.text()

    @pytest.mark.parametrize("noisy", ["apscheduler", "pymongo.command", "uvicorn.access", "httpx2"])
    def test_of_libraries_that_would_repeat_queries_and_addresses_is_not_heard(self, lines: Lines, noisy: str) -> None:
        logging.getLogger(noisy).info("GET /book?t=secret")
        assert lines() == []


class TestRedaction:
    @pytest.mark.parametrize(
        "written", ["ann@example.com", "Ann <ann.ames+x@mail.example.co.uk>", "+12025550177", "tel:+442079460000,"]
    )
    def test_addresses_in_any_text(self, lines: Lines, written: str) -> None:
        get_logger("here").info(f"wrote to {written}", to=written)
        logging.getLogger("elsewhere").info("wrote to %s", written)
        for line in lines():
            assert "example" not in str(line)
            assert not any(digits in str(line) for digits in ("2025550177", "442079460000"))

    @pytest.mark.parametrize(
        "key", ["body", "content", "text", "subject", "password", "token", "name", "authorization"]
    )
    def test_fields_that_hold_words_or_secrets(self, lines: Lines, key: str) -> None:
        get_logger("here").info("message.stored", **{key: "flamingo"})
        [line] = lines()
        assert line[key] == "<redacted>"

    @pytest.mark.parametrize(
        "nested", [["ann@example.com"], ("ann@example.com",), {"to": "ann@example.com"}, [{"to": ["ann@example.com"]}]]
    )
    def test_addresses_inside_lists_and_objects(self, lines: Lines, nested: Any) -> None:
        get_logger("here").info("message.stored", recipients=nested)
        assert "ann@example.com" not in str(lines())

    def test_words_inside_objects(self, lines: Lines) -> None:
        get_logger("here").info("message.stored", message={"body": "flamingo", "id": 1})
        [line] = lines()
        assert line["message"] == {"body": "<redacted>", "id": 1}

    def test_what_identifies_nobody_stays(self, lines: Lines) -> None:
        get_logger("here").info("job.done", job="outbox", sent=3, ids=["65f0c0ffee65f0c0ffee65f0"], ok=True, none=None)
        [line] = lines()
        assert (line["job"], line["sent"], line["ids"]) == ("outbox", 3, ["65f0c0ffee65f0c0ffee65f0"])
        assert (line["ok"], line["none"]) == (True, None)


class TestFailure:
    """The frames and the kind; never the message."""

    def told(self, line: dict[str, Any]) -> None:
        assert "ValueError" in line["exception"]
        assert "test_logging.py" in line["exception"]
        assert "flamingo" not in str(line)

    def test_logged_where_it_was_caught(self, lines: Lines, error: BaseException) -> None:
        try:
            raise error
        except ValueError:
            get_logger("here").exception("job.failed")
            logging.getLogger("elsewhere").exception("it failed")
        for line in lines():
            self.told(line)

    def test_handed_over_as_an_error(self, lines: Lines, error: BaseException) -> None:
        get_logger("here").error("request.failed", exc_info=error)
        [line] = lines()
        self.told(line)

    def test_handed_over_by_a_library_after_it_was_caught(self, lines: Lines, error: BaseException) -> None:
        """As asyncio does for a task that nobody awaited."""
        logging.getLogger("asyncio").error("never retrieved", exc_info=error)
        [line] = lines()
        self.told(line)

    def test_a_cause_is_not_quoted_either(self, lines: Lines, error: BaseException) -> None:
        outer = RuntimeError("while reading the flamingo")
        outer.__cause__ = error
        get_logger("here").error("job.failed", exc_info=outer)
        assert "flamingo" not in str(lines())

    def test_without_a_failure_there_is_no_trace(self, lines: Lines) -> None:
        get_logger("here").info("job.done", exc_info=False)
        [line] = lines()
        assert "exception" not in line
