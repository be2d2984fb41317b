"""The mood of a message, from two small word tables and negation."""

from app.domain.phrases import find_all, phrase
from app.models.enums import Sentiment

_GLAD = phrase(
    "glad",
    r"\b(?:thank\w*|great|lov(?:e|ed|ely|ing)|perfect|awesome|amazing|wonderful|excellent|fantastic|happy|glad"
    r"|pleased|best)\b",
    r"\b(?:appreciate\w*|good|nice|kind|helpful|excited|super|brilliant|delighted|beautiful|looking forward"
    r"|can not wait)\b",
    r"\b(?:yes please|works for me|let us do it|meaning to come|love to|thrilled|relieved)\b",
    r"\b(?:smiley|thumbsup|gracias|merci|genial|parfait)\b",
    unless=(
        r"\b(?:no|but no) thank|\bthank\w*(?: you)? ,? but\b|\bgreat ,? another\b|\boh (?:great|wonderful)\b",
        r"\bthanks for nothing\b",
    ),
    negatable=True,
)
_UPSET = phrase(
    "upset",
    r"\b(?:angry|upset|furious|annoy\w*|disappoint\w*|frustrat\w*|unhappy|fed up|sick of|tired of|hate"
    r"|disgust\w*)\b",
    r"\b(?:rude|terrible|horrible|awful|worst|bad|unacceptable|ridiculous|poor|waste|scam|overcharged|refund"
    r"|complain\w*)\b",
    r"\b(?:pain|painful|hurts?|swollen|bleed\w*|agony|crying|scared|afraid|worried|terrif\w*|killing me)\b",
    r"\b(?:stop|leave me alone|never again|enough|harass\w*|spam|lawyer|report you|piss\w*|fuck\w*|damn|frown)\b",
    r"\b(?:not interested|not fair|unfair|charged me|turned? down|tight|nervous|anxious|wait(?:ed|ing) \d+"
    r"|drove around|overdue bill)\b",
    r"\b(?:no ?one|nobody)\b[^|]{0,20}\b(?:call|answer|said|told|apolog)\w*|\boff your (?:\w+ )?list\b",
    r"\bnot want any more\b|\b(?:dolor|molest[ao]s?|douleur|not (?:happy|pleased|satisfied|good|impressed))\b",
    unless=(r"\b(?:stop by|bus stop|not bad)\b",),
    negatable=True,
)


def read_sentiment(body: str) -> Sentiment:
    """Mood of a normalised message; where both are heard, the one heard more often, and ill will in a tie."""
    glad, upset = (sum(1 for _ in find_all(rule, body)) for rule in (_GLAD, _UPSET))
    if glad == upset == 0:
        return Sentiment.NEUTRAL
    return Sentiment.POSITIVE if glad > upset else Sentiment.NEGATIVE
