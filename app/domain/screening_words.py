"""Words of refusal: what a reasonable person reads as "no more messages" (agent.md section 1). Adding one is a line.

Patterns run over `phrases.normalise`d text. A partial refusal, a wrong number, a death and an erasure also want a
person's eye.
"""

from app.domain.phrases import phrase
from app.domain.screening_words_excuses import BOOKS, FOOTER, NOT_MEANT
from app.domain.screening_words_languages import OPT_OUT_ABROAD
from app.domain.screening_words_person import OPT_OUT_FOR_A_PERSON

# --- Opt-out: whole messages -------------------------------------------------------------------------------------
# A message made only of these words (and of fillers) refuses messages. 47 CFR 64.1200(a)(10) names the first seven.
STOP_WORDS = frozenset(
    "stop stopall unsubscribe end quit optout revoke stopp stp st0p stpo sotp stahp stopit unsub unsubcribe "
    "unsuscribe unsubscribed unsubscribing unsubscibe remove enough spam stopsign cease desist halt removeme "
    "stopme block arret arreter desabonner desabonnement desinscription stopper baja parar pare alto "
    "cancelarsuscripcion basta detener abmelden stoppen sair abbestellen".split()
)
FILLERS = frozenset(
    "please thanks thank you cancel for love of god people everything seriously now it this ok hi hello just all"
    " the and kindly already sir me immediately yes no i said"
    " again at once por favor svp merci gracias bitte frown here".split()
)
MAX_BARE_WORDS = 6

# --- Opt-out: free wording -----------------------------------------------------------------------------------------
OPT_OUT = (
    *OPT_OUT_FOR_A_PERSON,
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
            *(*FOOTER, *NOT_MEANT),
            r"\bif you (?:do not|can not) stop\b|\bbefore i\b|\bbus stop\b|\b(?:in|at|by) the end\b",
            r"\bstop by\b|\bnot (?:\w+ ){0,2}stop\b|\b(?:pain|bleeding) .{0,30}\bcall\b|\bno more calls? (?:back"
            r"|from me)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.make_it_stop",
        r"\b(?:what part of|which part of) (?:stop|no|unsubscribe)\b|\bso (?:that )?(?:these|the|your"
        r"|all) (?:\w+ )?(?:end|stop)\b|\bsee (?:to it )?that (?:this|these|it) (?:end|stop|cease)s?\b"
        r"|<start>(?:please )?(?:knock it off|discontinue|cease|desist|silence|mute|end subscription|off"
        r"|no no no stop)<end>|\bunplug me\b|\bsave (?:yourself|your) (?:the )?(?:stamp|postage|time|breath"
        r"|effort)s?\b",
        r"\bzero (?:<contact>|of these)|\bmake it zero\b|\bnot another (?:word|message|text|e ?mail|one|peep"
        r"|letter)\b|\b(?:can|could|would rather|rather) (?:do|live) without (?:these|your|the|this|any)\b"
        r"|\boff button\b|\b(?:must|has to|should|so that|see that|insist)<gap>\b(?:come to an end|ends?"
        r"|finally end\w*|cease|stops?)\b(?=[^|]*)(?!<gap>pain)|\b(?:leave|keep) (?:me|us) out of (?:it|this"
        r"|your)\b|\bkindly forget i\b|\bforget (?:that )?i (?:exist|ever)\b|\b(?:every|any|all) trace of (?:me"
        r"|us)\b|\bquieter inbox\b|\b(?:heard|seen|had) enough (?:from|of) (?:you|each|your|these)\b"
        r"|\bdo not (?:write|text|message|call|reply) back\b|\bfind another victim\b",
        r"\b(?:no longer have|never had|do not have|without|revok\w*|withdr\w*|take back|cancel\w*|not give\w*"
        r"|never g[ai]ve\w*)<near>\b(?:my|our) (?:permission|consent|authori[sz]ation|approval)\b"
        r"|\bno wish to be on\b|\b(?:stop|stp|quit|no more|enough) (?:msg\w*|msgn\w*|messag\w*|pub|spam\w*|ads?)\b"
        r"|\bnever again please\b",
        r"\b(?:turn|switch|shut) (?:off|down) (?:the|these|all|my|your|those|any)\b<near><contact>|\b(?:leave|exit"
        r"|quit|out of) (?:this|the|your) (?:\w+ )?(?:program|list|group|subscription|service|chat|campaign)\b"
        r"|\bend (?:my |the |this )?subscription\b|\btoo many (?:texts|messages|e ?mails|reminders"
        r"|notifications)\b|\benough (?:\w+ )?(?:texts|messages|e ?mails|reminders|notifications|mail|sms)\b"
        r"|\benough (?:already )?with\b",
        r"\b(?:i have |i |already |we have )(?:clicked|hit|pressed|tried to|tried|already)<gap>\bunsubscrib\w*"
        r"|\bno unsubscribe\b|\bstill (?:get|getting|receive|receiving|send|sending|texting|messaging|e ?mailing"
        r"|keep)\b<gap>(?:<contact>|\bmail\b|\bthese\b)",
        r"\b(?:one more|another|the next|next|again)\b<gap>\b(?:text|message|e ?mail|of these"
        r"|reminder)\b<far>\b(?:lawyer|attorney|fcc|ftc|police|report|sue|court|complaint|block)\w*|\b(?:lawyer"
        r"|attorney|fcc|ftc|police|court)\b<far>\b(?:next|another|one more|again)<near>\b(?:text|message|e ?mail"
        r"|call)"
        r"|\b(?:text|message|e ?mail|write|call|contact) (?:me|us) (?:again|once more)\b",
        r"\b(?:no|not|dont) (?:want|need|send|sent|sending)(?: me| us)?(?: any| more| no| anymore)* (?:<contact>"
        r"|sms|more)\b|\bnothing further\b|\b(?:no|not) (?:any )?further (?:<contact>|contact|correspondence"
        r"|notices?|mail)\b",
        r"\b(?:make|get|have) (?:all )?(?:these|this|it|them|the (?:texts|messages|e ?mails|reminders)"
        r"|your \w+) (?:to )?stop\b",
        r"\b<stop> (?:it|this|that|asking|inviting|trying|chasing|begging|doing this|following up|hitting me up"
        r"|with (?:the|all"
        r"|these|your|this)|messing|wasting|blowing up|annoying|hassling|stalking|filling (?:up )?my)\b",
        r"\b(?:now|just|please|k|ok|so|then|must|you|y all|people|guys|and|no|seriously|really) stop<end>",
        r"<start>(?:\w+ ){0,3}stop<end>",
        r"\bstop (?:now|pls|please|immediately|already|right now|at once|today)<end>",
        r"\bchill (?:out )?with (?:the|these|your|all)\b|\bgive it a rest\b|\bblowing up my (?:phone|inbox)\b"
        r"|\b(?:shut up|hush)<end>|\bmute (?:me|this|these|your)\b|\bpipe down\b|\bget the (?:hint|message)\b",
        unless=(
            *FOOTER,
            *NOT_MEANT,
            r"\b(?:pain|bleed\w*|blood|hurt\w*|ache|aching|throb\w*|bus|train|grinding|smok\w+|one|next|non|pit"
            r"|full|drool\w*"
            r"|swell\w*|clench\w*|treatment|medication|meds|taking|twitch\w*|ringing)\b"
            r"|\bstop by\b|\bi was just about\b|\b(?:will|do|would|if|when|did) i stop\b|\b(?:will|can|could|does"
            r"|would|did|do"
            r"|never|to) (?:\w+ )?not (?:\w+ )?stop\b|\b(?:where|when|how"
            r"|which|what time)<gap>stop\b(?! (?:these|this))"
            r"|\bstop (?:it|this|that) from\b|\bcan not stop\b"
            r"|\b(?:x ?rays?|pictures?|copy|receipt|certificate)\b<gap>\bnot (?:want|need)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.last_one",
        r"\b(?:make|let|have) (?:this|that|it)<near>\b(?:your|the|be your|be the) (?:very )?(?:last"
        r"|final) (?:<contact>|one|time)",
        r"\b(?:this|that|it)(?: had| has)? (?:is|was|be|better be|to be|should be|will be) (?:your"
        r"|the) (?:very )?(?:last|final) "
        r"(?:<contact>|one|time)\b(?! appointment| visit)",
        r"\b(?:never|not) (?:\w+ )?(?:want|wish|like|hope)?(?: to)? ?(?:hear|receive|get|see)(?: \w+)? (?:from you"
        r"|another|one of these|these)\b|\b(?:rather|prefer) not (?:to )?(?:get|receive|be (?:on|sent)|hear|see)\b",
        r"\b(?:not|never|no longer)(?: \w+){0,3} (?:be )?on (?:any|your|this|the|a|that) (?:\w+ )?(?:list|lists"
        r"|mailing|database|system)\b|\btoo many\b<gap>\bi am (?:out|done)\b|\b(?:you|i) (?:\w+ )?(?:asked"
        r"|told) (?:you |u )?(?:\w+ ){0,2}not to\b",
        r"\b(?:not|never) (?:\w+ )?(?:get|receive|see|have|need|getting|receiving|hear\w*) (?:any "
        r"|even )?(?:(?:one )?more|another|further)"
        r" (?:of )?(?:these|those|this|your|such|<contact>|from)\b",
        r"\b(?:for|at) the (?:last|final|third|tenth|hundredth|100th|millionth|nth|umpteenth) time\b<far>\b(?:stop"
        r"|no|off|remove|not"
        r"|leave)\b",
        r"\bno more (?:of )?(?:these|this|those|your|from you)\b",
        unless=(
            *FOOTER,
            r"\b(?:before|appointment|visit|pain|cleaning|treatment|no more (?:of )?(?:these|this) (?:pain|ache))\b",
        ),
    ),
    phrase(
        "opt_out.be_removed",
        r"\bremove (?:me|us|it|my \w+|him|her|our \w+) from (?:all|every|any|your|these|the) (?:\w+ )?<contact>"
        r"|\bmine (?:was |be )?(?:removed|deleted|taken)\b|\bnever gave you my number\b",
        r"\b(?:be|get|getting|being|been|have me|have us|have (?:my|our) (?:\w+ )?(?:name|number|e ?mail"
        r"|address)) "
        r"(?:permanently |fully |completely |immediately )?(?:taken off|removed|deleted|unsubscribed)\b"
        r"(?! (?:the |my |your )?(?:tooth|stitch\w*|braces|wisdom|schedule|calendar|work))",
        r"\b(?:take|pull|get|move|drop|put) (?:my|our|this) (?:\w+ )?(?:name|number|e ?mail|address|phone"
        r"|contact)\w* (?:off|out|away"
        r"|from)\b",
        r"(?<!kick me )(?<!not take me )(?<!not take us )\b(?:off|out of) (?:of )?(?:your|this|the|these"
        r"|whatever) (?:\w+ )?(?:list|lists|mailing|database|system"
        r"|rotation|spam)\b",
        r"<start>(?:please )?(?:take|leave) (?:me|us) (?:off|out of (?:it|this))\b|, (?:please )?(?:take"
        r"|leave) (?:me|us) (?:off|out of (?:it|this))<end>"
        r"|<start>(?:please )?(?:off|remove)<end>",
        unless=(
            *FOOTER,
            *BOOKS,
            r"\b(?:stitch\w*|braces|tooth|teeth|stains?|wire|bracket|crown|bandage|gauze|tartar|plaque|decay|mole)\b"
            r"|\bwas (?:i|my)\b|\bwhy (?:was|were|am)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.harassed",
        r"\b(?:this is|it is|is|feels like|borders on|bordering on|that is|you are) (?:\w+ )?(?:harass\w*|spam\w*"
        r"|stalking)\b",
        r"<start>(?:you are |i have |i am |have |you have been |number |been |now |and )*(?:block(?:ed|ing)"
        r"|report(?:ed|ing)|spam\w*)"
        r"(?: (?:you|this|number|u|now|it|as spam|and \w+))*<end>",
        r"\b(?:file|make|filing) (?:a |an )?(?:tcpa|fcc|ftc|do not call|spam|harassment) \w+|\btcpa\b"
        r"|\bdo not (?:call|contact|disturb)"
        r" (?:list|registry)\b|\bno contact (?:order|list|please)\b",
        unless=(
            r"\b(?:not (?:\w+ )?(?:spam\w*|harass\w*)|in (?:my|the|your) (?:spam|junk)|spam folder|is this spam"
            r"|block(?:ed|ing) (?:nose"
            r"|tooth|number is)|by (?:mistake|accident))\b|\bharassed (?:me )?(?:by|in)\b<gap>\b(?:hygienist"
            r"|doctor|dentist|staff)\b",
        ),
    ),
    phrase(
        "opt_out.do_not_contact",
        r"(?:\b(?:do|to|can you|could you|will you|would you|please|must|should) not (?:ever |please |you dare "
        r"|keep )?|\bnever (?:ever )?)(?:text|message|e ?mail|call|contact|write|bother (?=me|us)|harass|spam|bug"
        r"|ping|phone"
        r"|ring|disturb|dm|solicit|reach out|mail|bother writing|bother calling|bother texting"
        r"|follow up)(?:ing)?(?: (?:or|and|nor|/) \w+)?(?: to)? ?(?:me|us|my|this|here|again|any|ever|at all|[|,]|$)",
        unless=(
            r"\b(?:until|before \d|after \d|during|at work|meetings?|yet|unless|i can not|why do|did you"
            r"|you do not (?!have|get to|need)|they do not|you never|they never|nobody|no one)\b",
            r"intended recipient|in error|contact the sender",
            r"\b(?:use|try|write to|send (?:it|them|mail) to)<gap> \S+@\S+",  # a new address is no refusal
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
        r"| hearing| keep| kind| sort| further| such| from| see| seeing| daily| weekly| constant| automated"
        r"| stupid| damn| silly"
        r"| annoying| endless)* (?:<contact>|from you|hear<near>from|your (?:mail|junk|crap|stuff|spam|nonsense"
        r"|ads?|news|offers"
        r"|promotions|updates))\b",
        unless=(
            *FOOTER,
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
            *(*FOOTER, *NOT_MEANT),
            r"\b(?:intent|confidence)\b|\bopt\w* out of (?:the )?(?:x ?rays?|fluoride|insurance|plan|treatment)",
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
        r"|files?|mailings?|distribution|contacts|rolodex|records?|books|thing|sms|texts|messages|everything|here)\b",
        r"\b(?:please )?(?:remove|delete|block|unlist) (?:me|us)<end>|\bblock me from\b",
        r"\btake (?:me|us) off (?:this|these|your|of)\b(?! (?:schedule|calendar))",
        unless=(
            *FOOTER,
            *BOOKS,
            r"\b(?:stitches|braces|tooth|teeth|stains?)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.leave_alone",
        r"\b(?:leave (?:me|us)(?: the \w+)? (?:alone|be)|go away|get lost|buzz off|pis+ off|f(?:uck|uk|ck|eck"
        r"|k)? off|fuck (?:you|u)|bug off|back off|screw (?:off|you)"
        r"|shove it(?! (?:an?|back|along|on|over|to|till?|until|later|forwards?"
        r"|one|two)\b)|get off my phone"
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
        unless=(
            r"\b(?:dental board|board of|licensing|ombudsman|malpractice|bill\w*|hygienist|treatment|doctor|dentist)\b",
        ),
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
        r"^ stop(?: frown)? and (?:cancel|bin|scrap|scrub|take|delete|remove|drop)\b",
        r"<start>stop(?:all)? (?:please|now)\b|\bstop[, ]+stop\b|\bcease (?:and|&) desist\b",
        r"\bno (?:further|more) (?:contact|communications?|messages|e ?mails|texts|reminders)\b",
        unless=(
            *FOOTER,
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
