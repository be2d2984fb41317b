"""Wordings that give a visit up without the word "cancel", and reasons why somebody will not be there (agent.md"
" 4)."""

from app.domain.phrases import Phrase, phrase

_OFF = (
    r"(?:drop|scrap|scratch|strike|void|annul|undo|withdraw|revoke|release|free(?: up)?|ditch|delete|remove|kill"
    r"|nix|axe|pull|forget(?: about)?|skip|lose|bin|chuck|abandon)"
)

GIVES_UP: tuple[Phrase, ...] = (
    phrase(
        "cancel.gives_up",
        rf"\b{_OFF} (?:up )?(?:the |my |our |both (?:of )?(?:our |my )?|his |her |that |this |both |all "
        rf"|mine )?(?:\w+ )?(?:\w+ )?(?:<visit>|one on|booking|<day>\w?|slot|<ordinal>|root canal|session)\b",
        rf"\b{_OFF} (?:me|us) (?:for|on|from) (?:the )?(?:<slot>|<visit>)|\b(?:take|remove|drop|cross"
        rf"|strike) (?:me|us|him|her|my \w+) (?:off|out|from)<near>\b(?:for|on|<slot>|books?|calendar|schedule"
        rf"|diary|appointment)",
        r"\b(?:withdraw|pull out|back out|drop out|bow out|bail(?:ing)?|duck out|opt out)\b(?: of| from"
        r"| on)?<near>\b(?:<visit>|<slot>|appointment|session|then)\b|\b(?:bail|bailing|ditch|ditching)\b",
        r"\b(?:give|let|offer|pass|release|free)\b<near>\b(?:slot|spot|time|place|appointment|it"
        r"|booking)<near>\b(?:away|to (?:someone|somebody|another|anyone|who|whoever|the next)|else|up|go)\b"
        r"|\b(?:slot|spot|time|<day>) (?:is|will be) free again\b"
        r"|\b(?:someone|somebody) else can have\b",
        r"\b(?:no longer|not) (?:\w+ )?(?:need|want|require|needing|wanting|be needing)(?: \w+){0,2} (?:<visit>"
        r"|<slot>|booking|session)(?: any ?more)?\b|\b(?:do|will) not (?:be )?need(?:ing)? (?:<slot>|the|that|my"
        r"|it on)\b<near>\b(?:any ?more|<visit>|<slot>|<end>)",
        r"\b(?:calling|call|called|have to call|need to call) (?:it |this |that |my \w+ |the \w+ |tomorrow )?off\b"
        r"|\bcall off\b|\b(?:count|leave) (?:me|us) out (?:for|on|of)\b<near><slot>|\b(?:booked"
        r"|double booked) (?:by (?:mistake|accident)|twice|in error)\b|\bnever (?:made|booked) (?:it|that|this)\b"
        r"|\bstop the <slot>|\b(?:book|slot|appointment|visit|it) (?:is|was|are) (?:not mine|a mistake)\b",
        r"\b<slot><near>\b(?:is|are|s) (?:a no(?: go)?(?: from me)?|off|out|cancelled|not happening"
        r"|not going to happen|a no go|a bust|impossible|hopeless)\b|\bno dentist (?:on|for|<slot>)"
        r"|\b(?:rain ?check|pass|skip|skipping) (?:on |for )?(?:<slot>|my|the|this)\b(?! one| for the week)"
        r"|\bthumbsdown <slot>"
        r"|\bcount me out for\b|\bno can do <slot>",
        unless=(
            r"\b(?:policy|fee|fees|charge\w*|penalt\w*|never (?:asked|wanted)|no need|list|reminders?|messages"
            r"|texts|e ?mails|newsletter|number|data|information|tooth|teeth|crown|filling|braces|stitches|pain"
            r"|not (?:want|going) to (?:lose|drop|miss|skip|cancel)|did you|why (?:was|did)"
            r"|how do i|instead of|waiting list|can you fit|shoot me|file)\b",
        ),
        negatable=True,
    ),
)

WILL_NOT_BE_THERE: tuple[Phrase, ...] = (
    phrase(
        "cannot_come.absent",
        r"\b(?:can|could|will|shall|would|am|are|is|be|might|may|do)(?: \w+)? not (?:\w+ )?(?:be )?(?:able to "
        r"|going to |gonna |get to )?(?:make|making|come|coming|attend\w*|join\w*|be there|turn up|show(?: up)?"
        r"|get (?:to you|there|in|out)|travel|leave (?:the|my|work)|happen|see you|do|keep)\b"
        r"(?= ?[|,]|<near>(?:it|<slot>|<visit>|any ?more|there|up|you|us|me|on|at|in|today|my|the|that|this|after"
        r"|sorry|because|due|this time|either|now|the door|then|work|home)|(?: \w+)?<end>)",
        r"<start>(?:no |sorry |hi |so |im |ok |well )*not (?:gonna|going to|able to)? ?(?:be )?(?:coming|making it"
        r"|make it|attending|there|come|attend|today|tomorrow)\b|\bunable to (?:attend|come|make|keep|travel"
        r"|get)\b|\b(?:should|must) not come\b",
        r"\b(?:do not|dont|no need to) (?:expect|wait (?:for|up)|hold)\b<near>\b(?:me|us|him|her|it|the|my)?\b"
        r"|\b(?:going to |will |have to |gotta |got to |must |need to |gonna |i |ll |we )(?:be )?(?:miss|skip"
        r"|missing|skipping|no show|a no show)\b(?: \w+)? (?:<slot>|my|the|our|it|this|that|today)",
        r"\b(?:tested positive|have covid|got covid|has covid|with covid|caught covid|chicken ?pox|stomach bug"
        r"|norovirus|in quarantine|down with|laid up|staying in bed|food poisoning|home sick|called in sick"
        r"|in labor|in labour|jury duty|train strike|snowed in|flat tire|car (?:broke|will not|would not|trouble"
        r"|died|is dead)"
        r"|no show|called (?:me )?(?:in|into)(?: to)? work|work called me|boss (?:will|would) not|have to work"
        r"|got to work|stuck (?:at work|in (?:traffic|a meeting)|here)|flight (?:got |was )?(?:cancel\w*|delayed)"
        r"|in (?:the )?hospital|funeral|family emergency|i am stuck|got (?:the )?flu|nasty flu|the flu"
        r"|babysitter (?:cancel\w*|bailed))\b",
        r"\b(?:something|things|work|stuff|life|an emergency|a meeting|a shift|trip)(?: \w+){0,2} (?:came|come"
        r"|comes|s come|has come|popped|cropped|happened|got in)(?: up| the way)?\b",
        unless=(
            r"\b(?:can not wait|fee|policy|charge\w*|pain|tooth|crown|filling|bleed\w*|come (?:off|out)|link|page"
            r"|website|form|form|reach|get through|afford|do not wait|open|how do|will the|did not come|this year"
            r"|the calendar|see what|does not make sense|make out|login|log in|portal)\b",
        ),
    ),
)
