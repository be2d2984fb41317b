"""How far a stop reaches, and the word that takes one back (domain.md sections 2 and 6; agent.md section 1)."""

import re

from app.domain.phrases import first_rule, normalise, phrase

EVERYTHING = (
    phrase(
        "stop.everything",
        r"\bstop ?all\b|\b(?:any|every|either|all|whatever) (?:other )?(?:way|means|channels?|form|media|medium)\b",
        r"\bnever (?:ever )?(?:again )?(?:contact|write|message|reach)\b",
        r"\b(?:stop|quit|do not|no more|cease|desist)(?: \w+){0,2} (?:contact\w*|communicat\w+)\b",
        r"\bleave me alone\b|\ball (?:of )?(?:your |these |the )?(?:lists?|messages?|communications?|contact)\b",
        r"\bnot (?:want|wish)(?: \w+){0,2} (?:to )?(?:hear|be contacted)\b|\blose my (?:number|details|contact)\b",
        r"\b(?:erase|delete|forget|wipe)(?: \w+){0,2} (?:me|my (?:data|details|record|information|file))\b",
        r"\bforget me\b",
        r"\b(?:passed away|deceased|died|is dead)\b",
        r"\bno (?:me|nos) (?:vuelvan? a )?contact\w+|\bpor ningun medio\b|\bninguna forma\b",
        r"\bborr\w+ (?:todos )?mis datos\b",
        r"\bne (?:me|nous) contact\w+ (?:plus|pas)\b|\bpar aucun moyen\b|\bd aucune (?:facon|maniere)\b",
        r"\b(?:supprim|effac)\w+ (?:toutes )?mes donnees\b",
        unless=(r"\b(?:only|just|except|other than|solo|excepto|sauf|seulement)\b",),
    ),
)
"""Wordings that refuse every message, not only those of one channel. `STOPALL` is Twilio's word for it."""

START_WORDS = frozenset({"start", "unstop", "subscribe", "resubscribe", "comenzar", "iniciar", "reanudar", "reprendre"})
"""What takes a stop back when it is the whole message: the carriers' own words, and their Spanish and French."""


def stops_everything(text: str) -> bool:
    """True when a message that says stop means every channel."""
    return first_rule(EVERYTHING, normalise(text)) is not None


def takes_stop_back(text: str) -> bool:
    """True when a message is nothing but a word that asks to be written to again."""
    words = re.findall(r"[a-z]+", normalise(text[:200]))
    return len(words) == 1 and words[0] in START_WORDS
