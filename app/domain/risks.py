"""The risk layer: emergencies and stops, looked for in what a person wrote and in the message as it came.

The cleaned text decides; of the message as it came only an emergency counts, and only where no older message stands in
it: a signature that was cut too early may hide a cry for help, a quoted footer says STOP (agent.md sections 2 and 4).
"""

from collections.abc import Mapping
from datetime import date

from app.domain import message_quotes as quotes
from app.domain.bounces import Bounce
from app.domain.message_html import looks_html
from app.domain.phrases import normalise
from app.domain.screening import Screening, screen, screen_words
from app.models.enums import ChannelType, Intent

RISKS = (Intent.EMERGENCY, Intent.OPT_OUT)
"""What rules find whatever a model says, the graver first."""
MAX_RAW_CHARS = 64_000
MAX_RAW_LINES = 400
_FOR_A_PERSON = ("opt_out.partial", "opt_out.wrong_number", "opt_out.deceased", "opt_out.erasure")
_BARE = ("opt_out.stop_word", "opt_out.cancel_by_sms")


def look_for(
    *,
    text: str,
    channel: ChannelType,
    headers: Mapping[str, str] | None = None,
    subject: str = "",
    bounce: Bounce | None = None,
    today: date | None = None,
) -> Screening:
    """What the rules see in one message as it came; arguments as `screening.screen` has them."""
    seen = screen(text=text, headers=headers or {}, channel=channel, subject=subject, bounce=bounce, today=today)
    if seen.kind in (None, Intent.OPT_OUT) and (rule := _cut_emergency(text, channel)):
        return Screening(Intent.EMERGENCY, also_opt_out=seen.kind is Intent.OPT_OUT, rule=rule)
    return seen


def risks_of(seen: Screening) -> tuple[Intent, ...]:
    """The risks that a screening found, the graver first."""
    found = {seen.kind} | ({Intent.OPT_OUT} if seen.also_opt_out else set())
    return tuple(risk for risk in RISKS if risk in found)


def is_bare_stop(rule: str | None) -> bool:
    """True for a message that is nothing but a word of refusal: there is nothing else to read in it."""
    return rule in _BARE


def concerns_staff(rule: str | None) -> bool:
    """True for a stop after which a person must look: a wrong number, a death, an erasure, one channel of several."""
    return rule in _FOR_A_PERSON


def _cut_emergency(text: str, channel: ChannelType) -> str | None:
    raw = text[:MAX_RAW_CHARS]
    if looks_html(raw) or _has_history(raw.splitlines()[:MAX_RAW_LINES]):
        return None
    seen = screen_words(normalise(raw), channel)
    return seen.rule if seen.kind is Intent.EMERGENCY else None


def _has_history(lines: list[str]) -> bool:
    return any(
        line.lstrip().startswith(">")
        or quotes.attribution_at(lines, at)
        or quotes.header_block_at(lines, at)
        or quotes.original_at(lines, at)
        for at, line in enumerate(lines)
    )
