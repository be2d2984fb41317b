"""Sentences in which a word of refusal refuses no messages: footers, mentions, visits (agent.md section 4)."""

# Our own footers, should one survive the cutting of quotes, and mentions that refuse nothing.
FOOTER = (
    r"(?<! i )\b(?:reply|text|respond|answer|send|type|click|tap|use)<near>\b(?:stop|here|below|link|unsubscribe|end"
    r"|cancel)\b",
    r"^ ?(?:to (?:unsubscribe|opt out|stop)|if you (?:no longer|do not|would|wish|are not|received))",
    r"confidential|intended recipient|\btype \d (?:to|for)\b",
)
NOT_MEANT = (
    r"\b(?:accident\w*|by mistake|did not mean|never (?:meant|said|asked)|resubscribe"
    r"|why (?:did|have|are) you|have you stopped)\b",
)
BOOKS = (
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|tomorrow\w*|schedule|calendar|wait ?list|waiting list"
    r"|cancellation list|appointments?|booking|slot)\b",
)
