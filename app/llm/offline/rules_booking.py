"""Wordings of a wish to be seen, told outright or through a need or a day (agent.md section 1)."""

from app.domain.phrases import Phrase, phrase

BOOKING: tuple[Phrase, ...] = (
    phrase(
        "booking.make",
        r"\b(?:book|schedule|arrange|reserve|set up|make|organi[sz]e|plan)\b<near>\b(?:an?|the|another|some|in a"
        r"|my (?:next|first)|that) (?:\w+ )?(?:<visit>|time)\b",
        r"\b(?:need|want|get|have|like|love|after|for) (?:to (?:get|have|book|schedule) )?(?:an?|another"
        r"|my (?:next|regular)|some|in for an?) (?:\w+ )?(?:\w+ )?(?:<visit>|filling|crown|whitening|implants?"
        r"|braces|veneers?)\b",
        r"<start>(?:hi |hello |hey |please )?(?:book|schedule)(?: it| now| please| a| an| the| us|<end>)",
        r"\b(?:an? )?appointment (?:please|for|on|next|this)\b",
        unless=(
            r"\b(?:no longer|how often|how long|should one|is my|am i|a joke|months for an|time you)\b",
            r"\b(?:cancel\w*|already (?:have|booked|made|had)|do not (?:need|want)|did i|when is my|what is|demo"
            r"|fee|still need|how much is|how much for|confirm|if i|instead of|move)\b",
        ),
        negatable=True,
    ),
    phrase(
        "booking.me_in",
        r"\bfind (?:a|me a|us a) (?:time|slot|day|date)\b",
        r"\b(?:book|sign|put|fit|squeeze|pencil|slot|schedule|get|pop|count)(?: me| us| him| her| them"
        r"| my \w+)(?: both| all)? ?(?:in|up|down|for|on|with|asap)\b",
        r"\bbook (?:me|us|it)\b|\b(?:fit|squeeze) (?:us|me)\b",
        r"\blet us (?:do (?:it|this|that)|go for it|book|schedule|set|plan|say)\b",
        r"\b(?:send|give|text|e ?mail|share)(?: me| us| over)* (?:the|a|that|your) (?:booking )?(?:link|form)\b",
        r"\bset (?:something|it|one|me|that) up\b|\bi will take (?:it|that|the|one|either|<day>|whatever)\b",
        r"\bgo ahead<end>|\bmake it <day>\b",
        unless=(r"\bdo not (?:book|send|put)\b|\b(?:price|fee|invoice|receipt)\b",),
        negatable=True,
    ),
    phrase(
        "booking.may_come",
        r"\b(?:can not|could not|can|could) i (?:not )?(?:just )?(?:pick|choose|get) a (?:time|day|slot)\b",
        r"\bwhen can you do (?:it|that|this|them)\b|\bhave to (?:come|go|do it)\b",
        r"\b(?:can|could|may|should|might|would) (?:i|we|he|she|they|my (?:\w+ )?\w+)(?: still| please| just| also"
        r"| maybe| both| possibly| get to)* (?:come|get in|be seen|drop|stop by|pop|swing|see (?:you|the|doctor"
        r"|someone|a )|get an|have an|schedule|book|make an|be fitted|pick a time|do <day>)",
        r"\b(?:can|could|would|will)(?: you| someone| somebody| anybody| anyone| the doctor| they"
        r"| doctor \w+)+(?: please| maybe| still| also)* (?:see|fit|squeeze|have a look|take a look|look at|book"
        r"|schedule)\b",
        r"\b(?:when|what time|what day|how soon) (?:can|could|should|may|do|would) (?:i|we|you|he|she"
        r"|they)(?: next| please)? (?:come|see|get|fit|book|have|take|schedule|start)\b",
        r"\bhow (?:do|can|would) (?:i|we) (?:book|schedule|make|get an appointment|sign up|set up|reserve)\b",
        r"\b(?:i|we) (?:could|can|will|would|might be able to)(?: also| definitely| still| probably)? (?:come"
        r"|stop by|drop by|swing|manage|be there in|pop|make it|do (?:<day>|that|it|the|any|next|either))\b",
        r"<start>(?:i will )?stop by\b",
        unless=(r"\b(?:pay|bill|invoice|owe|copy|how late|do not know if)\b",),
        negatable=True,
    ),
    phrase(
        "booking.what_is_free",
        r"\bany \w+ (?:openings?|availability|slots?|spots?|times?|appointments?)\b",
        r"\bwhat (?:times?|days?|slots?|else|dates?|appointments?|openings?|availability)\b<near>\b(?:do you have"
        r"|are (?:free|open|available|left)|is (?:free|open|available|left)|have you|you got|works)\b",
        r"\bwhat (?:do you have|have you got|is|else is) (?:free|open|available|for|on|next|this)\b",
        r"\b(?:do|would) you (?:still |guys |happen to )?have (?:any|anything|a slot|an opening|a spot|time|space"
        r"|room|availability|something|openings|appointments|a time|an appointment|<day>)\b",
        r"\b(?:is there|are there|are) (?:any|anything|a slot|an opening|a spot|a time|space|room|openings?"
        r"|slots?)\b(?! parking| discount| fee| charge)<far>\b(?:free|open\w*|available|left|<day>|week|month"
        r"|slots?|times?|soon)\b",
        r"\bany (?:openings?|availability|slots?|spots?|times?|appointments?|cancellations|chance (?:of|you|to"
        r"|i))\b",
        r"\banything (?:free|available|open|on|for|this|next|soon|after|before|in the|later|earlier|<day>)\b",
        r"\b(?:got|have) (?:any|anything|room|space|time)\b(?! questions| issues| idea)<gap>(?:\?|<day>|week)",
        r"\bif you have (?:room|space|time|anything|a slot)\b",
        r"\b(?:earliest|soonest|next (?:available|free|opening)|first (?:available|free)|next free slot)\b",
        r"\b(?:what|how) about (?:the |next |this |on |a )?<slot>",
        r"\bis (?:next |this )?<slot><gap>\b(?:possible|free|available|still|ok|taken|open for me)\b",
        unless=(r"\b(?:questions|are you (?:open|closed)|open (?:on|late)|hours|parking|demo|fee if|charge)\b",),
    ),
    phrase(
        "booking.would_like",
        r"\bget a new one\b|\bneed a new one\b|\bkill for an?\b",
        r"\b(?:love|like) (?:that|to)<end>|<start>(?:yes |very |still )?interested\b",
        r"\bif you had (?:evening|weekend|morning|saturday)\b|\bstill interested\b",
        r"\bis (?:your|the|that) offer still\b|\b(?:get|getting) (?:it|this|that) over with\b",
        r"\bput(?:ting)? (?:it|this|that) off\b|\bway to (?:get in|be seen|come|book|see)\b",
        r"\bwhatever (?:slot|time|day|appointment)\b|\bgo on then\b|\bwhen is good\b",
        r"\b(?:so|then|and|but) (?:yes|yeah|sure|ok|why not)<end>|<start>(?:sure |well |ok |and )?why not\b",
        r"\bready (?:to do this|when you are)\b",
        r"\bi (?:do |really |still |also |just |would )*(?:like|love|want|need|prefer|have|hoping|wish"
        r"|plan)(?: to)? (?:to )?(?:come|book|be seen|schedule|make an|see (?:you|the|someone|a d)|get (?:in|it|my"
        r"|this|an|seen|checked)|have (?:it|my|an|a|the)|do (?:it|this|that)|set|visit|take (?:the|that|it|you)"
        r"|go ahead|the appointment)\b",
        r"\bi (?:do |would |still )*(?:want|like|need|prefer)(?: \w+)? (?:appointment|slot|<day>|cleaning"
        r"|check up)\b",
        r"\b(?:i|we) (?:should|must|ought to|had better|better|owe you|really need to)(?: probably| really"
        r"| definitely)? (?:come|a visit|see|get|book|schedule)",
        r"\b(?:would|will) (?:be )?(?:love|happy|glad|good) to (?:come|book|see|get)\b",
        r"\b(?:looking|trying|want|ready|time|able|happy|going|hoping) (?:forward )?to (?:book|schedule|come in"
        r"|make an appointment|get in|be seen|set up)\b",
        r"\b(?:due|overdue) for\b",
        r"\b(?:it is|guess it is|about|high) time\b(?! for (?:me|us|lunch|work) to (?:stop|go))",
        r"\bbeen (?:ages|too long|forever|a while|a long time)\b|\bget my teeth (?:\w+)|\bwould not say no\b",
        r"\bcan not wait\b(?! \w+ hours?)|\bhell yes\b|\bcount me in\b|\bi am in<end>|\bfeel free to book\b",
        r"\byes to\b|\bglued back",
        r"\b(?:need|want) (?:it|this|that|them) (?:fixed|checked|looked at|replaced|done|cleaned)\b",
        r"\bis (?:your|the|that) offer still\b",
        unless=(
            r"\b(?:is my|are you|should i|already booked)\b",
            r"\b(?:do not (?:want|need|plan)|would have|wanted to but|not any more|never|used to|cancel|copy"
            r"|refund|complain\w*|records?|speak|talk to|not coming|how long|demo|receipt|stop being)\b",
        ),
        negatable=True,
    ),
    phrase(
        "booking.slot_suits",
        r"\b\d{1,2} (?:is|works|would be) (?:good|fine|great|perfect|best|ok|for me)\b|\bboth (?:are|work|suit)\b",
        r"\byou (?:choose|pick|decide)\b",
        r"\b<slot><gap>\b(?:works?|suits?|would (?:be|suit|work)|is (?:perfect|fine|good|great|ok|ideal|best"
        r"|better)|please|sounds|for me|then)\b",
        r"\b(?:works?|suits?) (?:for me|better|best|great|fine|well|perfectly|too|me|us)\b(?! (?:out|in))",
        r"\b(?:would|will) suit (?:me|us)\b|\bi prefer (?:the )?<slot>|\beither (?:one|is|works|time|day|of)\b",
        r"\bany (?:day|time|morning|afternoon|slot|evening)s?\b<near>\b(?:works?|is|but|suits|next|this|would"
        r"|after|before|will)\b",
        r"\bany ?time<end>|\bwhatever (?:works|you have|is free)\b",
        r"\b(?:i am|we are|am) (?:free|available|around|flexible)\b|\bi (?:just )?need it (?:after|before|in|on)\b",
        r"\b(?:prefer|better|best) (?:in the )?(?:morning|afternoon|evening|after|before)s?\b",
        r"\bthe (?:first|second|last|latter|former|later|earlier) (?:one|slot|time|option)\b",
        unless=(r"\b(?:not work|neither|nor|does not suit|not (?:a )?good|when pigs)\b",),
        negatable=True,
    ),
    phrase(
        "booking.spanish",
        r"\b(?:pueden|podrian|puede) (?:ver|atender|revisar)\w*\b",
        r"\bme (?:pueden|podrian|puede) (?:ver|atender|revisar|dar)\b",
        r"\b(?:quiero|quisiera|necesito|me gustaria|querria|podria)\b<gap>\b(?:cita|hora|turno|venir|ir|agendar"
        r"|reservar|consulta|limpieza|sacar)\b",
        r"(?<!no )\b(?:puedo|podria|podemos) (?:ir|venir|pasar|agendar)\b",
        r"\btienen? (?:hora|citas?|disponib\w+|espacio|algo)\b|\bagend\w+|\bapunt[ea]\w*me\b",
        r"\b(?:reserv|apart)\w*me\b",
        unless=(r"\bno (?:quiero|necesito)\b",),
    ),
    phrase(
        "booking.french",
        r"\b(?:voudrais|souhaite|veux|aimerais|besoin|souhaiterais)\b<gap>\b(?:rendez vous|rdv|venir|consult\w+"
        r"|creneau|detartrage)\b",
        r"\bprendre (?:un )?(?:rendez vous|rdv)\b|\b(?:peux|puis|pourrais)(?: je)? (?:venir|passer)\b",
        r"\bavez vous (?:de la place|un creneau|des? (?:disponib|creneaux|rdv))",
        unless=(r"\bne (?:veux|souhaite)\b",),
    ),
)

# A dental need told without asking for anything: in a reply to us it means "see me".
NEED: tuple[Phrase, ...] = (
    phrase(
        "need.broken",
        r"\b(?:tooth|molar|incisor)\b<near>\bbroke\w*\b|\bhole in (?:my|a|the)\b",
        r"\b(?:gums?|tooth|teeth) (?:have|has) been (?:bugging|bothering|hurting)\b",
        r"\b(?:chip|crack|broke|broken|lost|snapped|fell out|came (?:off|out)|loose|wobbly)\w*\b<gap>\b(?:tooth"
        r"|filling|crown|veneer|bracket|wire|retainer|cap|bridge|denture)\b",
        r"\b(?:tooth|filling|crown|veneer|bracket|wire|retainer|cap|bridge|denture)s?\b<gap>\b(?:chip|crack|broke"
        r"|broken|fell|came (?:off|out)|loose|wobbly|cutting|hurt|hurts|aches|sore)\w*\b",
        r"\b(?:a bit of a |mild |slight |small )?(?:toothache|tooth ache|cavity|sensitive tooth|sensitivity)\b",
        r"\b(?:tooth|molar|gums?)\b<near>\b(?:hurts?|aches?|aching|sore|sensitive|bleed|throbs|bothering"
        r"|acting up)\b",
        r"\bstop the pain\b|\btake a look\b|\bhave a look\b",
        unless=(r"\b(?:you did|you put|you made|last visit was|years ago|is it normal|should i|not happy)\b",),
        negatable=True,
    ),
)

SLOT: tuple[Phrase, ...] = (
    phrase(
        "slot.named",
        r"\b<slot>",
    ),
)
