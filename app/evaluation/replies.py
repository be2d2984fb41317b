"""What the patient would be sent: the agent's own sentences, put together as its graph does (domain.md section 6)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.agent import wording
from app.agent.choosing import Reaction
from app.context import Context
from app.evaluation.stage import Stage
from app.llm.base import Analysis, LanguageModelError
from app.models.enums import Intent
from app.services import knowledge, links, opt_outs
from app.services.confirmations import spoken_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message that was read, and what the reading leads to."""

    text: str
    analysis: Analysis
    reaction: Reaction


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is empty when nothing is sent; `is_left_to_person` when the articles did not hold the answer."""

    text: str
    is_left_to_person: bool = False


async def reply_to(ctx: Context, stage: Stage, written: Written) -> Reply:
    """The answer to one message of the stage's patient; nothing is stored or sent."""
    return await REPLIES[written.reaction](ctx, stage, written)


async def _answer(ctx: Context, stage: Stage, written: Written) -> Reply:
    try:
        found = await knowledge.answer(ctx, written.text)
    except LanguageModelError:
        found = None
    if found is None:
        return Reply((await _hand_over(ctx, stage, written)).text, is_left_to_person=True)
    return Reply(_fill(stage, wording.ANSWER, answer=found.text, link=_booking_link(ctx, stage)))


async def _link(ctx: Context, stage: Stage, _: Written) -> Reply:
    return Reply(_fill(stage, wording.BOOKING_LINK, link=_booking_link(ctx, stage)))


async def _manage(ctx: Context, stage: Stage, _: Written) -> Reply:
    _link, url = links.new_manage_link(ctx, stage.visit)
    return Reply(_fill(stage, wording.VISITS, lines=f"{spoken_time(stage.visit, stage.clinic)}: {url}"))


async def _decline(_: Context, stage: Stage, __: Written) -> Reply:
    return Reply(_fill(stage, wording.DECLINED))


async def _hand_over(ctx: Context, stage: Stage, written: Written) -> Reply:
    if written.analysis.intent is Intent.EMERGENCY:
        return Reply(_fill(stage, wording.EMERGENCY))
    if Intent.BOOKING_REQUEST in written.analysis.intents:
        return Reply(_fill(stage, wording.HANDED_OVER_WITH_LINK, link=_booking_link(ctx, stage)))
    return Reply(_fill(stage, wording.HANDED_OVER))


async def _confirm_stop(_: Context, __: Stage, ___: Written) -> Reply:
    return Reply(opt_outs.CONFIRMATION)


async def _silence(_: Context, __: Stage, ___: Written) -> Reply:
    return Reply("")


REPLIES: dict[Reaction, Callable[[Context, Stage, Written], Awaitable[Reply]]] = {
    "answer_question": _answer,
    "send_booking_link": _link,
    "send_manage_link": _manage,
    "accept_decline": _decline,
    "hand_off": _hand_over,
    "record_opt_out": _confirm_stop,
    "keep_for_staff": _silence,
}


def _fill(stage: Stage, template: str, **values: str) -> str:
    return wording.fill(template, patient=stage.patient, clinic=stage.clinic, **values)


def _booking_link(ctx: Context, stage: Stage) -> str:
    return links.new_booking_link(ctx, patient_id=stage.patient.id, campaign_id=None)[1]
