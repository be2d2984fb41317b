"""An article as what can be quoted from it: sentences, list items and table rows, each with the headings above it.

Markdown as clinics write it: `#` and underlined headings, bold lead-ins, headings that are questions, headings in
capitals, timetables without any marks. Nothing is ever put together from two places.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from app.domain import clinic_things
from app.llm.offline.terms import terms_of

_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(?:=+|-{3,})\s*$")
_BOLD_LINE = re.compile(r"^\s*(?:\*\*|__)([^*_]{2,120}?)(?:\*\*|__):?\s*$")
_CAPITALS_LINE = re.compile(r"^\s*([A-Z][A-Z0-9 &/'?-]{2,60}):?\s*$")
_LABEL_LINE = re.compile(r"^\s*([A-Z][\w &/'-]{2,40}):\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_TABLE_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|?)+\s*$")
_LEAD = re.compile(
    r"^\s*(?:\*\*|__)([^*_]{2,80}?)(?:\*\*|__)|^\s*([A-Z][\w &/'?-]{1,40}?)(?:\?\?)?(?::| - | – )(?=\s|\w)"
)
_SENTENCE = re.compile(r"(?<=[.!?])(?:\*\*|__|[)\"”’*])?\s+(?=[A-Z0-9À-Ü¡¿\"“*_\[(£$€])")
_NO_END = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|Nr|approx|ca|e\.g|i\.e|a\.m|p\.m|Prof|tel|W|E|N|S)\.)$")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\([^()\s]{1,300}\)")
_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_]|[*_](?!\w)|^\s{0,3}>\s?", re.MULTILINE)
_RANK_OF_BOLD = 7
_LONG_LINE = 60
_LONGEST_OPENING = 160
_IMPLIED = (
    ("age", re.compile(r"\b(?:under|over|ages?|aged|older|younger)\b[^.;$€£]{0,16}?\d|\d+ years? old", re.IGNORECASE)),
    ("evening", re.compile(r"\b(?:[789]|1[01])(?:[:.]\d\d)? ?p\.?m\b|\b(?:19|2[0-2])[:.]\d\d", re.IGNORECASE)),
)
"""What a part speaks of by its figures alone."""
_GROUPS = frozenset(clinic_things.GROUPS)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that can be quoted: a sentence, an item of a list, a row of a table."""

    raw: str
    """Verbatim from the body."""
    text: str
    """As a patient reads it."""
    block: int
    section: int
    is_row: bool
    """Of a list, table or timetable: it stands for itself."""
    own: frozenset[str]
    heading: frozenset[str]
    """Of the headings right above it and its own lead-in."""
    above: frozenset[str]
    """Of the headings further up, and the title."""
    block_terms: frozenset[str]
    section_terms: frozenset[str]
    opening: frozenset[str]
    """Of the sentence that its paragraph opens with."""
    is_asked: bool
    """Whether the heading above it is a question: then all under it is the answer."""
    heading_text: str


@dataclass(frozen=True, slots=True)
class _Block:
    lines: tuple[str, ...]
    kind: str  # "text", "rows" or "table"
    headings: tuple[str, ...]
    section: int


@lru_cache(maxsize=512)
def parts_of(title: str, body: str) -> tuple[Part, ...]:
    """Everything in an article that can be quoted, in its order; articles change seldom and are asked often."""
    blocks = list(_blocks(body))
    above = terms_of(title) | _framing(blocks)
    parts = [part for number, block in enumerate(blocks) for part in _parts(block, number, above)]
    sections: dict[int, frozenset[str]] = {}
    for part in parts:
        sections[part.section] = sections.get(part.section, frozenset()) | part.own
    return tuple(replace(part, section_terms=sections[part.section]) for part in parts)


def _framing(blocks: Sequence[_Block]) -> frozenset[str]:
    """For whom all that follows holds, where an article opens with it: "Prices without insurance"."""
    if (
        not blocks
        or blocks[0].kind != "text"
        or blocks[0].section
        or len("\n".join(blocks[0].lines)) > _LONGEST_OPENING
    ):
        return frozenset()
    return terms_of("\n".join(blocks[0].lines)) & _GROUPS


def plain(raw: str) -> str:
    """Markdown to the text a patient reads: no marks, a link's label alone."""
    return " ".join(_MARKS.sub("", _LINK.sub(r"\1", _BULLET.sub("", raw))).split())


def _blocks(body: str) -> Iterator[_Block]:
    lines = [line.rstrip() for line in body.splitlines()]
    stack: list[tuple[int, str]] = []
    section, held = 0, list[str]()
    place = 0
    while place < len(lines):
        line = lines[place]
        below = lines[place + 1] if place + 1 < len(lines) else ""
        heading = _heading(line, below, is_alone=not held)
        if heading or not line.strip():
            yield from _closed(held, stack, section)
            held = []
        if heading:
            rank, words = heading
            stack = [(each, text) for each, text in stack if each < rank] + [(rank, words)]
            section += 1
            place += 1 if _UNDERLINE.match(below) and not _HEADING.match(line) else 0
        elif line.strip():
            held.append(line)
        place += 1
    yield from _closed(held, stack, section)


def _heading(line: str, below: str, *, is_alone: bool) -> tuple[int, str] | None:
    if match := _HEADING.match(line):
        return len(match[1]), match[2]
    if line.strip() and _UNDERLINE.match(below) and "|" not in line and is_alone:
        return (1 if "=" in below else 2), line.strip()
    match = _BOLD_LINE.match(line) or _CAPITALS_LINE.match(line) or (_LABEL_LINE.match(line) if is_alone else None)
    return (_RANK_OF_BOLD, match[1]) if match and is_alone else None


def _closed(held: Sequence[str], stack: Sequence[tuple[int, str]], section: int) -> Iterator[_Block]:
    """The lines up to an empty one: a table, rows, or text; an introduction before a list is a block of its own.

    A paragraph with a label of its own has left the label above it: "HOURS:", then "WHERE: ...".
    """
    is_labelled = bool(held) and not _BULLET.match(held[0]) and bool(_LEAD.match(held[0]))
    headings = tuple(text for rank, text in stack if rank < _RANK_OF_BOLD or not is_labelled)
    for kind, lines in _runs([line for line in held if line.strip()]):
        yield _Block(tuple(lines), kind, headings, section)


def _runs(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    run: list[str] = []
    kind = ""
    for line in lines:
        now = _kind(line, run[-1] if run else "", kind)
        if now != kind and run:
            yield kind, run
            run = []
        kind = now
        if kind == "rows" and run and not _starts_row(line, run[-1]):
            run[-1] = f"{run[-1]}\n{line}"
        else:
            run.append(line)
    if run:
        yield kind, run


def _kind(line: str, before: str, kind: str) -> str:
    if line.lstrip().startswith("|") or (kind == "table" and "|" in line):
        return "table"
    if _BULLET.match(line) or (kind == "rows" and before):
        return "rows"
    return "text"


def _starts_row(line: str, before: str) -> bool:
    return bool(_BULLET.match(line)) or (not line.startswith(" ") and before.rstrip().endswith((".", "!", "?", ":")))


def _parts(block: _Block, number: int, title: frozenset[str]) -> Iterator[Part]:
    near = terms_of(block.headings[-1]) if block.headings else frozenset[str]()
    above = frozenset[str]().union(title, *(terms_of(heading) for heading in block.headings[:-1]))
    pieces = list(_pieces(block))
    whole = frozenset[str]().union(*(terms_of(text) for _, text, _ in pieces))
    is_asked = bool(block.headings) and block.headings[-1].rstrip(" *").endswith("?")
    lead, said, opening = frozenset[str](), frozenset[str](), frozenset[str]()
    for raw, text, is_row in pieces:
        found = _LEAD.match(raw)
        if found or is_row:
            lead, said = (terms_of(found[1] or found[2]) if found else frozenset()), frozenset()
        own = terms_of(text) | {term for term, sign in _IMPLIED if sign.search(text)}
        if not said and text.endswith("?") and not is_row:
            lead, is_asked = own, True
        yield Part(
            raw=raw,
            text=text,
            block=number,
            section=block.section,
            is_row=is_row,
            own=own,
            heading=near | lead,
            above=above,
            block_terms=own if is_row else whole,
            section_terms=whole,
            opening=opening if said else frozenset(),
            is_asked=is_asked,
            heading_text=block.headings[-1] if block.headings else "",
        )
        said |= own
        opening = opening or own


def _pieces(block: _Block) -> Iterator[tuple[str, str, bool]]:
    """Raw text, readable text, and whether it stands for itself."""
    if block.kind == "table":
        yield from _rows(block.lines)
    elif block.kind == "rows":
        for line in block.lines:
            yield line.strip(), plain(line), True
    else:
        for raw, is_row in _prose(block.lines):
            sentences = list(_sentences(raw))
            is_alone = is_row and (len(sentences) == 1 or bool(_LEAD.match(raw)))
            for sentence in (raw,) if is_alone else sentences:
                yield sentence, plain(sentence), is_alone


def _rows(lines: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    has_head = len(lines) > 1 and bool(_TABLE_RULE.match(lines[1]))
    head = _cells(lines[0]) if has_head else []
    for line in lines[2:] if has_head else lines:
        if _TABLE_RULE.match(line):
            continue
        first, *others = _cells(line) or [""]
        names = [*head[1:], *[""] * len(others)][: len(others)] if len(others) > 1 else [""] * len(others)
        told = [f"{name} {cell}" if name else cell for name, cell in zip(names, others, strict=True)]
        yield line.strip(), f"{first}: {', '.join(each for each in told if each.strip())}".strip(": "), True


def _cells(line: str) -> list[str]:
    return [plain(cell.strip()) for cell in line.strip().strip("|").split("|")]


def _prose(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Paragraphs, wrapped or not; short lines under each other are rows of a timetable or of an address."""
    if (len(lines) > 1 and all(_is_row(line) for line in lines[:-1])) or (
        len(lines) > 1 and sum(bool(_LEAD.match(line)) for line in lines) > 1
    ):
        yield from ((line.strip(), True) for line in lines)
    else:
        yield "\n".join(lines), False


def _is_row(line: str) -> bool:
    return len(line) <= _LONG_LINE or line.rstrip().endswith((".", "!", "?"))


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for gap in _SENTENCE.finditer(text):
        if not _NO_END.search(text[start : gap.start()]):
            yield text[start : gap.end()].strip()
            start = gap.end()
    if text[start:].strip():
        yield text[start:].strip()
