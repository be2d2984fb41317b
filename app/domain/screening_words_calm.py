"""Sentences in which a word of danger means none: hypothetical, past, over, figurative (agent.md section 4)."""

HYPOTHETICAL = (
    r"\bwhat (?:do|would|should|can) (?:you|one|we|patients|people)(?: guys| all)?(?: \w+)? (?:if (?:there|someone"
    r"|one|a))\b",
    r"\bwhat (?:do|would|should|can) (?:you|one|we|patients|people)(?: guys| all)?(?: \w+)? (?:when there|in case"
    r"|for)\b",
    r"\bwhat (?:if|counts|is considered|happens)\b|\bin case (?:of|i|it|there)\b|\bhow do you (?:handle|treat"
    r"|deal)\b",
    r"\bif (?:there|someone|anyone|i ever|a patient|one|i get|i had|it gets|it starts|something|we ever)\b",
    r"\bif (?:my|the|his|her|a|an|any|your) (?:\w+ ){0,2}(?:starts?|begins?|gets?|ever|were|falls?|comes?|breaks?"
    r"|swells?|bleeds?|hurts?)\b",
    r"\b(?:do|can|will|would) you (?:guys |folks )?(?:also |even )?(?:treat|handle|see people|take|offer|do|fix"
    r"|deal|use)\b",
    r"\bwhat (?:should|do) i do if\b|\bsee (?:children|kids|people|patients) with\b|\b(?:outside|out of) hours\b[^"
    r"|]*\?",
    r"\b(?:what are|signs of|risk of|chance of|prevent|avoid|worried about|afraid of|scared of|cause)\b",
)
_NOW = (
    r"(?:\b(?:now(?! (?:i )?(?:just|only|want|need|would|all|fine|healed|looking))|again|today|tonight|still"
    r"|this morning|worse|since|yesterday|right now|returned|reaching)\b"
    r"|\b(?:is|came|are) back\b)"
)
PAST = (
    r"^(?!.*"
    + _NOW
    + r").*\b(?:last|previous) (?:year|summer|winter|spring|fall|autumn|month|time|christmas|decade)\b",
    r"^(?!.*"
    + _NOW
    + r").*\b(?:(?:last|previous) (?:visit|week)|(?:years?|months?|decades?|weeks) (?:ago|back)|used to)\b",
    r"^(?!.*"
    + _NOW
    + r").*\b(?:when i was (?:a |young|little|\d)|as a (?:kid|child|teen)|back when|in (?:19|20)\d\d|once)\b",
    r"^(?!.*" + _NOW + r").*\b(?:hace (?:\w+ )?(?:anos?|meses)|l an dernier|il y a \w+ (?:ans|mois)|el ano pasado)\b",
)
RESOLVED = (
    r"\b(?:all (?:calm|sorted|healed|good|fine)|sorted (?:out|now)|treated (?:elsewhere|already)|not an emergency"
    r"|no emergency)\b",
    r"^(?!.*\b(?:still|again|now (?:it|my|the)|worse)\b).*\b(?:back )?in (?:<month>)\b",
    r"(?<!not )\b(?:gone|resolved|healed|settled|went (?:away|down)|(?:much|all|feeling|is|am) better|fine now"
    r"|no longer|cleared up|(?:not|no) (?:\w+ )?any more)\b(?!.*\b(?:back|again|worse|reaching)\b)",
)
FIGURATIVE = (
    r"\bkilling me with\b|\bpain in the (?:neck|ass|butt|rear|a|backside)\b|\bis a (?:\w+ )?pain\b(?! )"
    r"|\bbleeding (?:edge|money|heart)\b",
    r"\b(?:wallet|bank account|prices?|bills?|taxes|economy|invoice|money|website|forms?|paperwork|deadlines?"
    r"|traffic)\b",
    r"\b(?:laugh\w*|hilarious|pride|embarrass\w*|boredom|bored|jealous|awkward|jokes?|puns?|swamped|busy|at work"
    r"|schedule)\b",
    r"\b(?:sooner|rather) (?:die|have an?|get an?|be)\b(?! (?:give birth|seen))|\b(?:with|for) my (?:dad|mom|mum"
    r"|mother|father|grand\w+|friend|dog|cat)\b|\bbleed\w* me dry\b",
    r"\bto get my teeth\b|\bwaiting room\b|\bfor a (?:cigarette|coffee)\b",
)
CALM = (*HYPOTHETICAL, *PAST, *RESOLVED, *FIGURATIVE)
NOT_OWN_TOOTH = (
    r"\b(?:baby|milk) (?:tooth|teeth)\b|\b(?:crown|filling|veneer|denture|retainer|cap|bridge|temporary)\b",
)
