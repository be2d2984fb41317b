"""What a patient says of a booked visit: comes, runs late, or cannot come (domain.md section 7). Pure.

A stop and an emergency are looked for before this and outrank it (agent.md section 2). What is not plain here is left
to the language provider and to people: a wrong "confirmed" costs more than a question to the desk.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.phrases import Phrase, compile_words, first_rule, normalise, phrase
from app.models.enums import ConfirmationStatus

_MOST_WORDS = 60
"""A longer message says more than these rules can tell."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says of the visit; a status of None says nothing plain. A question beside it wants an answer."""

    status: ConfirmationStatus | None
    has_question: bool = False


NOTHING = Said(None)

CANNOT_COME: tuple[Phrase, ...] = (
    phrase(
        "cannot_come",
        r"\b(?:can not|could not|will not|unable to|not able to|not going to|not gonna|can no longer)(?: be able to"
        r"| possibly| quite| actually| even)? (?:make (?:it|my|the|our|that|this|<slot>|an? <slot>)"
        r"|come\b(?! (?:off|out))"
        r"|attend|be there|be coming|keep (?:my|the|our|that|this)|get there|be in\b|do (?:<day>|it|that|this"
        r"|then)|show)",
        r"\bnot (?:be )?(?:coming|attending|showing)\b|\bno longer (?:coming|able|need|want)\b<near>",
        r"\bhave to (?:miss|skip)\b|\b(?:miss|missing) (?:my|the|our) <visit>\b",
        r"\bsomething (?:came|has come|is come|s come) up\b",
        r"\b(?:that|this|it|time|day|date|<day>|<clock>) (?:does|do|will|is) not (?:going to )?work(?: out)?\b"
        r"|\bnot work for (?:me|us)\b",
        r"\bno longer works\b",
        r"\b(?:no puedo|no podre|no podemos|no voy a poder) (?:ir|asistir|llegar|venir|acudir)\b|\bno voy a ir\b",
        r"\b(?:peux|pourrai|pourrais|pouvons) (?:pas|plus)(?: malheureusement)? (?:venir|etre la|y etre)\b",
        r"\bje ne viens (?:pas|plus)\b|\b(?:empechement|imprevu)\b",
    ),
    phrase(
        "another_time",
        r"\b(?:need|needs|want|like|have|prefer|try|trying|going|can|could|may|please|hoping|must|got) (?:to "
        r"|i |we |you )*"
        r"(?:please )?(?:move|change|push|shift|switch|swap|reschedule|rebook|postpone|cancel|bring forward)\b"
        r"(?! my (?:mind|name|number|address|insurance|phone|e ?mail|dentist|doctor))",
        r"\b(?:reschedul\w*|re schedul\w*|postpone\w*)\b",
        r"\b(?:cancel|move|change) (?:my|our|the|this|that|it|tomorrows?|todays?)\b"
        r"(?! (?:mind|name|number|phone|address|insurance|e ?mail|dentist|doctor))",
        r"\b(?:another|a different|some other|a later|an earlier|a new) (?:time|day|date|slot|appointment|hour)\b",
        r"\b(?:cancelar|cambiar|mover|reprogramar|aplazar|posponer)\b",
        r"\b(?:annuler|deplacer?|reporter|decaler?|changer)\b",
        unless=(
            r"\b(?:policy|fee|fees|charge\w*|penalt\w*|how late|if i (?:need|have|want)|in case|cancellation list)\b",
            r"\b(?:not|never|no) (?:\w+ ){0,2}(?:need|needing|want|have|going|trying)?(?: to)? ?(?:cancel|move|change"
            r"|reschedul\w*)|\bno need\b|\b(?:no|sin|pas)<near>\b(?:cancelar|cambiar|annuler|changer)\b",
        ),
        negatable=True,
    ),
)

RUNNING_LATE: tuple[Phrase, ...] = (
    phrase(
        "running_late",
        r"\brunning<near>\b(?:late|behind|delayed)\b",
        r"\b(?:minutes?|min|hour|hours|bit|little|few|tad|probably|be|am|are|arriving|arrive|getting there|slightly"
        r"|\d{1,2}) (?:\w+ )?late\b(?! (?:reply|response|answer|fee))",
        r"\b(?:held up|stuck in|delayed|caught) (?:in|by|at|on)?\b|\bstuck in traffic\b|\btraffic is\b",
        r"\b(?:llego|llegare|llegaremos|voy|vamos|estoy|voy a llegar) (?:\w+ ){0,3}(?:tarde|retrasad[oa]"
        r"|con retraso)\b",
        r"\b\d{1,2} (?:minutos|minutes|min) (?:tarde|de retraso|de retard|en retard)\b",
        r"\b(?:en retard|du retard|retraso)\b",
        unless=(
            r"\b(?:policy|fee|fees|how late|too late|if i am|what if|open (?:late|until)|late (?:fee|reply"
            r"|response))\b",
            r"\b(?:charge\w*|penalt\w*|late last|sorry for (?:the|my) late)\b",
        ),
        negatable=True,
    ),
)

CONFIRMED: tuple[Phrase, ...] = (
    phrase(
        "confirmed",
        r"\b(?:i|we) (?:can |do |hereby |would like to |want to |am happy to )?confirm(?:ed)?\b",
        r"<start>(?:yes |ok |hi |hello |please )*(?:confirm|confirmed|confirming|confirmo|confirmado|confirmada"
        r"|confirme)\b",
        r"\bje (?:vous )?confirme\b|\bse confirma\b|\bconfirmo\b|\bc est confirme\b|\bconsider (?:it|this) confirmed\b",
        r"\b(?:(?:see|c) (?:you|ya)|cu)(?: guys| all| both)? (?:then|there|soon|on|at|tomorrow|later|in|<day>)\b",
        r"\b(?:will|shall|would) (?:definitely |certainly |still |all )?be there\b(?! late)|\bbe there\b<end>",
        r"(?:\b(?:am|are|will be|be) (?:still |definitely )?|<start>still )(?:coming|attending)\b",
        r"\b(?:i|we) can (?:still |definitely )?(?:make it|come|attend|be there)\b",
        r"\blooking forward to (?:it|seeing|the|my|our)\b|\bcount me in\b|\bplanning (?:on it|to be there)\b",
        r"\b(?:alli|ahi|alla) (?:estare|estaremos)\b|\bestare (?:alli|ahi|alla)\b|\bnos vemos\b"
        r"|\bhasta (?:manana|entonces"
        r"|luego|el <day>)\b",
        r"\bje serai (?:la|present\w*)\b|\bj y serai\b|\b(?:a demain|a <day>|a bientot)\b|\bje viendrai\b",
        unless=(
            r"\bconfirm (?:later|tomorrow|soon|tonight|by|once|when|after|if|whether|that you|what|which|the (?:time"
            r"|date|address|price|place|name))\b",
            r"\b(?:before|until|unless|once|if|when|after|maybe|might|hope\w*|try|trying|not sure)\b",
            r"\b(?:let (?:me|you)<near>know|get back)\b|\bwill confirm\b|\bconfirmo (?:luego|manana|despues)\b",
        ),
        negatable=True,
    ),
)

UNSURE = compile_words(
    r"\b(?:not|never|no|ne|sin)\b<near>\bconfirm\w*|\bconfirm\w* (?:pas|later|yet)\b|\b(?:can|could|would"
    r"|will) you<near>"
    r"\bconfirm\b|\bplease confirm (?:that|the|whether|if|my|what)\b|\b(?:un|not yet) ?confirmed\b"
    r"|\bwrong (?:person|number)\b|\bwho (?:is|are)\b|\bnot (?:my|mine)\b|\bdid not (?:book|make)\b"
)
"""Words that look like a confirmation and are none: it is not taken, nor is anything else read out of them."""

_KEYS = frozenset("c confirm confirmed confirming confirmo confirmado confirmada confirme".split())
_YES = _KEYS | frozenset(
    "yes yeah yep yea ya yup yess y si sip oui ja sim sure absolutely definitely certainly ok k fine great perfect cool"
    " good works thumbsup claro vale parfait perfecto bien super d accord".split()
)
_POLITE = frozenset(
    "please thanks thank you u merci gracias i we will would do can the a an it that is am are all to for and so very"
    " much hi hello hey dear doctor dr team there my our your reminder reminding appointment visit me us time"
    " date smiley"
    " sir maam of course sounds got this lovely day have nice por favor svp bonjour hola muchas beaucoup bien"
    " see".split()
)
_MOST_BARE_WORDS = 10
_INTERROGATIVE = compile_words(
    r"^ ?(?:but |and |so |just |also |ok |hi |hello |pero |y |mais |et )*(?:where|what|when|which|who|how|why"
    r"|is there|is it"
    r"|are there|are you|do i|do you|does|can i|can you|could i|could you|should i|shall i|may i|will i"
    r"|will you|will it"
    r"|would you|am i|donde|cuando|cuanto|como|que hora|puedo|hay|tengo que|ou (?:est|puis|dois|se)|quand|combien"
    r"|comment|est ce|puis je|dois je|y a t il)\b"
)
_CLAUSE = re.compile(r"[|,]")
_WORD = re.compile(r"[a-z]+")
_ORDER = (
    (ConfirmationStatus.CANNOT_COME, CANNOT_COME),
    (ConfirmationStatus.RUNNING_LATE, RUNNING_LATE),
)


def read(text: str, *, asked: bool) -> Said:
    """What a message says; `asked`: our last message spoke of the visit, so that a bare yes or `C` answers it."""
    body = normalise(text)
    if not 0 < len(_WORD.findall(body)) <= _MOST_WORDS:
        return NOTHING
    questions, statements = _parted(body)
    for status, rules in _ORDER:  # also out of a question: "can we move it?"
        if first_rule(rules, body if status is ConfirmationStatus.CANNOT_COME else statements):
            return Said(status, has_question=bool(questions) and status is ConfirmationStatus.RUNNING_LATE)
    if UNSURE.search(body):
        return NOTHING
    if first_rule(CONFIRMED, statements) or (asked and _is_bare_yes(statements)):
        return Said(ConfirmationStatus.CONFIRMED, has_question=bool(questions))
    return NOTHING


def read_all(texts: Iterable[str], *, asked: bool) -> Said:
    """What several messages say together: the last plain word counts, and a question in any of them stands."""
    found = [read(text, asked=asked) for text in texts]
    plain = [said for said in found if said.status]
    if not plain:
        return NOTHING
    asks = any(said.has_question for said in plain) or len(plain) < len(found)
    return Said(plain[-1].status, has_question=asks)


def _parted(body: str) -> tuple[list[str], str]:
    """The questions of a message, and the rest of it."""
    clauses = [clause for clause in _CLAUSE.split(body) if clause.strip()]
    questions = [clause for clause in clauses if "?" in clause or _INTERROGATIVE.search(clause)]
    return questions, "|".join(clause for clause in clauses if clause not in questions)


def _is_bare_yes(statements: str) -> bool:
    """Nothing but a yes and politeness; a leading `C` may be followed by thanks to anybody, but not by a "no"."""
    spoken = _WORD.findall(statements)
    if not 0 < len(spoken) <= _MOST_BARE_WORDS or re.search(r"\d", statements):
        return False
    if any(word in ("no", "not", "nope", "but", "never", "thumbsdown", "except", "unless") for word in spoken):
        return False
    first_clause = _WORD.findall(_CLAUSE.split(statements)[0])
    if first_clause and set(first_clause) <= _KEYS:
        return True
    return any(word in _YES for word in spoken) and all(word in _YES | _POLITE for word in spoken)
