"""Whatever the provider does, the agent's run ends in the next provider or with a person; nothing unchecked is sent."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.context import Context
from app.jobs import outbox
from app.llm.fallback import FailoverChain
from app.llm.openai import OpenAiLanguageModel
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, MessageKind
from app.models.spending import ModelSpending
from app.services import patients
from tests.factories import make_article
from tests.llm.openai_stage import HOLDING, QUICK, settings_for, speaking
from tests.peers.openai import OpenAiPeer, nobody_listens, serve_openai
from tests.peers.openai_minds import Json
from tests.services import stage

FAULTS = (
    "timeout",
    "slow-drip",
    "429",
    "500",
    "drop",
    "refusal",
    "truncated",
    "truncated-whole",
    "bad-json",
    "unknown-enum",
    "missing-field",
    "no-output",
    "html",
    "not-json",
)
APIS = ("responses", "chat")
PARKING = "Parking is free behind the house."
ASKS = "Do you have parking?"
FORGED = "FORGED"
READS: Json = {
    "reason": FORGED,
    "intent": "QUESTION",
    "intents": ["QUESTION"],
    "sentiment": "NEUTRAL",
    "handoff": False,
    "is_thanks": False,
    "confidence": 0.95,
}
PRICES = {"openai_input_usd_per_million": 1.0, "openai_output_usd_per_million": 1.0}
every_fault = pytest.mark.parametrize("fault", FAULTS)
every_api = pytest.mark.parametrize("api", APIS)
S = CampaignStatus


@pytest.fixture
def peer() -> Iterator[OpenAiPeer]:
    """A model whose every word is marked, so that a test sees when one comes through."""
    with serve_openai() as running:
        running.says |= {
            "MessageReading": READS,
            "ArticleAnswer": {"answered": True, "article": 1, "quote": PARKING, "text": f"{FORGED}: {PARKING}"},
            "FollowUpDraft": {"subject": FORGED, "body": FORGED},
            "HandoverSummary": {"summary": FORGED, "patient_question": FORGED, "suggested_reply": FORGED},
        }
        yield running


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt has left, and an article that answers the question."""
    written = await stage.written_to(ctx, name="Ana Lopez")
    await make_article(ctx, "Parking", PARKING)
    return written


def suffer(peer: OpenAiPeer, fault: str, schema: str = "") -> None:
    """From now on every request for this shape meets the fault; a refused second try comes at once."""
    peer.fail(fault, times=10_000, retry_after="500" if fault == "429" else "0.01", schema=schema)


def times_for(fault: str) -> dict[str, float]:
    return QUICK if fault in HOLDING else {}


async def everything_sent() -> str:
    return "\n".join(await stage.sent_bodies())


class TestNextProvider:
    @every_api
    @every_fault
    async def test_a_failing_provider_leaves_the_message_to_offline(
        self, ctx: Context, peer: OpenAiPeer, campaign: Campaign, fault: str, api: str
    ) -> None:
        suffer(peer, fault)
        async with speaking(ctx, peer, openai_api=api, **times_for(fault)) as asking:
            after = await stage.answered_with(asking, campaign, ASKS)
            await outbox.drain(asking)
        assert peer.asked
        assert after.status is S.RE_ENGAGED
        assert PARKING in await everything_sent()
        assert FORGED not in await everything_sent()

    @every_api
    async def test_one_that_nobody_answers_at_all(
        self, ctx: Context, peer: OpenAiPeer, campaign: Campaign, api: str
    ) -> None:
        async with speaking(ctx, peer, openai_api=api, url=nobody_listens()) as asking:
            after = await stage.answered_with(asking, campaign, ASKS)
        assert after.status is S.RE_ENGAGED
        assert PARKING in (await stage.only_row(kind=MessageKind.REPLY)).body

    @every_fault
    async def test_it_may_fail_after_it_has_read_the_message(
        self, ctx: Context, peer: OpenAiPeer, campaign: Campaign, fault: str
    ) -> None:
        suffer(peer, fault, schema="ArticleAnswer")
        async with speaking(ctx, peer, **times_for(fault)) as asking:
            after = await stage.answered_with(asking, campaign, ASKS)
            await outbox.drain(asking)
        assert [request.schema_name for request in peer.asked][:2] == ["MessageReading", "ArticleAnswer"]
        assert after.status in (S.RE_ENGAGED, S.HANDOFF_REQUIRED)
        assert FORGED not in await everything_sent()
        assert len(await stage.sent_bodies()) == 2

    @pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "unknown-enum"])  # a draft has no enum
    async def test_a_follow_up_is_written_all_the_same(self, ctx: Context, peer: OpenAiPeer, fault: str) -> None:
        suffer(peer, fault)
        async with speaking(ctx, peer, **times_for(fault)) as asking:
            await stage.running_campaign(asking)
            await stage.scan(asking)
        assert [request.schema_name for request in peer.asked][:1] == ["FollowUpDraft"]
        [body] = await stage.sent_bodies()
        assert FORGED not in body


class TestHandoff:
    @every_fault
    async def test_when_nobody_else_is_there_a_person_takes_over(
        self, ctx: Context, peer: OpenAiPeer, campaign: Campaign, fault: str
    ) -> None:
        """Exactly one message to the patient, and not a word of the provider's, to staff neither."""
        suffer(peer, fault)
        settings = settings_for(ctx.settings, peer.url, openai_api="chat", **times_for(fault))
        model = OpenAiLanguageModel.open(settings, ctx.now)
        alone = replace(ctx, llm=FailoverChain([model], now=ctx.now, run_seconds=settings.llm_run_seconds))
        after = await stage.answered_with(alone, campaign, ASKS)
        await outbox.drain(alone)
        await model.close()
        assert after.status is S.HANDOFF_REQUIRED
        assert after.handoff_details
        assert FORGED not in f"{after.handoff_details}{await everything_sent()}"
        assert len(await stage.rows(kind=MessageKind.HANDOFF)) == 1

    async def test_an_emergency_and_a_stop_need_no_provider(
        self, ctx: Context, peer: OpenAiPeer, campaign: Campaign
    ) -> None:
        suffer(peer, "500")
        async with speaking(ctx, peer) as asking:
            await stage.answered_with(asking, campaign, "My face is swollen and I can't breathe")
            assert len(await stage.rows(kind=MessageKind.EMERGENCY)) == 1
            await stage.answered_with(asking, campaign, "STOP")
        patient = await patients.get(campaign.patient_id)
        assert await patients.is_suppressed(patient, campaign.channel.type)
        assert peer.asked == []


class TestSpentBudget:
    async def test_what_a_message_costs_is_charged_to_its_campaign(
        self, ctx: Context, peer: OpenAiPeer, campaign: Campaign
    ) -> None:
        async with speaking(ctx, peer, **PRICES) as asking:
            await stage.answered_with(asking, campaign, ASKS)
        calls = len(peer.asked)
        [charged] = await ModelSpending.find(ModelSpending.campaign_id == campaign.id).to_list()
        assert (charged.calls, charged.input_tokens, charged.output_tokens) == (calls, 120 * calls, 30 * calls)
        assert (charged.tokens, charged.micro_usd) == (150 * calls, 150 * calls)

    @pytest.mark.parametrize(
        "limit",
        [{"llm_daily_budget_usd": 0.0001, **PRICES}, {"llm_campaign_daily_tokens": 100}],
        ids=["day", "campaign"],
    )
    async def test_a_person_takes_over_and_nobody_is_paid(
        self, ctx: Context, peer: OpenAiPeer, campaign: Campaign, limit: dict[str, float]
    ) -> None:
        async with speaking(ctx, peer, **limit) as asking:
            after = await stage.answered_with(asking, campaign, ASKS)
        assert after.status is S.HANDOFF_REQUIRED
        assert len(await stage.rows(kind=MessageKind.HANDOFF)) == 1
        assert peer.asked == []

    async def test_a_follow_up_is_written_by_offline(self, ctx: Context, peer: OpenAiPeer) -> None:
        async with speaking(ctx, peer, llm_campaign_daily_tokens=100) as asking:
            await stage.running_campaign(asking)
            await stage.scan(asking)
        assert len(await stage.sent_bodies()) == 1
        assert peer.asked == []
