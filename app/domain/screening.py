"""What must be known of an incoming message before any model reads it (trust.md 2.5 and 3, agent.md section 2).

Bounces and automatic replies by their headers, then an emergency or a refusal of messages by their words. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr

from app.domain import screening_words as words
from app.domain import screening_words_automatic as automatic
from app.domain.bounces import Bounce, is_hard
from app.domain.message_text import visible_text
from app.domain.orders import text_before_order
from app.domain.phrases import first_rule, normalise
from app.domain.return_dates import returns_on
from app.domain.screening_words_emergency import EMERGENCY
from app.models.enums import ChannelType, Intent

__all__ = ["Screening", "screen", "visible_text"]

_AUTOMATIC_SENDER = re.compile(
    r"^(?:mailer-daemon|postmaster|(?:.*[._+-])?(?:no-?reply|do-?not-?reply|bounces?)(?:[._+-].*)?)$"
)
_BOUNCE_SENDER = re.compile(r"^(?:mailer-daemon|postmaster|bounces?(?:[._+-].*)?)$")
_AUTOMATIC_PRECEDENCE = frozenset({"bulk", "junk", "list", "auto_reply"})
_AUTOMATIC_HEADERS = ("list-id", "x-autoreply", "x-autoreply-from", "x-autorespond")
_OUR_MARK = "x-outbox-id"
_REPORTED = "bounce.delivery_report"


@dataclass(frozen=True, slots=True)
class Screening:
    """What the screening found; `kind` None means: an ordinary message, let the model read it."""

    kind: Intent | None
    """AUTO_REPLY, BOUNCE, OPT_OUT, EMERGENCY or None."""
    bounce: Bounce | None = None
    """Of a BOUNCE: which address failed, for good or for now, and which message of ours came back."""
    returns_on: date | None = None
    """Of an AUTO_REPLY: the last day of absence, or the day of return, that it names clearly."""
    also_opt_out: bool = False
    """An emergency in which messages are refused as well."""
    rule: str = ""
    """Name of the rule that fired, for the "why"; empty when none did."""

    @property
    def is_hard_bounce(self) -> bool:
        """The address is unusable for good (SMTP class 5)."""
        return self.bounce is not None and self.bounce.is_hard


def screen(
    *,
    text: str,
    headers: Mapping[str, str],
    channel: ChannelType,
    subject: str = "",
    bounce: Bounce | None = None,
    today: date | None = None,
) -> Screening:
    """Screen one incoming message: its header signs first, then its words (an emergency outranks an opt-out).

    `bounce` is the delivery report inside an e-mail, if it was read; `today` is needed to find a date of return.
    """
    if bounce:
        return Screening(Intent.BOUNCE, bounce=bounce, rule=_REPORTED)
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    sign = _automatic_sign(lowered, subject)
    visible = visible_text(text)
    body = normalise(_with_new_subject(subject, visible))
    if rule := _bounce_rule(lowered, subject, text, sign):
        return Screening(Intent.BOUNCE, bounce=_bounce(text, lowered), rule=rule)
    if sign := sign or _automatic_wording(body):
        back = returns_on(f"{subject}\n{visible}", today=today) if today else None
        return Screening(Intent.AUTO_REPLY, returns_on=back, rule=sign)
    return screen_words(body, channel, raw=visible)


def screen_words(body: str, channel: ChannelType, *, raw: str = "") -> Screening:
    """Emergency and opt-out in a normalised text; in `raw`, the same as it was typed, the markup of orders is seen."""
    opt_out = _bare_stop_word(body, channel) or _free_opt_out(body, raw or body)
    if emergency := first_rule(EMERGENCY, body):
        return Screening(Intent.EMERGENCY, also_opt_out=opt_out is not None, rule=emergency)
    return Screening(Intent.OPT_OUT if opt_out else None, rule=opt_out or "")


def _free_opt_out(body: str, raw: str) -> str | None:
    """A stop in free wording; one that stands in an order to a machine is not the patient's own (trust.md 3)."""
    rule = first_rule(words.OPT_OUT, body)
    before = text_before_order(raw, body) if rule else None
    return rule if before is None else first_rule(words.OPT_OUT, before)


def _with_new_subject(subject: str, body: str) -> str:
    """A subject the sender wrote is part of the message; the one of our own message, sent back, is not."""
    is_answer = re.match(r"\s*(?:re|aw|sv|fwd?|tr|rv)\s*:", subject, re.IGNORECASE)
    return body if is_answer or not subject.strip() else f"{subject}\n{body}"


def _automatic_sign(headers: Mapping[str, str], subject: str) -> str | None:
    """The first sign of automatic mail, in the order of trust.md section 2.5; X-Auto-Response-Suppress is none."""
    sender = parseaddr(headers.get("from", ""))[1].lower()
    own = {parseaddr(headers.get(name, ""))[1].lower() for name in ("delivered-to", "x-original-to")} - {""}
    precedence = headers.get("precedence", "").lower()
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    signs = (
        ("header.auto_submitted", submitted not in ("no", "")),
        ("header.empty_return_path", headers.get("return-path", "-") in ("<>", "")),
        ("header.multipart_report", "multipart/report" in headers.get("content-type", "").lower()),
        ("header.automatic_sender", bool(_AUTOMATIC_SENDER.match(sender.partition("@")[0]))),
        ("header.from_ourselves", sender in own or _OUR_MARK in headers),
        ("header.precedence", precedence in _AUTOMATIC_PRECEDENCE),
        *((f"header.{name.replace('-', '_')}", name in headers) for name in _AUTOMATIC_HEADERS),
        ("subject.auto_reply", bool(automatic.AUTO_SUBJECT.match(subject))),
    )
    return next((name for name, holds in signs if holds), None)


def _bounce_rule(headers: Mapping[str, str], subject: str, text: str, sign: str | None) -> str | None:
    """Why this is a delivery failure, or None. A receipt is a multipart/report too, and is none."""
    content_type = headers.get("content-type", "").lower()
    if "disposition-notification" in content_type or automatic.DELIVERED_TEXT.search(text[:20_000].lower()):
        return None
    sender = parseaddr(headers.get("from", ""))[1].lower().partition("@")[0]
    says_so = bool(automatic.BOUNCE_TEXT.search(text[:20_000].lower()))
    signs = (
        ("bounce.failed_recipients", "x-failed-recipients" in headers),
        ("bounce.delivery_status", "delivery-status" in content_type),
        ("bounce.sender", bool(_BOUNCE_SENDER.match(sender))),
        ("bounce.report", "multipart/report" in content_type),
        ("bounce.subject", bool(automatic.BOUNCE_SUBJECT.match(subject))),
        ("bounce.wording", says_so and (sign is not None or not headers)),
    )
    return next((name for name, holds in signs if holds), None)


def _bounce(text: str, headers: Mapping[str, str]) -> Bounce:
    """What a failure without a readable report says: class 5 is for good, class 4 and "delayed" are not."""
    failed = headers.get("x-failed-recipients")
    wording = f"{text[:20_000]}\n{'undeliverable' if failed is not None else ''}"
    address = parseaddr(failed.split(",")[0])[1].lower() if failed else None
    return Bounce(final_recipient=address or None, is_hard=is_hard(status=None, action=None, wording=wording))


def _automatic_wording(body: str) -> str | None:
    if automatic.AUTO_REPLY_UNLESS.search(body):
        return None
    return first_rule(automatic.AUTO_REPLY, body)


def _bare_stop_word(body: str, channel: ChannelType) -> str | None:
    """A message that is nothing but a word of refusal. CANCEL alone counts by SMS only: elsewhere it is a visit."""
    found = re.findall(r"[a-z0-9]+", body)
    if channel is ChannelType.SMS and found in (["cancel"], ["cancelar"]):
        return "opt_out.cancel_by_sms"
    if "".join(found) in words.STOP_WORDS:
        return "opt_out.stop_word"
    if not 0 < len(found) <= words.MAX_BARE_WORDS:
        return None
    is_bare = any(word in words.STOP_WORDS for word in found)
    return "opt_out.stop_word" if is_bare and all(w in words.STOP_WORDS | words.FILLERS for w in found) else None
