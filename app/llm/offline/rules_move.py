"""Wordings that move a visit to another time, and words that speak of a visit which exists (agent.md section 4)."""

from app.domain.phrases import Phrase, phrase

_MOVE = (
    r"(?:move|change|push|shift|switch|swap|bump|adjust|slide|put|bring|pull|transfer|pass|flip|delay|postpone"
    r"|defer|redo|resched\w*|rebook|rearrange)"
)

MOVES: tuple[Phrase, ...] = (
    phrase(
        "reschedule.moves",
        rf"\b{_MOVE} (?:me|us|him|her|my \w+|it|that|this|things|mine|them|both|everything|the (?:time|date|day"
        rf"|hour|appointment|visit|cleaning|booking|slot|session)) (?:up |back |forward |out |over |off |on |down "
        rf"|along )?(?:\w+ )?(?:to|by|until|till|for|from|a|an|earlier|later|<slot>|into|before|after)\b",
        r"\bmov(?:e|ed|ing) (?:to|from|my|it|the|by|back|up)\b<far>\b(?:<slot>|another|later|earlier|different"
        r"|next|week|month|afternoon|morning)\b|\b(?:put|push\w*|mov\w*|shift\w*|postpon\w*|defer\w*"
        r"|delay\w*) (?:off|back|out)?(?: by| for)? (?:a|one|two|three|\d+|several|few|couple)(?: \w+)? (?:hours?"
        r"|days?|weeks?|months?)\b",
        r"<start>(?:can (?:we|i|you) |could (?:we|i|you) |please |need to |want to |have to |how do i |maybe |pls "
        r"|i )*(?:resched\w*|rebook|postpone?|postpon|rearrange|shift|push back|delay it|swap|another time"
        r"|new time|diff(?:erent)? (?:time|day)|other times?)(?: please| pls)?(?<! )(?: ?\??)<end>",
        r"\b(?:different|diff|another|other|new|later|earlier|sooner|alternative|alternate|better) (?:time|times"
        r"|day|days|date|dates|slot|slots|appointment|week|hour|options?|gap|spot)\b(?! (?:to|of life|i))|\b(?:any"
        r"|some|something|anything|one|slot|time|appointment|visit|bit|little|much|hour|minutes|it|come"
        r"|coming) (?:earlier|sooner|later)\b(?! on)",
        r"\b(?:booked|picked|chose|selected|got|have|put) (?:\w+ )?(?:the )?wrong (?:day|date|time|slot|week|month"
        r"|hour|one)\b|\b(?:meant|mean|thought) (?:it was |for |the |to (?:book|pick|choose) (?:the )?)?(?:<slot>"
        r"|\d)|\bmixed up (?:the|my)\b|\bwrong (?:day|date|time)\b<gap>\b(?:meant|should|fix|change)",
        r"\b(?:not|instead of|rather than) (?:on )?(?:the )?<slot><far>\b(?:but|works?|fine|instead|would|can"
        r"|better|ok|please)\b|\b(?:just|only) not (?:on |at |that |this |in )?(?:<slot>|that day|day|then|the)\b"
        r"|\b(?:at|on|around) (?:a|an|some) (?:\w+ )?(?:other|different|later|earlier) (?:time|day|date)\b"
        r"|\bcould it be (?:later|earlier|sooner|another|a different|<slot>)"
        r"|\bmake it (?:<slot>|\d|later|earlier|another|a (?:bit|little|different))|\bonly the (?:hour|time|day"
        r"|date)\b|\bsame time (?:next|the|on|a|\?)|\bthe (?:week|day|month) (?:after|before|following)\b"
        r"|\b(?:following|next) <day>|\bfind (?:me |us )?(?:something|another|a new|a different|some)\b",
        r"\b(?:no longer|does not|do not|will not|not) (?:\w+ )?(?:suits?|works?|fit|good|possible|convenient|free"
        r"|available|work out)(?: \w+){0,3}(?: any ?more)?\b<wide>\b(?:what|which|other|another|could|can|would"
        r"|instead|how about|later|earlier|possible|any|rather|next|week)\b|\b(?:conflict|clash\w*"
        r"|collides?)\b(?: with)?",
        r"\b(?:move|change|shift|reschedule|rearrange|push|swap) (?:a |an |the |my |our |his "
        r"|her )?(?:\w+ )?(?:\w+ )?(?:<visit>|appt|booking|one|session|<day>|time|date)\b|\bpush back <slot>"
        r"|\blater in the (?:day|week|month)\b|\bearlier in the (?:day|week|month)\b|\bhad (?:quite )?forgotten\b"
        r"|\bcan i (?:still )?have it back\b",
        r"\b(?:my|a) (?:shift|schedule|rota|roster|shifts|plans?|meeting|class|exam|flight|trip|work trip|test"
        r"|nanny|sitter|train)\b<gap>\b(?:changed|swapped|moved|got moved|came up|come up|has come|clash\w*"
        r"|conflicts?|starts|is ill|cancel\w*|at the same time|that (?:day|morning|week)|over the)\b",
        unless=(
            r"\b(?:no need to|do not need to|not (?:need|want) to|policy|fee if|how late|my (?:address|number|name"
            r"|insurance|mind|dentist|doctor|e ?mail|phone|bite|bandage|toothbrush)|new (?:dentist|insurance"
            r"|number|address|phone)|out of (?:town|state)|moved (?:away|to (?!the|my|a|<slot>))"
            r"|another (?:dentist|place|practice|clinic|office)|to your practice|some other time<end>"
            r"|maybe another time"
            r"|put (?:it|this|that|me) (?:off|down|in|on hold|on the)|kids? (?:along|with)|what is the (?:process"
            r"|policy)|put me (?:down|in))\b",
        ),
        negatable=True,
    ),
)

# Words that speak of a visit which stands in the calendar.
OWN_VISIT: tuple[Phrase, ...] = (
    phrase(
        "own_visit",
        r"\b(?:my|our|his|her|both our|both of our|tomorrows|todays|<day>s) (?:\w+ )?(?:\w+ )?(?:<visit>|appt"
        r"|booking|slot|session|one|crown prep|root canal|filling|extraction)\b(?! (?:yet|reminder|history|please))",
        r"\b(?:i am|we are|i was|am i|am|is|was|s) (?:\w+ )?(?:booked|scheduled|down|in|due|supposed to (?:be|come"
        r"|see)|meant to (?:be|come)|coming|seeing (?:you|dr))(?: \w+)? (?:for|on|at|in|tomorrow|today|with"
        r"|<slot>)|\byou (?:\w+ )?(?:have|got|put) (?:me|us|him|her) (?:down|in|booked|scheduled)\b",
        r"\b(?:have|got|had) (?:an?|my|the|two|2|our|another) (?:\w+ )?(?:\w+ )?(?:<visit>|appt|booking) (?:on|at"
        r"|for|tomorrow|today|next|this|booked|scheduled|with you|at \d|<slot>)|\b(?:cleaning|check ?up"
        r"|appointment|visit|filling|appt) (?:is )?(?:booked|scheduled|set) (?:for|on)\b",
        r"\b(?:the|that|this|wednesdays|mondays|tuesdays|thursdays|fridays|saturdays) (?:\w+ )?(?:appointment"
        r"|visit|booking|slot|one) (?:on|at|for|i (?:have|had|just|booked)|you gave|you booked|of)\b"
        r"|\bthe one (?:on|at|for) <slot>|\b(?:just|already) (?:booked|made|picked)\b",
        unless=(
            r"\b(?:like|want|need|get|book|make|looking for|last|previous|first) (?:my|our"
            r"|an?) (?:\w+ )?<visit>\b(?!<gap>(?:moved|changed))",
        ),
    ),
)
