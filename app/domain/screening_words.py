"""Words of refusal: what a reasonable person reads as "no more messages" (agent.md section 1). Adding one is a line.

Patterns run over `phrases.normalise`d text. A partial refusal, a wrong number, a death and an erasure also want a
person's eye.
"""

from app.domain.phrases import phrase
from app.domain.screening_words_languages import OPT_OUT_ABROAD

# --- Opt-out: whole messages -------------------------------------------------------------------------------------
# A message made only of these words (and of fillers) refuses messages. 47 CFR 64.1200(a)(10) names the first seven.
STOP_WORDS = frozenset(
    "stop stopall unsubscribe end quit optout revoke stopp stp st0p stpo sotp stahp stopit unsub unsubcribe "
    "unsuscribe unsubscribed unsubscribing unsubscibe remove enough spam stopsign cease desist halt removeme "
    "stopme block arret arreter desabonner desabonnement desinscription stopper baja parar pare alto "
    "cancelarsuscripcion basta detener abmelden stoppen sair abbestellen".split()
)
FILLERS = frozenset(
    "please thanks thank you now it this ok hi hello just all the and kindly already sir me immediately yes no i said"
    " again at once por favor svp merci gracias bitte frown here".split()
)
MAX_BARE_WORDS = 6

# --- Opt-out: free wording -----------------------------------------------------------------------------------------
# Our own footers, should one survive the cutting of quotes, and mentions that refuse nothing.
_FOOTER = (
    r"\b(?:reply|text|respond|answer|send|type|click|tap|use)<near>\b(?:stop|here|below|link|unsubscribe|end|cancel)\b",
    r"^ ?(?:to (?:unsubscribe|opt out|stop)|if you (?:no longer|do not|would|wish|are not|received))",
    r"confidential|intended recipient",
)
_NOT_MEANT = (
    r"\b(?:accident\w*|by mistake|did not mean|never (?:meant|said|asked)|resubscribe"
    r"|why (?:did|have|are) you|have you stopped)\b",
)
_BOOKS = (r"\b(?:schedule|calendar|wait ?list|waiting list|cancellation list|appointments?|booking|slot)\b",)

OPT_OUT = (
    # A person should look: whom or what the refusal covers is not in the words alone.
    phrase(
        "opt_out.partial",
        r"\bnot (?:call|text|message|e ?mail|write)<near>\b(?:me|us)<gap>\b(?:use|prefer|by|via"
        r"|through) <channel>\b",
        r"\b(?:not|no more|stop|quit) (?:call\w*|text\w*|messag\w*|e ?mail\w*|sms)\b<gap>\b(?:just|only|rather"
        r"|prefer) (?:by |via |use )?<channel>\b",
        r"\bonly<near>\b(?:contact|write|reach)<near>\b(?:by|via|through) <channel>\b",
        r"\b(?:no|not|without|instead of|rather than|stop|quit)(?: (?:the|these|your|all|any|more|sending|by"
        r"|via))* <channel>\b<far>\b(?:<channel> (?:is|are)|only)(?: only)? (?:fine|ok|better|best|good|please)\b",
        r"\bonly (?:by |via |use |through )?<channel>\b<far>\b(?:no|not|stop) <channel>\b",
        r"\b(?:by |use |send |just )?<channel> only\b<far>\b(?:no|not|stop)\b",
        r"\b(?:instead of|rather than) <channel>\b",
        unless=(r"\binstead of calling you\b|\bcan i book\b",),
    ),
    phrase(
        "opt_out.partial",
        r"<start>(?:please )?no(?: more)? (?:texts|texting|sms|calls|calling|whats ?apps?)\b",
        r"<stop><gap><contact><far>\bfor my\b|\b(?:only|just) <channel>(?: me)?(?: please)? [|,] no(?:t| more)?\b",
        unless=(*_FOOTER,),
    ),
    phrase(
        "opt_out.wrong_number",
        r"\bnumber (?:now )?(?:belongs|was given|has been given|got reassigned|was reassigned)\b"
        r"|\bthis is (?:someone|somebody) else\b|\bi do not know (?:any |an? )?(?:person|one|body)<near>\b(?:named"
        r"|called)\b",
        r"\b(?:is not|not) [a-z]+s (?:phone|number|cell|e ?mail|mobile)(?: any more)?\b",
        r"\b(?:wrong (?:number|person|email|recipient|phone|contact|guy|lady|address)|(?:does not"
        r"|no longer) lives? here|(?:no one|nobody|no|not any) (?!one |body |more |need |time |point |problem "
        r"|longer )(?:\w+ )?here by that name|no (?!one|body|more|need|time|point|space|parking|problem|longer"
        r"|luck|room)\w+ here|not my number|number (?:no longer|does not) belong\w*|numero equivocado"
        r"|persona equivocada|mauvais numero|nobody (?:named \w+|called \w+ (?:here|lives|at))|(?:got|have had"
        r"|just got) this (?:new )?(?:number|phone|sim)|new (?:owner|number)|this is not (?:her|his"
        r"|their) (?:number|phone|e ?mail)|falsche nummer)\b",
        unless=(
            r"\b(?:gave|give|have|had|dialed|called) (?:you )?(?:the|my|a) wrong\b(?! (?:person|number <end>))",
            r"\bwrong number on|entered|correct number",
        ),
    ),
    phrase(
        "opt_out.deceased",
        r"\b(?:passed away|passed on|(?:she|he|mother|father|mom|dad|mum|wife|husband) (?:has |just "
        r"|sadly )?passed(?! (?:out|by|the|his|her|it|along|me|you|a))|deceased|has died|died|is dead"
        r"|no longer with us|fallecio|murio|est decedee?)\b",
        unless=(
            r"\b(?:phone|battery|tooth|nerve|dog|cat|car|laptop|computer|funeral|resched\w+|cancel\w*|postpone"
            r"|move my|can not make|implant|almost|nearly|died laughing|years ago)\b",
        ),
    ),
    phrase(
        "opt_out.erasure",
        r"\b(?:delete|erase|wipe|destroy|purge|forget|remove|supprim\w+|borr\w+|elimin\w+)<gap>\b(?:my|our|the|mis"
        r"|mes|personal|all) ?(?:personal |private |contact |donnees |datos |of my )*(?:data|information|info"
        r"|records?|account|details|file|profile|datos|donnees|everything)\b",
        r"\bright to (?:be forgotten|erasure|deletion)\b",
        r"\beverything you (?:hold|have)<gap>\b(?:deleted|erased|removed)\b",
        unless=(
            *_FOOTER,
            r"\bdo you\b|\bin (?:error|mistake)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.erasure",
        r"\b(?:delete|erase|lose|forget|remove|scrub|block) (?:it|this (?:number|address|e ?mail|contact)"
        r"|my (?:phone |cell )?(?:number|e ?mail|phone|contact|name|digits|address))\b",
        unless=(*_FOOTER, *_BOOKS),
        negatable=True,
    ),
    # Plain refusals.
    phrase(
        "opt_out.stop_contact",
        r"\b(?:stop\w*|quit\w*|ceas\w+|end\w*|kill|ditch|cut|spare me|done with|over with|no need for|hate"
        r"|cancel)(?: (?:all|of|these|those|your|the|such|this|any|me|sending|with|getting))+ <contact>\b",
        r"\b(?:texts?|messages?|e ?mails?|reminders?|calls?|notifications?|these|this|them)<near>\b(?:to|must"
        r"|should|need to|has to|have to|better) (?:stop|end|cease)\b",
        r"\bif you (?:would |could |can )?(?:please )?stop(?:ped)? (?:sending|texting|writing|messaging|e ?mailing"
        r"|calling|contacting)\b",
        r"\b<stop>(?: (?!by\b|in\b|at\b)\w+)?(?: \w+)? <contact>\b|\b<stop> <contact>\b",
        r"\b<stop> (?:getting|receiving) (?:these|your|this|them|any)\b",
        r"\bcancel (?:my |this |the |these )?(?:subscription|<channel>|reminders)\b|\bquit it with\b",
        r"\b<stop><gap>\b(?:with )?(?:these|your|the|all|sending)<near> ?<contact>\b",
        unless=(
            *(*_FOOTER, *_NOT_MEANT),
            r"\bif you (?:do not|can not) stop\b|\bbefore i\b|\bbus stop\b|\b(?:in|at|by) the end\b",
            r"\bnot (?:\w+ ){0,2}stop\b|\b(?:pain|bleeding) .{0,30}\bcall\b|\bno more calls? (?:back|from me)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.do_not_contact",
        r"(?:\b(?:do|to|can you|could you|will you|would you|please|must|should) not (?:ever |please |you dare "
        r"|keep )?|\bnever (?:ever )?)(?:text|message|e ?mail|call|contact|write|bother|harass|spam|bug|ping|phone"
        r"|ring|disturb|dm|solicit|reach out)(?:ing)?(?: to)? ?(?:me|us|my|this|here|again|any|ever|at all|[|,]|$)",
        unless=(
            r"\b(?:until|before \d|after \d|during|at work|meetings?|yet|unless|i can not|why do|did you"
            r"|you do not|they do not|you never|they never|nobody|no one)\b",
            r"intended recipient|in error|contact the sender",
        ),
    ),
    phrase(
        "opt_out.do_not_send",
        r"\bnot send (?:me|us) (?:anything|any)\b|\bsend me nothing\b",
        r"\b(?:do|to|please|can you|could you|will you) not (?:ever |keep )?(?:send|sending)<gap>\b(?:more|any"
        r"|again|messages?|texts?|e ?mails?|reminders?|stuff|things|offers|crap|this)\b",
        unless=(r"\byet\b|\bdid not\b|\byou do not\b|\bsend me (?:the|a) link\b",),
    ),
    phrase(
        "opt_out.do_not_want",
        r"\b(?:not|no longer)(?: want| wish| like| care| need)? to (?:receive|be (?:contacted|messaged|texted"
        r"|emailed|bothered|called|reminded)|get (?:these|those|your|any more))\b",
        r"\bturn (?:them|these|it|this|the \w+) off\b",
        r"\b(?:(?:do|did|would) not (?:want|wish|need|care|like|ask|agree|consent)|no longer (?:want|wish|need"
        r"|care)|not interested in|tired of|sick of|fed up with|had enough of|never asked)(?: to| for| any| more"
        r"| your| these| this| those| you| all| the| of| get| getting| receive| receiving| be| being| hear"
        r"| hearing| keep| kind| sort| further| such| from)* (?:<contact>|from you|hear<near>from)\b",
        unless=(
            *_FOOTER,
            r"\bnot to receive (?:\w+ )?(?:care|treatment|anesthesia)\b|\b(?:lights?|noise|tv|music)\b",
            r"\b(?:stop|miss|lose) |\bto (?:call|text|email|write|send)\b|\bwant (?:a|the) (?:call|text)\b",
            r"but <near>call",
        ),
    ),
    phrase(
        "opt_out.unsubscribe",
        r"\b(?:un ?su[bs]\w{0,3}?(?:s?c|sr)\w{0,3}ib\w*|unsub|opt(?:ing|ed)?(?: me| us)? out|optout|do not (?:call"
        r"|contact|text) list|dnc list|blacklist me|desabonn\w+|desinscri\w+|dar(?:me|nos) de baja|den?me de baja"
        r"|desuscri\w+)\b",
        unless=(
            *(*_FOOTER, *_NOT_MEANT),
            r"\bopt\w* out of (?:the )?(?:x ?rays?|fluoride|insurance|plan|treatment)",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.remove_me",
        r"\b(?:take|get|drop) (?:me|us|my name|my number) off<end>",
        r"\b(?:change|update|correct) your (?:records|list|database)\b<gap>\bnot (?:a|your) patient\b",
        r"\b(?:want|get|take me|am) off (?:of )?(?:this|your|the|these) (?:\w+ )?(?:lists?|texts|messages|thing)\b",
        r"\b(?:take|get|pull) my (?:number|name|e ?mail|address|phone)(?: \w+)? off\b",
        r"\b(?:remov(?:e|ing)|tak(?:e|ing)|drop|delete|get|scrub|strike|cross|purge|unlist|pull|wipe)(?: off"
        r"| out)? (?:me|us|my|our|this|her|him)\b<gap>\b(?:off|from|out of|on)\b<gap>\b(?:lists?|database|system"
        r"|files?|mailings?|distribution|contacts|rolodex|records?|books|thing|sms|texts|here)\b",
        r"\b(?:please )?(?:remove|delete|block|unlist) (?:me|us)<end>|\bblock me from\b",
        r"\btake (?:me|us) off (?:this|these|your|of)\b(?! (?:schedule|calendar))",
        unless=(
            *_FOOTER,
            *_BOOKS,
            r"\b(?:stitches|braces|tooth|teeth|stains?)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.leave_alone",
        r"\b(?:leave (?:me|us)(?: the \w+)? (?:alone|be)|go away|get lost|buzz off|pis+ off|f(?:uck|uk|ck|eck"
        r"|k)? off|fuck (?:you|u)|bug off|back off|screw (?:off|you)|shove it|get off my phone"
        r"|laissez moi tranquille|fichez moi|dejenme en paz|lass(?:t|en sie) mich in ruhe)\b",
        unless=(r"\b(?:pain|tooth ?ache|ache|swelling|will it|does it|not)\b<gap>go away",),
        negatable=True,
    ),
    phrase(
        "opt_out.threat",
        r"\b(?:i will|i am|am going to|gonna|will be) (?:report|reporting|block|blocking|sue|suing|marking"
        r"|mark)<near> ?(?:you|this|u|your number)\b",
        r"\breport(?:ed|ing)? (?:you |this |it )?(?:to the fcc|as spam|for (?:spam|harass\w*))\b",
        r"\b(?:text|message|e ?mail|call|contact) me<gap>\b(?:again|one more time|more)\b<far>\b(?:report|block"
        r"|sue|lawyer|police)",
    ),
    phrase(
        "opt_out.no_consent",
        r"\b(?:never|did not|not) (?:sign(?:ed)? (?:me |us )?up|subscrib\w*|opt(?:ed)? in|consent\w*"
        r"|g[ai]ve (?:you )?(?:permission|consent))\b",
        r"\b(?:revoke|withdraw|rescind|retract)<near>\b(?:consent|permission|authorization)\b",
        unless=(r"\b(?:sign up sheet|have not signed up|not signed up yet|can i|want to sign)\b",),
    ),
    phrase(
        "opt_out.enough",
        r"\b(?:asked|told|telling|said)(?: you| u| guys| people| everyone| to)* stop\b|\bbegging you<near>\bstop\b",
        r"<start>(?:that is |it is )?enough(?: already| is enough)?<end>|\byou can (?:please )?stop(?: now)?<end>",
        r"\bplease stop<end>|, stop<end>|\bno more<end>|<start>can you (?:please |just )?not<end>|\bquit it<end>",
        r"\bmake it stop\b|\bstop it<end>|<start>(?:please )?(?:just )?stop<end>",
        r"<start>stop(?:all)? (?:please|now)\b|\bstop[, ]+stop\b|\bcease (?:and|&) desist\b",
        r"\bno (?:further|more) (?:contact|communications?|messages|e ?mails|texts|reminders)\b",
        unless=(
            *_FOOTER,
            r"\b(?:pain|bleed\w*|hurt\w*|ache|throb\w*|bus|grinding|smok\w+)\b|\bnot (?:\w+ )?stop\b",
            r"\bstop [,|] wait",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.stop_sign",
        r"<start>(?:please |no |no more )?stopsign\b",
    ),
    *OPT_OUT_ABROAD,
)
