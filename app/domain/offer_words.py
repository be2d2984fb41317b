"""What a patient answers to an earlier time that we offered: yes, no, or nothing plain (domain.md section 7). Pure.

A yes here moves or books a visit, so that anything beside it - a question, a condition, another day - is no yes.
"""

import re
from collections.abc import Iterable

from app.domain import confirmation_words
from app.domain.phrases import compile_words, normalise
from app.models.enums import ConfirmationStatus

_MOST_WORDS = 14
_TAKES_IT = compile_words(
    r"<start>(?:(?:yes|yeah|yep|ok|hi|hello|sure|please|great|perfect|si|oui)(?: ,)? )*"
    r"(?:(?:i|we) (?:will|would like to|would love to|want to|can|am happy to|do)?(?: gladly| happily)? ?"
    r"(?:take|accept|want|have|grab)(?: (?:it|that|this|the|one|slot|time|spot|appointment|earlier|visit))*"
    r"|(?:please )?book (?:it|me|me in|that|this)|sign me up|count me in|lo (?:tomo|quiero|acepto)"
    r"|la (?:tomo|quiero|acepto)|me la quedo|acepto|je (?:la |le )?(?:prends|veux)|j accepte)"
    r"(?: (?:please|thanks|thank you|gracias|por favor|merci|then|gladly))*<end>"
)
_DOUBT = compile_words(
    r"[?\d]|\b(?:not|never|no|but|if|unless|except|only|maybe|perhaps|instead|before|after|until|pero|si es|mais|sauf"
    r"|later|other|another|different)\b"
)
_NO = frozenset("no nope nah non thumbsdown pass decline declined".split())
_POLITE = frozenset(
    "thanks thank you gracias merci sorry please hi hello but i will it this that time one the a for me us we pass"
    " am good ok okay so much very desole lo siento y et the decline on offer".split()
)
_WORD = re.compile(r"[a-z]+")


def read(text: str) -> bool | None:
    """True for a plain yes, False for a plain no, None for anything else."""
    body = normalise(text)
    spoken = _WORD.findall(body)
    if not 0 < len(spoken) <= _MOST_WORDS or "?" in body:
        return None
    if _is_bare_no(spoken, body):
        return False
    said = confirmation_words.read(text, asked=True)
    if said.status is ConfirmationStatus.CANNOT_COME:
        return None if _DOUBT_BESIDE_NO.search(body) else False
    if _DOUBT.search(body) or said.has_question or said.status is ConfirmationStatus.RUNNING_LATE:
        return None
    return True if said.status is ConfirmationStatus.CONFIRMED or _TAKES_IT.search(body) else None


_DOUBT_BESIDE_NO = compile_words(
    r"\d|\b(?:another|different|other|later|earlier|move|change|cancel\w*|reschedul\w*|postpone\w*|instead|visit"
    r"|appointment|booking|if|unless|cita|rendez vous|rdv|cambiar|annuler|cancelar|changer|reporter|deplacer)\b"
)
"""These speak of another time, or of the visit that the patient has: not of the offer alone."""


def _is_bare_no(spoken: list[str], body: str) -> bool:
    has_no = any(word in _NO for word in spoken)
    return has_no and not re.search(r"\d", body) and all(word in _NO | _POLITE for word in spoken)


def read_all(texts: Iterable[str]) -> bool | None:
    """What several messages say together: plain only when each of them says the same."""
    found = {read(text) for text in texts}
    return found.pop() if len(found) == 1 else None
