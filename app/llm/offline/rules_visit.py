"""Signals about an existing visit, questions about the clinic, and words that ask for nothing (agent.md section"
" 1)."""

from app.domain.phrases import Phrase, phrase

_RELATED = r"(?:my|our|the|this|that|it|tomorrows?|mondays?|his|her|their|both)"

RESCHEDULE: tuple[Phrase, ...] = (
    phrase(
        "reschedule",
        r"\brearrang\w*|\b(?:swap|switch) (?:to|it|over)\b",
        r"\b(?:an|half an|one|two|a couple of) hours? (?:later|earlier)\b|\bbring<near>\bforward\b",
        r"\bneed to move\b|\bre ?-?schedul\w*|\bre ?-?book\w*",
        r"\b(?:postpone|delay|put off|bring forward)\b<near>\b<visit>|\bpostpone\b",
        r"\b(?:move|change|push|shift|switch|swap|bump|adjust|delay|bring) (?:up |back |forward )?(?:my|our|the"
        r"|this|that|it|mine|his|her|mondays?|tomorrows?)\b(?! mind| name| number| address| insurance| phone"
        r"| e ?mail| dentist| doctor| bandage| toothbrush)",
        r"\b(?:make|have) it (?:a (?:bit|little) )?(?:later|earlier|another|on a different)\b",
        r"\b(?:earlier|later|different|another|other|new|better) (?:time|day|date|slot|appointment|hour)\b(?: than"
        r"| instead| please| for| if|<end>| ?\?| would| on| that| available|$)",
        r"\b(?:find|pick|choose|try|get|do) (?:me |us )?(?:another|a different|a new|a later|an earlier"
        r"|some other) (?:day|time|date|slot)\b",
        r"\binstead(?: of <slot>)?\b|\bnot cancel<far>\b(?:move|change|later|earlier|another|different)\b",
        r"\b(?:cambiar|mover|reprogramar|aplazar|posponer|adelantar)\b<gap>\b(?:cita|hora|dia|fecha)\b",
        r"\b(?:deplacer|reporter|decaler|changer)\b<gap>\b(?:rendez vous|rdv|heure|date|jour)\b",
        unless=(
            r"\bre ?book (?:when|once|later|another|after|if|as soon)\b|\bwill re ?book\b",
            r"\b(?:not (?:need|want|have) to (?:move|change|reschedule)|no need to (?:move|change|reschedule)"
            r"|policy|fee|charge|penalty|how late can|instead of (?:text|call|e ?mail|a|the)\w*|maybe another time"
            r"|some other time)\b",
        ),
        negatable=True,
    ),
)

CANCEL: tuple[Phrase, ...] = (
    phrase(
        "cancel",
        r"\bno longer (?:need|want) (?:the|my|that|this) <visit>\b|\bcancel\w*\b|\bcall (?:it )?off\b",
        r"\bscrap (?:my|the|it)\b",
        r"\b(?:take|remove|drop|strike) (?:me|us|my name|him|her)\b<near>\b(?:off|from"
        r"|out of)\b<near>\b(?:schedule|calendar|book|appointments?|slot)\b",
        r"\bannul\w+\b|\bdelete my (?:appointment|booking|visit)\b",
        r"\b(?:free|give) up my (?:slot|appointment|spot)\b|\bgive my (?:slot|appointment|spot) to\b",
        r"\brelease my\b|\b(?:bail|back out|pull out)\b(?: on| of)?",
        unless=(
            r"\b(?:policy|policies|fee|fees|charge\w*|penalt\w*|not cancel|never (?:said|asked"
            r"|wanted) (?:i wanted )?(?:to cancel)?|no need to cancel|needing to cancel after all|not (?:need|want"
            r"|have|trying|going|asking|needing) (?:\w+ )?(?:to )?cancel|if i (?:cancel|have to)|cancel culture"
            r"|cancellation list|any cancellations?|instead of cancel\w*|rather than cancel\w*|notice do"
            r"|someone cancels|without cancel\w*|did you cancel|why (?:was|did|is)|be needing to cancel"
            r"|cancel the (?:cancellation|stop))\b",
        ),
        negatable=True,
    ),
)

CANNOT_COME: tuple[Phrase, ...] = (
    phrase(
        "cannot_come",
        r"\bno longer coming\b|\bnot coming\b|\btoo (?:early|soon)\b|\ba no go\b|\bnot going to be there\b",
        r"\bwill not be there\b|\b<slot><near>\b(?:is|s) no good\b|\bcan not leave the house\b",
        r"\bcan not do (?:that|this) one\b|\bneither\b",
        r"\b(?:can not|could not|will not|unable to|not able to|not going to|not gonna|will not be able to"
        r"|can no longer|wont)(?: be able to| possibly| quite)? (?:make (?:it|my|the|<slot>|that)|come|attend"
        r"|be there|be coming|keep (?:my|the|our|that)|do (?:<day>|it|that|my|then|the)|get there|be in|show)\b",
        r"\bsomething (?:came|has come|'?s come|is come) up\b|\bhave to (?:miss|skip)\b",
        r"\b(?:miss|missing) (?:my|the|our) (?:appointment|visit|cleaning)\b|\bhave to work\b",
        r"\b(?:out of town|away|sick|ill|home sick|have covid|have the flu|car broke"
        r"|called in to work)\b<gap>\b<slot>",
        r"\b<slot><gap>\b(?:no longer works|does not work|is not going to work|will not work|is no good|not good"
        r"|is bad)\b",
        r"\b(?:does|do|will) not work for (?:me|us)\b|\bno puedo (?:ir|asistir|llegar|venir)\b",
        r"\b(?:peux|pourrai|pourrais) (?:pas|plus) (?:venir|etre la)\b|\bneither\b<near>\b(?:works?|suits?)\b",
        r"\bno ?show\b",
        unless=(r"\b(?:can not wait|can not come (?:off|out)|could not come back|fee|policy|charge)\b",),
    ),
)

BOOKED: tuple[Phrase, ...] = (
    phrase(
        "booked",
        r"\bjust booked\b|\bbooked (?:it )?online\b",
        r"\balready (?:booked|scheduled|made an appointment|have an appointment|set up)\b(?!.*\b(?:else"
        r"|another)\b)",
        r"\b(?:have|got) an appointment (?:with you |there |booked )?(?:already|on|for|next)\b",
        unless=(r"\b(?:somewhere|elsewhere|cancel\w*|move|change|resched\w*|can not make)\b",),
    ),
)

KEEP: tuple[Phrase, ...] = (
    phrase(
        "keep",
        r"\bstill on(?: for)?\b|\bwill be there\b",
        r"\b(?:do not|did not|never|please not|not)\b<near>\b(?:cancel|move|reschedule)\b",
        r"\bnever said<gap>cancel\b|\bnot<gap>\bto cancel\b|\bno need to (?:cancel|move|reschedule)\b",
        r"\b(?:still|definitely|will be|am|are) (?:\w+ )?coming\b(?! back)",
        r"\b(?:see|cu|c) (?:you|u|ya) (?:then|there|soon|on|at|tomorrow|<day>)\b|\bi will be there\b",
        r"\bconfirm(?:ed|ing|o)?\b(?! later)",
        unless=(
            r"\bwill not be there\b|\bbe there in\b",
            r"\b(?:not coming|can not confirm|can you confirm|could you confirm|before i can)\b",
        ),
    ),
)

POLICY: tuple[Phrase, ...] = (
    phrase(
        "policy",
        r"\b(?:cancel\w*|resched\w*|no ?show|late|missed|move)\b<gap>\b(?:policy|fees?|charged?|penalty|notice"
        r"|cost)\b",
        r"\b(?:policy|fees?|charged?|penalty|notice|cost)\b<gap>\b(?:cancel\w*|resched\w*|no ?show|missed|late"
        r"|move|change)\b",
        r"\bhow (?:late|far ahead|early|soon) can i (?:cancel|resched\w*|change|move)\b",
        r"\b(?:what|how|is there|do you|will (?:i|you))\b<gap>\bif i (?:cancel|resched\w*|miss|am late|no ?show"
        r"|have to cancel|need to cancel)\b",
    ),
)

TOPIC: tuple[Phrase, ...] = (
    phrase(
        "topic.price",
        r"\bset (?:me|us) back\b|\bany deals\b|\bhow much\b(?! (?:do|did) i| longer| pain)",
        r"\b(?:price|prices|pricing|cost|costs|fees?|rates?|quote|estimate|discount\w*|special offers?"
        r"|payment plans?|financing|installments?|monthly payments?|care ?credit|charge for)\b",
        r"\bcuanto (?:cuesta|vale|cobran|sale)\b|\bprecios?\b|\bcombien\b|\btarifs?\b",
        unless=(
            r"\b(?:too (?:expensive|pricey)|at (?:those|these|your) prices|prices (?:are|make)"
            r"|pain)\b(?!.*how much)",
        ),
    ),
    phrase(
        "topic.hours",
        r"\b(?:opening|open|office|business|working|what|your) hours\b|\bwhat time do you (?:open|close|start)\b",
        r"\b(?:are|r) you(?: guys)?(?: still| usually| also)? (?:open|closed)\b",
        r"\bwhen (?:do|are) you (?:guys )?(?:open|close|closed)\b|\bdo you (?:open|close|work)\b",
        r"\bopen (?:on|late|early|weekends?|tomorrow|today|<day>)\b|\bhorarios?\b|\bhoraires?\b",
        r"\b(?:abren|abierto|ouvert)\w*",
    ),
    phrase(
        "topic.place",
        r"\bwhere (?:are|is|exactly|do|can i (?:find|park))\b<near>\b(?:you|the (?:clinic|office|practice|parking"
        r"|entrance)|park|located)\b",
        r"\b(?:address|location|directions|parking|park|bus|subway|metro|train|wheelchair|accessib\w+|elevator"
        r"|lift|stairs|entrance|ramp|floor|donde estan|ou (?:etes|se trouve)|direccion|adresse|estacionamiento)\b",
        unless=(r"\b(?:e ?mail address|my address|change of address)\b",),
    ),
    phrase(
        "topic.insurance",
        r"\b(?:insurance|insurer|delta(?: dental)?|aetna|cigna|metlife|guardian|humana|blue cross|bcbs"
        r"|united ?health\w*|medicaid|medicare|anthem|kaiser|ppo|hmo|in network|out of network|hsa|fsa|seguro"
        r"|assurance|mutuelle|carte vitale|nhs|tricare|ameritas|sun life)\b",
        unless=(r"\b(?:lost my|switched|no longer have|does not cover you)\b",),
    ),
    phrase(
        "topic.service",
        r"\b(?:do|can|could|would|will) (?:you|u|they|your clinic)(?: guys| folks| also| still| ever| even| all"
        r"| only)* (?:do|offer|provide|have|take|accept|treat|see|speak|sell|use|replace|make|fix|handle|work with"
        r"|perform|give|allow|need|require|help|place|remove|clean|whiten|validate|pull"
        r"|extract)\b(?! (?:any ?(?:thing|time)|anything|an? (?:appointment|opening|slot|spot|time)|time|room"
        r"|space|availability|me|us|something|openings))",
        r"\b(?:is|are) there\b<near>\b(?:a|an|any|parking|kids|children|discount|wifi|male|female|fee|age|minimum"
        r"|limit|option|way)\b",
        r"\bwhat (?:kind|type|sort|services|treatments|insurance|ages?|payment|brands?|languages?|forms?"
        r"|documents?|should i bring|do i (?:need to )?bring|does|is (?:a|an|the|included|your)|are your"
        r"|do you (?:do|offer|use|charge))\b",
        r"\bhow (?:long|often|does|old|far|early|is the|do you)\b",
        r"\b(?:sedation|laughing gas|nitrous|anesthe\w+|invisalign|braces|implants?|veneers?|whitening|dentures?"
        r"|root canals?|wisdom teeth|x ?rays?|fluoride|sealants?|gas)\b<gap>\?",
        r"\bwill it hurt\b|\b(?:is it|it) going to hurt\b|\bdoes it hurt\b",
        r"\bwho (?:is|are|will|would|does)\b<near>\b(?:the|your|doctor|dentist|see|be|do)\b",
        r"\bsame (?:doctor|dentist|hygienist)\b|\bhablan?\b|\bparlez vous\b|\baceptan\b|\bacceptez vous\b",
        unless=(
            r"\bwhat is your problem\b|\bhow long (?:ago|have i|do i have to wait)\b",
            r"\bhow does (?:tomorrow|<day>)\b|\bhow is <slot>",
        ),
    ),
    phrase(
        "topic.asks",
        r"\b(?:tell|inform) me (?:about|more|whether|if|what|how)\b",
        r"\bi (?:would like|want|wanted|need) to (?:know|ask|find out|understand)\b",
        r"\b(?:wondering|curious) (?:if|whether|about|what|how)\b",
        r"\b(?:more )?(?:info|information|details) (?:about|on|regarding)\b",
        r"\b(?:i have|got|have) (?:a|some|another|one more|two) (?:quick |more )?questions?\b|\bquick question\b",
        r"\bcan you explain\b|\bcould you (?:tell|explain|clarify)\b|\bwhat do you do\b",
    ),
)

THANKS: tuple[Phrase, ...] = (
    phrase(
        "thanks",
        r"\b(?:thanks|thank you|thank u|thankyou|thank ya|many thanks|cheers|appreciate\w*|gracias|merci|danke"
        r"|obrigad\w|grazie|ta muchly|grateful|god bless|bless you)\b",
        r"\bsmiley\b",
        r"\b(?:you (?:guys |all )?(?:are|were) (?:the best|the greatest|awesome|amazing|great|wonderful|fantastic"
        r"|so (?:kind|nice|helpful|good)|too kind|lovely)|(?:amazing|great|wonderful|fantastic|excellent|awesome"
        r"|terrific|lovely|incredible|brilliant|superb) (?:job|work|service|experience|staff|team|visit|people"
        r"|care|doctor)|love (?:you guys|my new|your|the (?:new )?(?:smile|clinic|staff|team)|it|my smile)"
        r"|best (?:dentist|clinic|dental|team|staff|doctor)|so (?:happy|pleased|glad) with|did an? (?:amazing"
        r"|great|wonderful|fantastic) job|can not stop smiling|five stars?|5 stars?|highly recommend)\b",
        unless=(
            r"\bthanks for nothing\b|\bthanks? (?:you )?but no\b|\bno ?,? (?:thanks|thank you|gracias|merci)\b",
            r"\boh great\b|\bgreat job (?:losing|forgetting|ignoring|messing)\b",
        ),
    ),
)

# Heard, nothing asked: "ok, see you then".
ACKNOWLEDGED: tuple[Phrase, ...] = (
    phrase(
        "acknowledged",
        r"\bcool cool\b|\bnp\b",
        r"\b(?:got it|will do|understood|noted|sounds good|good to know|roger|makes sense|that is all i needed"
        r"|all good|no worries|no problem|see (?:you|u|ya) (?:then|there|soon|on|at|tomorrow|<day>)"
        r"|i will be there|looking forward(?: to it)?|on my way|that helps|very helpful|never ?mind|nvm)\b",
        r"<start>(?:ok|k|great|perfect|cool|nice|good|fine|super|excellent|wonderful|sure|yes|yep|right|all right"
        r"|thumbsup|smiley|de acuerdo|d accord|vale|parfait|confirmed?)<end>",
    ),
)

REASSURANCE: tuple[Phrase, ...] = (
    phrase(
        "reassurance",
        r"\b(?:do not|never|please not|not)\b<near>\b(?:stop|quit)\b<gap>\b(?:remind\w*|send\w*|text\w*|e ?mail\w*"
        r"|messag\w*|writ\w*|contact\w*|checking)\b",
        r"\bnot (?:want to )?(?:be )?(?:remov|unsub|delet|tak)\w*\b<gap>",
        r"\b(?:keep|like|love|enjoy|appreciate)\b<near>\b(?:your |the |these |me |getting |them )*(?:reminders?"
        r"|coming|posted|on (?:your|the) list|texts)\b",
        r"\bkeep me on\b",
    ),
)

PUZZLED: tuple[Phrase, ...] = (
    phrase(
        "puzzled",
        r"\bsorry what\b|\bwhich appointment\b",
        r"<start>(?:\?|huh|what|who|pardon|sorry|eh|hm+|why|wait|wait what|excuse me|come again|say what|que|quoi"
        r"|hi|hello|hey|hola|bonjour|good (?:morning|afternoon|evening)|hi there|hey there"
        r"|yo)(?: there)? ?\??<end>",
        r"\b(?:do|did|can) not (?:really |quite )?(?:understand|get it|follow|know what (?:you|this|that)"
        r"|recogni[sz]e)\b",
        r"\bwhat do you mean\b",
        r"\bwhat (?:link|appointment|is this|are you talking|are you on about|do you want)\b(?: about)?",
        r"\bwho (?:is|are) (?:this|you|that)\b|\bwho dis\b|\bconfus\w+\b|\bmakes no sense\b|\bno entiendo\b",
        r"\bcomprends pas\b|\bwrong chat\b",
        r"\bwhy (?:are you|am i) (?:texting|getting|writing|messag\w+|receiving)\b|\bdo i know you\b",
        unless=(r"\bwhat is this (?:cost|fee|charge)\b",),
    ),
)
