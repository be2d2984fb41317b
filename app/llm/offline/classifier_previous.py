"""What our previous message asked, as cues for the classifier: a bare "yes" means what it answers (agent.md section 1).

A kind is a cue and no verdict: several may hold, and the training data decide what each comes to.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

MAX_CUE_WORDS = 4
"""A reply of so few words is crossed with the question word by word; in a longer one the words speak for themselves."""
MAX_ANSWER_WORDS = 6
"""A reply of so few words is crossed with the words of our question: "yes" to "... swelling?"."""

_TIME = r"(?:mon|tues?|wednes|wed|thu|thurs|fri|satur|sun)(?:day)?\b|\b\d{1,2} ?(?:am|pm|h)\b|\b\d{1,2}:\d\d|tomorrow"
_KINDS: tuple[tuple[str, str], ...] = (
    ("ask", r"\?"),
    (
        "invite",
        r"\b(?:book|schedule|plan|visit|come (?:in|by|and)|see you|check ?up|cleaning|appointment|find a time"
        r"|cita|visita|rendez vous|rdv)\b[^|]*\?",
    ),
    (
        "free",
        r"\b(?:we have|free|available|openings?|slots?|opened up|how about|does|would|which|suit|works?|prefer)\b"
        rf"[^|]*(?:{_TIME})",
    ),
    (
        "remind",
        r"\b(?:reminder|your (?:\w+ ){0,3}(?:appointment|visit|cleaning|check ?up) (?:is|on|at|tomorrow|with)"
        r"|see you (?:on|tomorrow|at)|expecting you|recordatorio|rappel|votre rendez vous|su cita)\b",
    ),
    ("confirm", r"\b(?:confirm\w*|still (?:able|coming|make|good)|can you make|will you be|are you coming)\b"),
    (
        "booked",
        r"\b(?:you are (?:booked|confirmed|all set|down)|is (?:booked|confirmed|reserved)|booked you|have moved"
        r"|has been moved|is now|look forward)\b",
    ),
    (
        "menu",
        r"\b(?:reply|press|answer|send|text|write|respond|responda|repondez)\b[^|]*\b(?:1|2|a|b|c|r|y|n)\b"
        r"|\b[1a] ?[,)=.:]",
    ),
    (
        "stop",
        r"\b(?:stop (?:send|writ|remind|contact|text|messag|e ?mail)\w*|unsubscribe|remove you|take you off"
        r"|off our list|hear(?:ing)? (?:no more )?from us|keep (?:hearing|sending|getting))\b[^|]*\?",
    ),
    ("cancel", r"\bcancel\b[^|]*\?"),
    ("move", r"\b(?:move|reschedule|change|another (?:day|time)|different (?:day|time)|earlier|later)\b[^|]*\?"),
    (
        "elsewhere",
        r"\b(?:another|different|new|other) (?:dentist|practice|clinic)\b|\belsewhere\b|\balready (?:seen|been"
        r"|had|found)\b",
    ),
    (
        "badtime",
        r"\b(?:bad time|too busy|not (?:a good|the right) time|not interested|no longer|close your file|leave it"
        r"|close (?:this|the)|given up)\b[^|]*\?",
    ),
    ("danger", r"\b(?:pain|swelling|swollen|bleeding|fever|breath\w*|swallow\w*|hurts?|emergency)\b[^|]*\?"),
    ("helps", r"\b(?:answer your question|is that clear|does that help|make sense|helpful|all clear)\b[^|]*\?"),
    ("more", r"\b(?:any (?:other |further |more )?questions|anything else|something else|else we can)\b"),
    ("link", r"\b(?:link|booking page|online)\b"),
    ("call", r"\b(?:call you|ring you|phone you|give you a call|good (?:time|number) to)\b[^|]*\?"),
    (
        "closed",
        r"\b(?:change your mind|whenever you are ready|will not (?:write|plan|bother|contact)|no problem"
        r"|unsubscribed|no more messages)\b",
    ),
    (
        "handed",
        r"\b(?:team|colleague|someone|person|dr \w+|doctor) (?:will|is going to) (?:read|answer|call|be in touch"
        r"|get back|look)\b",
    ),
    (
        "who",
        r"\b(?:who|which (?:insurance|patient|child|tooth|service|dentist)|what (?:kind|service|name|is your|day)"
        r"|how (?:long|many|old)|date of birth|where)\b[^|]*\?",
    ),
    (
        "survey",
        r"\b(?:rate|rating|how was|how did|feedback|review|recommend|1 to 5|1 to 10|how (?:are|do) you feel\w*)\b",
    ),
)
_LEADING = tuple(
    "danger stop cancel move elsewhere badtime helps more call link confirm booked remind free invite".split()
)
"""Of several kinds the first of these is most likely what a yes or no means."""
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _KINDS)
_YES = frozenset(
    "yes yeah yep yea ya yup yess y si sip oui ja sim sure absolutely definitely certainly thumbsup aye claro ouais"
    " ofc".split()
)
_OK = frozenset(
    "ok k fine great perfect cool alright deal vale good right sounds works confirmed confirm bueno".split()
)
_NO = frozenset("no nope nah n naw non nein nao not never thumbsdown negative neither none".split())
_THANKS = frozenset("thanks thank gracias merci danke cheers obrigado grazie smiley".split())
_SHAPES = (("no", _NO), ("yes", _YES), ("ok", _OK), ("thanks", _THANKS))
CHOICE = re.compile(
    r"\W*(?:option |number |choice |answer |no\. ?)?([a-z]{1,8}|[0-9]{1,2})\W*(?:please|pls|thanks|thx|sorry)?\W*$",
    re.IGNORECASE,
)
_KEY = r"(?<![A-Za-z0-9:])(?:[A-Z]{1,8}|[1-9])"
_MARK = r"(?:[\"']?\s?[)=][\s\"']*|[.:]\s+|\s[-–]\s|[\"']?\s+(?:to|for|if)\s+)"
_OPTION = re.compile(
    rf"({_KEY}){_MARK}([^,;.?\n]{{1,80}}?)(?=\s*(?:[,;?\n]|\.(?:\s|$)|(?:\bor\s+)?{_KEY}{_MARK}|\s(?:or|and)\s|$))"
)


def kinds_of(previous: str) -> list[str]:
    """The kinds of question in our normalised message; `none` where we wrote nothing, `told` where none fits."""
    if not previous.strip():
        return ["none"]
    return [name for name, pattern in _COMPILED if pattern.search(previous)] or ["told"]


def shape_of(words: list[str]) -> str:
    """How a reply begins and how long it is: `yes1`, `no3`, `other9`."""
    first = next((name for name, known in _SHAPES if words and words[0] in known), "other")
    if len(words) == 1 and (len(words[0]) == 1 or words[0].isdigit()) and first == "other":
        first = "choice"
    return f"{first}{next((top for top in (0, 1, 3, 6, 12) if len(words) <= top), 99)}"


def context_cues(body: str, previous: str) -> Iterator[str]:
    """Cues of a normalised reply and the normalised message that it answers."""
    words = [word for word in body.split() if word not in "|,?"]
    shape, kinds = shape_of(words), kinds_of(previous)
    manner = shape.rstrip("0123456789")
    leading = next((kind for kind in _LEADING if kind in kinds), kinds[-1])
    yield f"x:{shape}"
    yield f"q:{leading}+{shape}"
    yield f"q:{leading}+{manner}"
    for kind in kinds:
        yield f"x:{kind}"
        yield f"x:{kind}+{shape}"
        yield f"x:{kind}+{manner}"
        if len(words) <= MAX_CUE_WORDS:
            yield from (f"x:{kind}+{word}" for word in words)
    if len(words) <= MAX_ANSWER_WORDS:
        yield from (f"{manner}:{word}" for word in _question_words(previous))


def _question_words(previous: str) -> Iterator[str]:
    """Words and pairs of words of what we asked, or of all we wrote if we asked nothing."""
    asked = [part for part in previous.split("|") if "?" in part] or [previous]
    for part in asked:
        words = part.split()
        yield from words
        yield from (f"{one} {two}" for one, two in pairwise(words))


def chosen(reply: str, previous: str) -> str | None:
    """The words of the option that a raw reply names: "2" after "Reply 1 to book, 2 to stop" is "stop"."""
    choice = CHOICE.match(reply.strip())
    return options_of(previous).get(choice[1].lower()) if choice else None


def options_of(previous: str) -> dict[str, str]:
    """The options that a raw message of ours offers: key in small letters, words."""
    return {key.lower(): label for key, label in _OPTION.findall(previous)}
