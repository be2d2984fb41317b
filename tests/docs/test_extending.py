"""The channel and the provider of the two how-to pages are whole: they pass what every adapter must."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.llm.base import FollowUpBrief, LanguageModelError, PatientText, UnwillingError, Voice
from app.llm.fallback import FailoverChain
from app.llm.offline.provider import OfflineLanguageModel
from app.models.enums import CampaignType, ChannelType, Intent, Sentiment
from tests.channels import test_contract as contract
from tests.conftest import Clock

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
MESSAGE = PatientText("Call me on +1 518 555 0123 please", ChannelType.SMS, None, Voice(patient_name="Pat Quill"))
BRIEF = FollowUpBrief(
    clinic_name="Willow Street Dental",
    patient_first_name="Pat",
    campaign_type=CampaignType.RECALL,
    attempt=1,
    max_attempts=3,
    channel=ChannelType.EMAIL,
    is_nudge=False,
    last_visit_on=None,
    due_on=None,
    initial_inquiry=None,
    language="en",
)


def module(page: str) -> ModuleType:
    """The first Python block of a page, as the file that it tells to write."""
    source = re.findall(
        r"^```python\n(.*?)^```$", (HOW_TO / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    written = ModuleType(page.removesuffix(".md").replace("-", "_"))
    exec(compile(source[0], page, "exec"), written.__dict__)  # a page of ours
    return written


@pytest.fixture
def stage(tmp_path: Path) -> contract.Stage:
    def left() -> list[str]:
        return [str(json.loads(file.read_text())["outbox_id"]) for file in (tmp_path / "out").iterdir()]

    return contract.Stage(module("add-a-channel.md").SpoolChannel(tmp_path), left)


class TestTheChannelOfThePage(contract.TestEveryChannel):
    """Everything that the contract asks of Gmail and Twilio."""


@contextmanager
def classifier(status: int, answer: Any) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers every message with the same, and what it was asked."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


LABEL: dict[str, Any] = {"intent": Intent.QUESTION, "sentiment": Sentiment.NEUTRAL, "confidence": 0.4}


class TestTheProviderOfThePage:
    def model(self, url: str) -> Any:
        return module("add-a-language-model-provider.md").ClassifierModel(url, seconds=5)

    async def test_it_labels_and_hides_what_the_server_need_not_know(self) -> None:
        with classifier(200, LABEL) as (url, asked):
            model = self.model(url)
            found = await model.analyse(MESSAGE)
            await model.close()
        assert (found.intent, found.confidence, found.handoff) == (Intent.QUESTION, 0.4, True)
        assert "0123" not in str(asked)
        assert "[phone number]" in asked[0]["text"]

    @pytest.mark.parametrize(
        ("status", "answer"),
        [
            (500, {}),
            (200, {"intent": "BRIBERY"}),
            (200, LABEL | {"confidence": 7}),
            (200, LABEL | {"more": 1}),
            (200, []),
        ],
    )
    async def test_any_failure_is_one_error_without_a_word_of_the_patients(self, status: int, answer: Any) -> None:
        with classifier(status, answer) as (url, _):
            model = self.model(url)
            with pytest.raises(LanguageModelError, match=r"^classifier_[A-Za-z]+$"):
                await model.analyse(MESSAGE)
            await model.close()

    async def test_in_a_chain_the_next_one_writes_and_steps_in(self, clock: Clock) -> None:
        with classifier(500, {}) as (url, _):
            model = self.model(url)
            with pytest.raises(UnwillingError):
                await model.write_follow_up(BRIEF)
            chain = FailoverChain([model, OfflineLanguageModel()], now=clock, run_seconds=10)
            assert (await chain.write_follow_up(BRIEF)).body
            assert (await chain.analyse(MESSAGE)).reason
            await chain.close()
