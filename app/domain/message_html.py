"""HTML of a message as the text a reader sees (agent.md section 2; trust.md section 3, input).

What no reader sees is dropped, quoted passages and signatures become `> ` lines, as in a plain mail, so that one
cutter serves both. A tokenizer of our own: linear in the text whatever it holds, and the same on every Python.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.message_styles import Look, hidden_selectors, look_of

HISTORY = "\x1e"
"""Stands where a mail program says that what follows is an older message."""

MAX_MARKUP = 600_000
MAX_SHOWN = 64_000
MAX_OPEN = 400
"""Elements open at once: deeper ones are read as if they were not nested."""

_TAG = re.compile(r"""<(/?)([a-zA-Z][\w:.-]{0,60})(?=[\s/>])((?:[^<>"']|"[^"<]{0,5000}"|'[^'<]{0,5000}'|["'])*+)>""")
_ATTRIBUTE = re.compile(r"""([a-zA-Z_:][\w:.-]{0,60})\s{0,20}(?:=\s{0,20}("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_LOOKS_HTML = re.compile(
    r"</?(?:html|body|div|p|br|span|table|td|blockquote|font|a|b|i|strong|em|ul|li|style|head)(?:[\s/][^<>]{0,300})?>",
    re.I,
)
_BLOCKS = frozenset(
    "div br tr li table ul ol h1 h2 h3 h4 h5 h6 p pre hr section article header footer center form dl dt dd".split()
)
_SPACED = frozenset("p ul ol table h1 h2 h3 h4 h5 h6 pre blockquote".split())
_VOID = frozenset("br hr img input meta link area base col embed source track wbr o:p".split())
_RAW = frozenset("style script title template noscript xml textarea svg head".split())
_HISTORY_MARK = re.compile(r"yahoo_quoted|divrplyfwdmsg|protonmail_quote|zmail_extra|tutanota_quote|hey_quoted", re.I)
_QUOTED_MARK = re.compile(
    r"gmail_attr\b|gmail_signature|moz-cite|moz-signature|outlook-mobile-signature|protonmail_signature"
    r"|applemailsignature|composer_signature|yahoo-signature",
    re.I,
)
_FORWARDS = re.compile(r"\s*-{5,}")


def looks_html(text: str) -> bool:
    """True when a text is markup rather than a person's own characters."""
    return bool(_LOOKS_HTML.search(text))


def html_to_text(markup: str) -> str:
    """The visible text, at most about 64,000 characters: blocks as lines, quotes as `> `, links as text (address)."""
    page = _Page(hidden_selectors(markup[:MAX_MARKUP]))
    for closes, tag, attributes, words in _tokens(markup[:MAX_MARKUP]):
        if words is not None:
            page.say(words)
        elif closes:
            page.close(tag)
        else:
            page.open(tag, attributes)
        if page.is_full:
            break
    return page.text()


def _tokens(markup: str) -> Iterator[tuple[bool, str, str, str | None]]:
    """(closes, tag, attributes, None) of each tag and (False, "", "", words) of each stretch of text."""
    at, size = 0, len(markup)
    endless: set[str] = set()
    while at < size:
        start = markup.find("<", at)
        start = size if start < 0 else start
        if start > at:
            yield False, "", "", markup[at:start]
        if start >= size:
            return
        found = _TAG.match(markup, start)
        if found is None:
            at, words = _after_odd_sign(markup, start)
            yield False, "", "", words
            continue
        tag, at = found[2].lower(), found.end()
        if tag in _RAW and not found[1]:
            at = _after_raw(markup, at, tag, endless)
        else:
            yield bool(found[1]), tag, found[3], None


def _after_odd_sign(markup: str, start: int) -> tuple[int, str]:
    """Past a comment, a declaration or a bare `<`: where to go on, and what of it is text."""
    if markup.startswith("<!--", start):
        end = markup.find("-->", start + 4)
        return (end + 3, "") if end >= 0 else (len(markup), "")
    if markup[start + 1 : start + 2] in ("!", "?", "/"):
        end = markup.find(">", start, start + 2_000)
        is_cut_off = end < 0 and "<" not in markup[start + 1 : start + 2_000]
        return (end + 1, "") if end >= 0 else (len(markup) if is_cut_off else start + 1, "")
    return start + 1, "<"


def _after_raw(markup: str, at: int, tag: str, endless: set[str]) -> int:
    """Past an element whose content nobody reads; one that is never closed is taken for closed at once."""
    end = None if tag in endless else re.compile(rf"</{tag}\s{{0,20}}>", re.I).search(markup, at)
    if end is None:
        endless.add(tag)  # looked for once only
        return at
    return end.end()


@dataclass(frozen=True, slots=True)
class _Element:
    """An open element, and how things stood before it."""

    tag: str
    look_before: Look
    depth_before: int
    href: str
    said_before: int
    """How much of the line stood there already."""
    is_spaced: bool


class _Page:
    """Writes lines as a reader would see them."""

    def __init__(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden
        self._open: list[_Element] = []
        self._look, self._depth = Look(), 0
        self._lines: list[tuple[int, str]] = []
        self._line: list[str] = []
        self._shown = 0
        self._counters: list[int] = []
        self._marks_forward = False
        self._opens_history = False

    @property
    def is_full(self) -> bool:
        return self._shown >= MAX_SHOWN

    def open(self, tag: str, raw: str) -> None:
        given = {name.lower(): html.unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(raw)}
        marks = f"{given.get('class', '')} {given.get('id', '')}"
        look = look_of(tag, given, inherited=self._look, hidden_by_sheet=self._hidden)
        if tag in _BLOCKS or tag == "blockquote":
            self._break(blank=_is_spaced(tag, given))
        if _HISTORY_MARK.search(marks) and not look.is_hidden:
            self._lines.append((self._depth, HISTORY))
        if tag in _VOID or (":" in tag and raw.endswith("/")):
            return
        if len(self._open) < MAX_OPEN:
            href = given.get("href", "").strip()
            said = len(self._line)
            self._open.append(_Element(tag, self._look, self._depth, href, said, _is_spaced(tag, given)))
            self._look = look
        self._begin(tag, given, marks)
        self._opens_history = "gmail_quote" in marks and tag == "div"

    def _begin(self, tag: str, given: dict[str, str], marks: str) -> None:
        if (tag == "blockquote" and not _only_indents(given)) or _QUOTED_MARK.search(marks):
            self._break()
            self._depth += 1
            self._marks_forward = "gmail_attr" in marks
        elif tag in ("ul", "ol"):
            self._counters.append(1 if tag == "ol" else 0)
        elif tag == "li":
            self._line.append(self._bullet())
        elif tag in ("td", "th"):
            self._line.append(" ")

    def _bullet(self) -> str:
        if not self._counters or not self._counters[-1]:
            return "- "
        self._counters[-1] += 1
        return f"{self._counters[-1] - 1}. "

    def close(self, tag: str) -> None:
        at = next((i for i in range(len(self._open) - 1, -1, -1) if self._open[i].tag == tag), None)
        if at is None:
            return
        element = self._open[at]
        self._link(element.href, said_before=element.said_before)
        if tag in ("ul", "ol") and self._counters:
            self._counters.pop()
        if tag in _BLOCKS or tag == "blockquote" or element.depth_before != self._depth:
            self._break(blank=element.is_spaced)
        self._look, self._depth = element.look_before, element.depth_before
        del self._open[at:]

    def _link(self, href: str, *, said_before: int) -> None:
        if self._look.is_hidden or not href.lower().startswith(("http://", "https://")):
            return
        shown = "".join(self._line[said_before:])
        if href.rstrip("/") not in shown and len(href) <= 500:
            self._line.append(f" ({href})")

    def say(self, words: str) -> None:
        if self._look.is_hidden or not words:
            return
        plain = html.unescape(words).replace(HISTORY, "")
        if plain.strip():
            if self._opens_history or (self._marks_forward and _FORWARDS.match(plain)):
                self._lines.append((self._depth, HISTORY))
            self._marks_forward = self._opens_history = False
        self._shown += len(plain)
        self._line.append(plain if any(one.tag == "pre" for one in self._open) else re.sub(r"[ \t\r\n\f]+", " ", plain))

    def _break(self, *, blank: bool = False) -> None:
        line = "".join(self._line)
        self._line = []
        if line.strip(" \n"):
            self._lines.extend((self._depth, one.strip(" ")) for one in re.sub(r"(?<!^) {2,}", " ", line).split("\n"))
        if blank and self._lines and self._lines[-1][1]:
            self._lines.append((self._depth, ""))

    def text(self) -> str:
        self._break()
        return "\n".join(line if line == HISTORY else f"{'> ' * depth}{line}" for depth, line in self._lines)


def _is_spaced(tag: str, given: dict[str, str]) -> bool:
    """A paragraph stands apart, unless it is one of Word's lines."""
    is_flat = given.get("class", "").startswith("Mso") or "margin:0" in given.get("style", "").replace(" ", "")
    return tag in _SPACED and not is_flat


def _only_indents(given: dict[str, str]) -> bool:
    """A blockquote that a person used to move own words to the right, as Gmail's indent button does."""
    style = given.get("style", "").replace(" ", "").lower()
    return "border:none" in style and "class" not in given and "type" not in given
