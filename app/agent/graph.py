"""The agent's topology: which box leads to which. Nodes act, routers only look (docs/explanation/agent.md draws it)."""

from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from app.agent import proactive, reactions, reading
from app.agent.reading import RISKS
from app.agent.state import AgentState
from app.context import Context
from app.domain.outreach import Verb
from app.llm.base import Analysis
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CloseReason, Intent

NODES = (
    proactive.load_campaign,
    proactive.check_attempts,
    proactive.compose_message,
    proactive.queue_message,
    proactive.close_unresponsive,
    proactive.hold_back,
    proactive.withdraw,
    reading.load_conversation,
    reading.screen_message,
    reading.acknowledge_reply,
    reading.analyse_message,
    reactions.answer_question,
    reactions.send_booking_link,
    reactions.accept_decline,
    reactions.hand_off,
    reactions.record_opt_out,
    reactions.keep_for_staff,
    reactions.queue_reply,
)

CONFIDENCE_FLOOR = 0.5
"""Below this the agent does not act on its reading: a person does (agent.md section 2)."""

Reaction = Literal[
    "answer_question", "send_booking_link", "accept_decline", "hand_off", "record_opt_out", "keep_for_staff"
]

REACTIONS: dict[Intent, Reaction] = {
    Intent.EMERGENCY: "hand_off",
    Intent.OPT_OUT: "record_opt_out",
    Intent.COMPLAINT: "hand_off",
    Intent.CANCEL: "hand_off",
    Intent.RESCHEDULE: "hand_off",
    Intent.SERVICE_DENIAL: "accept_decline",
    Intent.BOOKING_REQUEST: "send_booking_link",
    Intent.QUESTION: "answer_question",
    Intent.CONFUSED: "hand_off",
    Intent.IRRELEVANT: "hand_off",
    Intent.AUTO_REPLY: "keep_for_staff",
    Intent.BOUNCE: "keep_for_staff",
}
"""What each intent leads to (domain.md section 6); a changed or cancelled visit goes to a person."""


def choose_path(state: AgentState) -> Literal["load_campaign", "load_conversation"]:
    return "load_campaign" if state["path"] == "proactive" else "load_conversation"


def after_check(state: AgentState) -> Literal["compose_message", "close_unresponsive", "hold_back", "withdraw"]:
    verb = state["verdict"].verb
    if verb is Verb.REFUSE:
        return "withdraw"
    if not proactive.attempts_left(state["campaign"]):
        return "close_unresponsive"
    return "compose_message" if verb is Verb.SEND else "hold_back"


def after_screening(state: AgentState) -> Literal["acknowledge_reply", "record_opt_out", "keep_for_staff", "__end__"]:
    """Nothing left to read ends the run; a stop is heeded in every state and re-engages nobody (D-17)."""
    if not state["incoming"]:
        return "__end__"
    if "analysis" in state and state["analysis"].intent is Intent.OPT_OUT:
        return "record_opt_out"
    if state["campaign"].status is CampaignStatus.HANDOFF_REQUIRED:
        return "keep_for_staff"
    return "acknowledge_reply"


def after_analysis(state: AgentState) -> Reaction:
    """The reaction to the main intent, where the campaign's state allows one at all."""
    campaign, analysis = state["campaign"], state["analysis"]
    if analysis.intent in RISKS:
        return REACTIONS[analysis.intent]
    listens = campaign.status is CampaignStatus.RE_ENGAGED or _takes_back(campaign, analysis)
    if analysis.is_thanks or state["is_suppressed"] or not listens:
        return "keep_for_staff"
    if analysis.handoff or analysis.confidence < CONFIDENCE_FLOOR or state["answers_too_often"]:
        return "hand_off"
    asks_too = Intent.QUESTION in analysis.intents and analysis.intent is Intent.BOOKING_REQUEST
    return "answer_question" if asks_too else REACTIONS[analysis.intent]


def _takes_back(campaign: Campaign, analysis: Analysis) -> bool:
    """A later yes reopens a decline, never an opt-out (domain.md section 6)."""
    declined = (
        campaign.status is CampaignStatus.RECOVERY_DECLINED and campaign.close_reason is not CloseReason.OPTED_OUT
    )
    return declined and analysis.intents == (Intent.BOOKING_REQUEST,)


def after_answer(state: AgentState) -> Literal["queue_reply", "hand_off"]:
    return "queue_reply" if state["answer"] else "hand_off"


def build_graph() -> CompiledStateGraph[AgentState, Context, AgentState, AgentState]:
    """Compile the graph; it keeps no state between runs, so one instance serves the process."""
    graph = StateGraph(AgentState, context_schema=Context)
    for node in NODES:
        graph.add_node(node.__name__, node)
    graph.add_conditional_edges(START, choose_path)
    graph.add_edge("load_campaign", "check_attempts")
    graph.add_conditional_edges("check_attempts", after_check)
    graph.add_edge("compose_message", "queue_message")
    graph.add_edge("load_conversation", "screen_message")
    graph.add_conditional_edges("screen_message", after_screening)
    graph.add_edge("acknowledge_reply", "analyse_message")
    graph.add_conditional_edges("analyse_message", after_analysis)
    graph.add_conditional_edges("answer_question", after_answer)
    for decided in ("send_booking_link", "accept_decline", "hand_off"):
        graph.add_edge(decided, "queue_reply")
    for last in (
        "queue_message",
        "close_unresponsive",
        "hold_back",
        "withdraw",
        "record_opt_out",
        "keep_for_staff",
        "queue_reply",
    ):
        graph.add_edge(last, END)
    return graph.compile()


GRAPH = build_graph()
