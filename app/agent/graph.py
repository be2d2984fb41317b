"""The agent's topology: which box leads to which. Nodes act, routers only look (docs/explanation/agent.md draws it)."""

from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from app.agent import offer_step, proactive, reactions, reading, visit_replies
from app.agent.choosing import Reaction, Situation, reaction_to
from app.agent.state import AgentState
from app.agent.traced import traced
from app.context import Context
from app.domain.outreach import Verb
from app.models.enums import CampaignStatus, Intent

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
    visit_replies.settle_visit_reply,
    offer_step.settle_offer_reply,
    reading.analyse_message,
    reactions.answer_question,
    reactions.send_booking_link,
    visit_replies.send_manage_link,
    reactions.accept_decline,
    reactions.hand_off,
    reactions.record_opt_out,
    reactions.keep_for_staff,
    reactions.queue_reply,
)


def choose_path(state: AgentState) -> Literal["load_campaign", "load_conversation"]:
    return "load_campaign" if state["path"] == "proactive" else "load_conversation"


def after_check(state: AgentState) -> Literal["compose_message", "close_unresponsive", "hold_back", "withdraw"]:
    verb = state["verdict"].verb
    if verb is Verb.REFUSE:
        return "withdraw"
    if not proactive.attempts_left(state["campaign"]):
        return "close_unresponsive"
    return "compose_message" if verb is Verb.SEND else "hold_back"


def after_screening(
    state: AgentState,
) -> Literal[
    "acknowledge_reply", "settle_offer_reply", "settle_visit_reply", "record_opt_out", "keep_for_staff", "__end__"
]:
    """Nothing left to read ends the run; a stop is heeded in every state and re-engages nobody (D-17)."""
    if not state["incoming"]:
        return "__end__"
    if "analysis" in state and state["analysis"].intent is Intent.OPT_OUT:
        return "record_opt_out"
    if state["campaign"].status is CampaignStatus.HANDOFF_REQUIRED:
        return _plain_word(state) or "keep_for_staff"
    return "acknowledge_reply"


def after_acknowledgement(
    state: AgentState,
) -> Literal["settle_offer_reply", "settle_visit_reply", "keep_for_staff", "analyse_message"]:
    """A plain word about an offer or a visit needs no model."""
    return _plain_word(state) or "analyse_message"


def _plain_word(state: AgentState) -> Literal["settle_offer_reply", "settle_visit_reply", "keep_for_staff"] | None:
    if state["offer_reply"]:
        return "settle_offer_reply"
    if state["is_visit_unclear"]:
        return "keep_for_staff"
    return "settle_visit_reply" if state["visit_reply"] else None


def after_analysis(state: AgentState) -> Reaction:
    """The reaction to the main intent, where the campaign's state allows one at all."""
    campaign = state["campaign"]
    situation = Situation(
        status=campaign.status,
        close_reason=campaign.close_reason,
        has_visit_ahead=bool(state["movable"]),
        is_suppressed=state["is_suppressed"],
        answers_too_often=state["answers_too_often"],
    )
    return reaction_to(state["analysis"], situation)


def after_answer(state: AgentState) -> Literal["queue_reply", "hand_off"]:
    return "queue_reply" if state["answer"] else "hand_off"


def build_graph() -> CompiledStateGraph[AgentState, Context, AgentState, AgentState]:
    """Compile the graph; it keeps no state between runs, so one instance serves the process."""
    graph = StateGraph(AgentState, context_schema=Context)
    for node in NODES:
        graph.add_node(node.__name__, traced(node))
    graph.add_conditional_edges(START, choose_path)
    graph.add_edge("load_campaign", "check_attempts")
    graph.add_conditional_edges("check_attempts", after_check)
    graph.add_edge("compose_message", "queue_message")
    graph.add_edge("load_conversation", "screen_message")
    graph.add_conditional_edges("screen_message", after_screening)
    graph.add_conditional_edges("acknowledge_reply", after_acknowledgement)
    graph.add_conditional_edges("analyse_message", after_analysis)
    graph.add_conditional_edges("answer_question", after_answer)
    for decided in (
        "send_booking_link",
        "send_manage_link",
        "settle_offer_reply",
        "settle_visit_reply",
        "accept_decline",
        "hand_off",
    ):
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
