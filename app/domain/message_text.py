"""The words a person wrote in a message, without quoted history, signature or hidden text (agent.md section 2).

One cutter for every channel: markup becomes plain lines first (`message_html`), then each line is given to the
person, to the older message (`message_quotes`) or to nobody (`message_signatures`).
"""

import re
from dataclasses import dataclass

from app.domain import message_quotes as quotes
from app.domain import message_signatures as signatures
from app.domain.message_html import HISTORY, html_to_text, looks_html

MAX_CHARS = 8_000
MAX_LINES = 4_000
MAX_RAW_CHARS = 64_000
"""Of plain text: past this, nobody typed it."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1d\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufe00-\ufe0f\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_LOWER_START = re.compile(r"^\s*[a-z]")
_WRAPS_FROM = 66


@dataclass(frozen=True, slots=True)
class Written:
    """A message, taken apart: what its sender typed, and what was cut (history, forwarded mail, signature)."""

    text: str
    quoted: str


def visible_text(body: str) -> str:
    """What the sender wrote and could see, at most 8,000 characters; the quote only if nothing else remains."""
    written = take_apart(body)
    return written.text or written.quoted


def take_apart(*bodies: str) -> Written:
    """Split one message into what was typed and what was cut, each at most 8,000 characters.

    Several bodies (plain or HTML, as a mail with files between its words has) are one message, in that order.
    """
    lines = _clean("\n\n".join(_plain(body) for body in bodies)).split("\n")[:MAX_LINES]
    is_own = _own_lines(lines)
    return Written(
        text=_joined(_own_paragraphs(lines, is_own)),
        quoted=_joined([_unmarked(line) for line, own in zip(lines, is_own, strict=True) if not own]),
    )


def _plain(body: str) -> str:
    return html_to_text(body) if looks_html(body[:MAX_RAW_CHARS]) else body[:MAX_RAW_CHARS].replace(HISTORY, "")


def _own_paragraphs(lines: list[str], is_own: list[bool]) -> list[str]:
    """The sender's lines, with an empty one wherever something stood between two of them."""
    kept: list[str] = []
    for at, line in enumerate(lines):
        if is_own[at]:
            kept.extend([line] if at == 0 or is_own[at - 1] else ["", line])
    return kept


def _clean(text: str) -> str:
    text = _UNSEEN.sub("", _BREAKS.sub("\n", text).replace("\xa0", " ").replace("\t", " "))
    return re.sub(r"(?<! ) +\n", "\n", text)


def _joined(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()[:MAX_CHARS].strip()


def _unmarked(line: str) -> str:
    return re.sub(r"^[ >]{0,40}", "", line.replace(HISTORY, ""))


def _own_lines(lines: list[str]) -> list[bool]:
    """For each line whether the sender typed it."""
    own: list[bool] = []
    in_signature = False
    while (at := len(own)) < len(lines):
        line = lines[at]
        skipped, ends_here = _history_at(lines, at)
        if ends_here:
            own.extend([False] * (len(lines) - at))
        elif skipped:
            own.extend([False] * skipped)
            in_signature = False
        else:
            in_signature = _still_signature(lines, at, after_one=in_signature)
            own.append(not (in_signature or signatures.is_added(line) or _is_wrapped_quote(lines, at)))
    return own


def _still_signature(lines: list[str], at: int, *, after_one: bool) -> bool:
    if after_one:
        return not signatures.ends_signature(lines[at])
    return signatures.starts_signature(lines, at)


def _history_at(lines: list[str], at: int) -> tuple[int, bool]:
    """How many lines from `at` on are not the sender's, and whether nothing of the sender's follows at all."""
    line = lines[at]
    if HISTORY in line:
        return 0, True
    if line.lstrip().startswith(">"):
        return 1, False
    count = quotes.attribution_at(lines, at) or quotes.header_block_at(lines, at)
    if not count and quotes.original_at(lines, at):
        count = 1 + _headers_after(lines, at + 1)
        if quotes.forwards(line):
            return 0, True
    if not count:
        return 0, False
    return count, not _quote_follows(lines, at + count)


def _headers_after(lines: list[str], at: int) -> int:
    """Blank lines and headers below "Original Message"."""
    blank = 0
    while at + blank < len(lines) and not lines[at + blank].strip():
        blank += 1
    found = quotes.header_block_at(lines, at + blank, least=1) if at + blank < len(lines) else 0
    return blank + found if found else 0


def _quote_follows(lines: list[str], at: int) -> bool:
    """Whether each quoted line carries its own mark: then answers may stand between and below."""
    following = next((line for line in lines[at : at + 6] if line.strip()), "")
    return following.lstrip().startswith(">")


def _is_wrapped_quote(lines: list[str], at: int) -> bool:
    """The tail of a quoted line that a mail program broke in two, between two lines that carry the mark."""
    if not 0 < at < len(lines) - 1 or len(lines[at]) > 30 or not _LOWER_START.match(lines[at]):
        return False
    above, below = lines[at - 1].strip(), lines[at + 1].lstrip()
    is_long = above.startswith(">") and len(above) >= _WRAPS_FROM and above[-1] not in ".?!:"
    return is_long and below.startswith(">")
