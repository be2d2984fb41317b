"""Claim: a turn of the agent costs at most 2 times the same work as plain function calls without LangGraph.

Measured is `run_reactive` with the offline provider: a patient's message is read, answered with the booking link, and
everything is written in one transaction. Floor: the very same nodes, called one after the other as the same routers
say, on a plain dictionary. Each turn has a campaign of its own. Messages a second are told for information, against
cutting each to what a person wrote, which every reading begins with.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from statistics import median
from typing import Any

from langgraph.runtime import Runtime

from app.agent import graph, reactions, reading
from app.agent.runner import run_reactive
from app.context import Context
from app.domain.screening import visible_text
from app.llm.base import PatientText
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import Author, CampaignStatus, ChannelType, Delivery, Direction
from app.models.interactions import Interaction
from app.services import audit, recoveries
from app.services.recoveries import Inquiry
from benchmarks.clinic import open_clinic
from benchmarks.measure import Finding, Pairs, Report

GOAL = 2.0
DATABASE = "bench_agent_turn"
TEXT = "Yes please, do you have anything next Thursday in the morning?"
PREVIOUS = "It is time for your check-up. Would you like to come in?"
MESSAGES = (
    TEXT,
    "No thank you, not at the moment.",
    "How much does whitening cost, and is there parking?",
    "STOP",
    "My jaw is badly swollen and it is getting worse by the hour.",
    "Can I move my appointment on Tuesday to the week after?\n\nOn Mon, 4 May 2026, the clinic wrote:\n> Reply STOP",
    "thanks!",
    "I have told you twice that the invoice is wrong and nobody calls me back.",
)

_numbers = count(1)


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    """Single turns, each paired with the same turn without the graph; then readings, round by round."""
    turns, rounds = (20, 5) if quick else (150, 15)
    pairs, readings = Pairs(), Pairs()
    async with open_clinic(mongodb_uri, DATABASE) as ctx:
        await Clinic(name="Willow Street Dental").save()
        for _ in range(5):  # not kept: connections open, caches fill
            await run_reactive(ctx, (await _written_to(ctx)).id)
        for _ in range(turns):
            mine, theirs = await _written_to(ctx), await _written_to(ctx)
            await pairs.take(partial(run_reactive, ctx, mine.id), partial(_plain_turn, ctx, theirs))
        for _ in range(rounds):
            await readings.take(partial(_read_all, ctx), _only_cut)
    a_second = len(MESSAGES) * 1_000 / median(readings.product)
    return Report(
        findings=[
            Finding(name="an agent's turn, offline provider", pairs=pairs, goal=GOAL),
            Finding(name=f"reading {len(MESSAGES)} messages", pairs=readings),
        ],
        remarks=[f"The offline provider reads {a_second:,.0f} messages a second in one process.\n"],
    )


async def _written_to(ctx: Context) -> Campaign:
    """A campaign whose patient has just answered our message."""
    number = next(_numbers)
    inquiry = Inquiry(
        patient_name=f"Lead{number} Example",
        patient_email=f"lead{number}@example.com",
        patient_phone=None,
        initial_inquiry="",
        estimated_value=0.0,
        preferred_channel=[ChannelType.EMAIL],
    )
    campaign = await recoveries.start(ctx, inquiry, actor=audit.SYSTEM)
    back = {"status": CampaignStatus.RE_ENGAGED.value}
    await Campaign.collection().update_one({"_id": campaign.id}, {"$set": back})
    await _said(ctx, campaign, PREVIOUS, Direction.OUTGOING, delivery=Delivery.SENT, author=Author.AI)
    await _said(ctx, campaign, TEXT, Direction.INCOMING, external_id=f"bench:{number}", author=Author.PATIENT)
    return campaign


async def _said(ctx: Context, campaign: Campaign, text: str, direction: Direction, **fields: Any) -> None:
    await Interaction(
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        direction=direction,
        content=text,
        timestamp=ctx.now(),
        channel=ChannelType.EMAIL,
        **fields,
    ).insert()


async def _plain_turn(ctx: Context, campaign: Campaign) -> None:
    """The reactive path by hand: the same nodes, the same routers, no graph."""
    runtime: Runtime[Context] = Runtime(context=ctx)
    state: Any = {"path": "reactive", "campaign_id": campaign.id}
    for node in (reading.load_conversation, reading.screen_message):
        state |= await node(state, runtime)
    assert graph.after_screening(state) == "acknowledge_reply"
    state |= await reading.acknowledge_reply(state, runtime)
    assert graph.after_acknowledgement(state) == "analyse_message"
    state |= await reading.analyse_message(state, runtime)
    decided: Callable[..., Awaitable[Any]] = getattr(reactions, graph.after_analysis(state))
    state |= await decided(state, runtime)
    await reactions.queue_reply(state, runtime)


async def _read_all(ctx: Context) -> None:
    for text in MESSAGES:
        await ctx.llm.analyse(PatientText(text, ChannelType.EMAIL, previous_outgoing=PREVIOUS))


async def _only_cut() -> None:
    for text in MESSAGES:
        visible_text(text)
