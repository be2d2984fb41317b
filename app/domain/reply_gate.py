"""The one gate for every text that a language provider wrote: may it leave? (trust.md section 3) Pure.

A provider may obey whatever a message says. So code decides, on the text as a reader sees it: nothing but plain text,
and no link, address, price, number, date or claim that does not stand in what the provider was given.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from app.domain import reply_facts, reply_letters, reply_links, reply_phrases
from app.domain.prompt_marks import shows_mark
from app.domain.reply_letters import plain_letters, squeezed
from app.domain.reply_numbers import with_digits
from app.models.enums import ChannelType

LONGEST_CHARS = 1_500
LONGEST_WORD = 40
"""A longer word without a space is no word: encoded text, a token, a flood."""

COPIED_WORDS = 4
"""So many words in a row are copied, and not found again by chance."""


class Use(StrEnum):
    ANSWER = "answer"
    FOLLOW_UP = "follow_up"
    SUGGESTION = "suggestion"  # a draft that a person reads before it is sent


LONGEST: dict[tuple[Use, ChannelType], int] = {
    (Use.ANSWER, ChannelType.SMS): 640,
    (Use.ANSWER, ChannelType.WHATSAPP): 1_000,
    (Use.FOLLOW_UP, ChannelType.SMS): 300,
    (Use.FOLLOW_UP, ChannelType.WHATSAPP): 400,
}
"""Characters, where it is fewer than LONGEST_CHARS."""
MOST_QUESTIONS = {Use.FOLLOW_UP: 1}
_MARKUP = re.compile(
    r"<\s*[/!a-z]|[{}]|```|\*\*|__\w|^\s{0,3}#{1,6}\s|\[[^\]\n]*\]\s*\(|&(?:#\d+|#x[0-9a-f]+|[a-z]{2,8});|\\[nux]",
    re.I | re.M,
)
_QUOTE = re.compile(r"[\"“«„]\s*([^\"“”«»„]{1,400}?)\s*[\"”»“]")
_NAME = re.compile(r"\b[A-Z][\w'-]+(?: (?:de |la |del |van |von )*[A-Z][\w'-]+)+")
_BEGINS = re.compile(r"(?:^|[.!?:;,\n\"(-])\s*$")
_TITLED = re.compile(r"\b(?:[Mm]r|[Mm]rs|[Mm]s|[Mm]iss|[Dd]r|[Ss]ra?|[Mm]me|[Mm]onsieur|[Mm]adame)\.? ([A-Z][\w'-]+)")
_CAPITAL = re.compile(r"\b[A-Z][A-Za-z]{3,}\b")
_CAPITALS = re.compile(r"\b[A-Z]{5,}\b")
_WORDS = re.compile(r"\w+")
_ORDINARY = frozenset(
    "regards wishes team thank thanks you we please our the your kind best warm dear hello hi".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """What is judged, and by what."""

    raw: str
    sources: str
    patients_words: str
    allowed_links: Collection[str]
    canary: str
    use: Use
    channel: ChannelType

    @property
    def unquoted(self) -> str:
        """Without what it quotes of the patient's own words, sign for sign between quotation marks."""
        own = squeezed(self.patients_words)
        return _QUOTE.sub(lambda quote: " " if squeezed(quote[1]) in own else quote[0], self.raw) if own else self.raw


def refusal(
    text: str,
    *,
    sources: str,
    patients_words: str = "",
    allowed_links: Collection[str] = (),
    canary: str = "",
    use: Use = Use.ANSWER,
    channel: ChannelType = ChannelType.EMAIL,
) -> str | None:
    """The name of the rule by which this text may not leave, or None.

    `patients_words` lend bare numbers, and anything but a link inside quotation marks. `canary` is a secret of the
    prompt that only an echo of it can hold.
    """
    judged = _Text(
        raw=text,
        sources=sources,
        patients_words=patients_words,
        allowed_links=allowed_links,
        canary=canary,
        use=use,
        channel=channel,
    )
    return next((found for rule in RULES if (found := rule(judged))), None)


def _empty(text: _Text) -> str | None:
    return None if squeezed(text.raw[:LONGEST_CHARS]) else "empty"


def _too_long(text: _Text) -> str | None:
    return "too_long" if len(text.raw) > LONGEST.get((text.use, text.channel), LONGEST_CHARS) else None


def _canary(text: _Text) -> str | None:
    secret = squeezed(text.canary)
    said = squeezed(text.raw)
    return "canary" if shows_mark(text.raw) or (secret and (secret in said or secret[::-1] in said)) else None


def _hidden_signs(text: _Text) -> str | None:
    return "hidden_signs" if reply_letters.hides_signs(text.raw) else None


def _foreign_script(text: _Text) -> str | None:
    """These tables read the Latin alphabet; another one is a disguise, or a text that nothing here can judge."""
    known = reply_letters.foreign_scripts(text.sources)
    return "foreign_script" if reply_letters.foreign_scripts(text.raw) - known else None


def _markup(text: _Text) -> str | None:
    return "markup" if _MARKUP.search(text.raw) else None


def _foreign_link(text: _Text) -> str | None:
    return "foreign_link" if reply_links.has_foreign_link(text.raw, text.allowed_links) else None


def _foreign_address(text: _Text) -> str | None:
    return "foreign_address" if reply_links.has_foreign_address(text.raw, text.sources) else None


def _no_word(text: _Text) -> str | None:
    rest = text.raw
    for link in (*text.allowed_links, *reply_links.addresses_in(text.sources)):
        rest = rest.replace(link, " ")
    return "unreadable" if any(len(word) > LONGEST_WORD for word in rest.split()) else None


def _figures(text: _Text) -> str | None:
    """A link that may stand there is no figure, whatever digits its token has."""
    rest = text.unquoted
    for link in text.allowed_links:
        rest = rest.replace(link, " ")
    return reply_facts.unfounded(
        reply_facts.facts_of(rest, is_source=False),
        reply_facts.facts_of(text.sources, is_source=True),
        reply_facts.facts_of(text.patients_words, is_source=False),
    )


def _wordings(text: _Text) -> str | None:
    return reply_phrases.broken_by(_read(text.unquoted), _read(text.sources))


def _names(text: _Text) -> str | None:
    """A person's name that nobody gave the provider is a leak or an invention; subjects in Title Case are neither."""
    if text.use is Use.FOLLOW_UP:
        return None
    known = {*_WORDS.findall(plain_letters(f"{text.sources} {text.patients_words}").lower()), *_ORDINARY}
    plain = plain_letters(text.raw)
    said = [name.lower() for name in _TITLED.findall(plain)]
    for name in _NAME.finditer(plain):
        capitals = [word for word in name[0].split() if word[0].isupper()]
        first = 1 if _BEGINS.search(plain[: name.start()]) else 0
        said += _WORDS.findall(" ".join(capitals[first:]).lower())
    return "name_not_in_sources" if any(len(word) > 1 and word not in known for word in said) else None


def _shouting(text: _Text) -> str | None:
    """Capitals are orders, states and slogans; what the sources write so may stay."""
    known = plain_letters(text.sources)
    return "shouting" if any(word not in known for word in _CAPITALS.findall(plain_letters(text.unquoted))) else None


def _orders(text: _Text) -> str | None:
    """A proactive message speaks for the clinic: outside quotation marks it takes no words from what a lead wrote."""
    if text.use is not Use.FOLLOW_UP or not text.patients_words:
        return None
    plain, theirs = plain_letters(text.unquoted), plain_letters(text.patients_words)
    known = set(_WORDS.findall(plain_letters(text.sources).lower()))
    capitals = set(_CAPITAL.findall(plain)) & set(_CAPITAL.findall(theirs))
    is_told = any(word.lower() not in known | _ORDINARY for word in capitals)
    is_copied = any(_is_copied(sentence, theirs, known) for sentence in re.split(r"[.!?;\n]", plain))
    return "takes_the_patients_words" if is_told or is_copied or _runs(plain) & _runs(theirs) else None


def _is_copied(sentence: str, theirs: str, known: set[str]) -> bool:
    words = _WORDS.findall(sentence.lower())
    return len(words) > 1 and not set(words) <= known | _ORDINARY and squeezed(sentence) in squeezed(theirs)


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORDS.findall(text.lower())
    return {tuple(words[start : start + COPIED_WORDS]) for start in range(len(words) - COPIED_WORDS + 1)}


def _questions(text: _Text) -> str | None:
    most = MOST_QUESTIONS.get(text.use)
    return "too_many_questions" if most is not None and plain_letters(text.raw).count("?") > most else None


def _read(text: str) -> str:
    return with_digits(plain_letters(text).lower())


RULES: tuple[Callable[[_Text], str | None], ...] = (
    _empty,
    _too_long,
    _canary,
    _hidden_signs,
    _foreign_script,
    _markup,
    _foreign_link,
    _foreign_address,
    _no_word,
    _figures,
    _wordings,
    _names,
    _shouting,
    _orders,
    _questions,
)
"""The order is that of the reasons which staff read: the first broken rule names itself."""
