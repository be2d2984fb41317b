"""Refusals that a person must look at: whom or what they cover is not in the words alone (agent.md section 4, type 6).

A partial refusal, a wrong number, a death, an erasure. Adding one is adding a line.
"""

from app.domain.phrases import phrase
from app.domain.screening_words_excuses import BOOKS, FOOTER

# What is wrong here is no person: "the wrong date".
_NOBODY = (
    r"(?!tooth|side|one|time|day|date|bill|amount|dose|price|way|place|office|form|link|size|color|colour|crown|code"
    r"|appointment|address|information|info|month|hour|medication|prescription|word|answer|button|key|option|box"
    r"|choice|idea|question|filling|retainer|denture|shade|door|entrance|week|year|insurance|treatment|end|chart|file"
    r"|record|plan|department|room|floor|street)"
)
OPT_OUT_FOR_A_PERSON = (
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
        r"\b(?:no|zero) (?:phone|text|e ?mail|sms|whats ?app) messages\b|\b(?:appointments?"
        r"|reminders?)<near>\b(?:yes|ok|fine|welcome)\b<gap>\b(?:promo\w*|marketing|adverts?|newsletters?|offers?"
        r"|ads)<near>\bno\b|\bnone of (?:the|those|these|your)\b<far>\b(?:letters|messages|texts|e ?mails"
        r"|reminders|promo\w*|offers|notes|ads)\b",
        r"\bnot the (?:phone|mobile|cell|landline)\b|\b(?:only|just|prefer|use|rather)<near>\b(?:e ?mail|text"
        r"|phone|whats ?app|call)\w*\b<gap>\b(?:from now on|in (?:the )?future"
        r"|instead|going forward|not by)\b",
        r"\b(?:no|not|none|without|stop|skip)\b<near>\b(?:advert\w*|marketing|promo\w*|newsletters?|offers|sales"
        r"|ads|surveys?|birthday)\b(?=[^|]*\b(?:but|reminders?|appointments?)\b)"
        r"|\b(?:but|just|only) (?:no|not|stop|skip)(?: the| any| your)? (?:advert\w*|marketing|promo\w*"
        r"|newsletters?|offers|ads|surveys?|birthday)\b",
        r"\b(?:i|we) (?:want|need) none of\b|\b(?:only|just) (?:text|message|e ?mail|call|contact"
        r"|write)<near>\b(?:if|when|about|for)\b",
        r"<start>(?:please )?no(?: more)? (?:texts|texting|sms|calls|calling|whats ?apps?)\b",
        r"<stop><gap><contact><far>\bfor my\b|\b(?:only|just) <channel>(?: me)?(?: please)? [|,] no(?:t| more)?\b",
        unless=(*FOOTER,),
    ),
    phrase(
        "opt_out.wrong_number",
        r"\bnumber (?:now )?(?:belongs|was given|has been given|got reassigned|was reassigned)\b"
        r"|\bthis is (?:someone|somebody) else\b|\bi do not know (?:any |an? )?(?:person|one|body)<near>\b(?:named"
        r"|called)\b",
        r"\b(?:is not|not) [a-z]+s (?:phone|number|cell|e ?mail|mobile)(?: any more)?\b",
        r"\b(?:wrong (?:number|person|email|recipient|phone|contact|guy|lady|address)|(?:does not"
        r"|no longer) lives? here|(?:no one|nobody|no|not any) (?!one |body |more |need |time |point |problem "
        r"|longer )(?:\w+ )?here by that name|not my number|number (?:no longer|does not) belong\w*|numero equivocado"
        r"|persona equivocada|mauvais numero|nobody (?:named \w+|called \w+ (?:here|lives|at))|(?:got|have had"
        r"|just got|had|have) this (?:new )?(?:number|phone|sim)(?! is)|new (?:owner|number)|this is not (?:her|his"
        r"|their) (?:number|phone|e ?mail)|falsche nummer)\b",
        unless=(
            r"\b(?:gave|give|have|had|dialed|called) (?:you )?(?:the|my|a) wrong\b(?! (?:person|number <end>))",
            r"\bwrong number on|entered|correct number",
        ),
    ),
    phrase(
        "opt_out.wrong_number",
        r"<start>(?:sorry |hi |there is )?(?:there is )?no (?!one|body|more|need|time|point|space|parking|problem"
        r"|longer"
        r"|luck|room|pain|fever|bleeding|swelling|interest|argument|doubt|\w+s )\w+ (?:lives )?(?:here|at this"
        r" (?:number|address))<end>",
        r"\bwrong (?:#|no<end>)|\b(?:no ?one|nobody|no person) (?:by|with|of|called|named)<near>\bname\b"
        r"|\bthere is no [a-z]+ (?:here|at this)\b"
        rf"|\bthe wrong {_NOBODY}[a-z]+<end>|\byou (?:have|have got|got|reached|found)\b[^|]{{0,15}} the wrong"
        rf" {_NOBODY}[a-z]+ [a-z]+<end>",
        r"\b(?:number|phone|e ?mail|address|account|line|this is|got|have|reached) (?:is "
        r"|was )?(?:now )?(?:somebody|someone) elses(?! (?:prescription|x ?ray|results|bill|file|blood|record"
        r"|appointment|tooth|teeth|mouth|chart))|\b(?:meant|intended|supposed)<gap>\b(?:for )?(?:someone|somebody"
        r"|another (?:person|number)) ?(?:else)?\b|\b(?:this|the) (?:number|phone|e ?mail|address|line|account)<gap>"
        r"\bbelongs? to\b|\b(?:se equivoca|vous vous trompez|sie haben sich)\b|\b(?:yo )?no soy [a-z]+<end>"
        r"|\b(?:no (?:tiene|es|usa)) (?:este|ese|su|el) numero\b|\bje ne suis pas [a-z]+<end>"
        r"|\bpas de [a-z]+ ici\b|\baqui no (?:hay|vive)\b|\bsbagliato numero\b|\bnao (?:sou|conheco)\b"
        r"|\bich bin nicht (?:die |der )?(?:frau|herr)?\b<near><end>|\bkein\w* \w+ hier\b",
        r"\b(?:one|number|phone|line|address) is mine now\b|\b(?:there has been|must be|think there is) (?:a"
        r"|some) (?:mix ?up|mistake|confusion)\b<far>\b(?:name|never been|not (?:a|your)|wrong)\b|\bthis is (?:a"
        r"|the|my) (?:landline|work|business|office|company|shop|school|bakery|home)"
        r" ?(?:phone|number|line|e ?mail|address|for)\b|\bno longer represent\b|\b(?:write|text|send|direct"
        r"|contact)<near>\b(?:to )?(?:my|her|his|their) (?:daughter|son|wife|husband|guardian|mother|carer"
        r"|partner)\b<near>\b(?:from now on|not to me|instead)\b",
        r"\bnew phone (?:who|number)\b|\b(?:never (?:been|was|went)|not|am not|was never) (?:a|your|one of your) "
        r"(?:patients?|clients?|customers?)\b|\bnever heard of (?:you|this|your)\b|\bno (?:idea|clue) who\b"
        r"|\b(?:you )?(?:have|got|reached|texted|texting|messag\w+|e ?mail\w+|contact\w+|mixed)<near>\b"
        r"(?:the )?wrong (?:number|person|guy|lady|one|address|family|house|human|dude|girl|woman|man)\b",
        r"\b(?:do not|no longer) (?:own|use|have)<near>\b(?:number|phone|e ?mail|address|account)\b"
        r"|\bchanged (?:my )?(?:number|phone)\b<gap>\b(?:new|else|other)\b",
        r"\b(?:not|nicht) (?:the (?:right )?person (?:you|sie)|who you (?:think|are looking))\b"
        r"|\bfalsche (?:nummer|person)\b"
        r"|\bnumero (?:errado|sbagliato|incorrecto|equivocado)\b|\b(?:faux|mauvais|erreur de) numero\b",
        unless=(
            r"\b(?:my |the )?new (?:number|phone|e ?mail) is\b|\bnot a patient (?:person|man|woman)\b"
            r"|\bi (?:believed|thought|assumed) (?:the|that|this|your) (?:message|mail|text|e ?mail|letter)\b"
            r"|\bif i am not\b|\bcan i\b|\b(?:do|would|are) you\b|\bbecome\b",
        ),
    ),
    phrase(
        "opt_out.deceased",
        r"\b(?:passed away|(?<!that )(?<!this )(?<!it )(?<!be )(?<!get )passed on(?! to| my| the| your)"
        r"|(?:she|he|mother|father|mom|dad|mum|wife|husband) (?:has |just "
        r"|sadly )?passed(?! (?:out|by|the|his|her|it|along|me|you|a))|deceased|has died|died|is dead"
        r"|(?:is )?no longer alive|not alive any ?more"
        r"|no longer with us|fallecio|murio|est decedee?|esta muert\w|verstorben|gestorben|deceduto|morto"
        r"|falecid\w|faleceu|est morte?)\b",
        r"\b(?:my|our|his|her|the) late (?:wife|husband|mother|father|mom|mum|dad|son|daughter|brother|sister"
        r"|partner|aunt|uncle|grand\w+"
        r"|parents?)\b|\b(?:we|i) (?:buried|lost) (?:my|our|him|her)\b(?! (?:crown|filling|retainer|tooth|card"
        r"|number|phone|job|insurance|appointment))"
        r"|\bfuneral (?:was|is) (?:for )?(?:his|her|him|\w+s)\b|\bestate of\b",
        unless=(
            r"\b(?:phone|boiler|fridge|engine|laptop|washer|furnace|computer|wifi|plant|puppy|hamster|pet|battery"
            r"|tooth|nerve|dog|cat|car|laptop|computer|funeral|resched\w+|cancel\w*|postpone"
            r"|move my|can not make|implant|almost|nearly|died laughing|years ago)\b",
            r"\b(?:wallet|purse|budget|savings|tablet|screen|charger|signal|offer|deal|idea)(?: is| are| was| has| have"
            r"| just| all| both)* (?:dead|died)\b|\bdead in the water\b",
        ),
    ),
    phrase(
        "opt_out.erasure",
        r"\b(?:delete|erase|wipe|destroy|purge|forget|remove|supprim\w+|borr\w+|elimin\w+)<gap>\b(?:my|our|the|mis"
        r"|mes|personal|all) ?(?:personal |private |contact |donnees |datos |of my )*(?:data|information|info"
        r"|records?|account|details|file|profile|datos|donnees|everything)\b",
        r"<start>(?:please |now |then |so )?(?:delete|erase|remove) (?:it|this)(?: please| now)?<end>",
        r"\b(?:right to be forgotten|(?:right|request|request for|ask for|demand|want)(?: \w+){0,2} (?:erasure"
        r"|deletion)"
        r"|(?:erasure|deletion|removal) of (?:all )?(?:my|our|personal|any)|(?:gdpr|ccpa|rgpd|dsgvo"
        r"|dsar)\b<far>\b(?:delet"
        r"|eras|remov|supprim|loschung|suprim)\w+|(?:delet|eras|remov|supprim)\w+\b<far>\b(?:gdpr|ccpa|rgpd"
        r"|dsgvo))\b",
        r"\b(?:data|information|info|records?|details|profile|number|file|account)<near>\b(?:be "
        r"|to be )?(?:deleted|erased"
        r"|removed|wiped|destroyed|scrubbed)\b|\bloschen sie\b<gap>\bdaten\b|\bcancellate\b<gap>\bdati\b"
        r"|\bapag\w+\b<gap>\bmeus dados\b",
        r"\beverything you (?:hold|have)<gap>\b(?:deleted|erased|removed)\b",
        unless=(
            *FOOTER,
            r"\bdo you\b|\bin (?:error|mistake)\b|\b(?:was|were|got|why|did|who) (?:\w+ ){0,3}(?:deleted|erased"
            r"|removed)\b",
        ),
        negatable=True,
    ),
    phrase(
        "opt_out.erasure",
        r"\b(?:delete|erase|lose|forget|remove|scrub|block) (?:my|our|this) #|\bforget (?:that )?you (?:have|had"
        r"|know|ever)\b|\bclose (?:my|his|her|our|the) (?:file|account|record)s?\b"
        r"|\b(?:efface|supprime|suppression|effacement|loschung|cancellazione|supresion|eliminacion"
        r"|apagamento)\w* (?:de |di |der |meiner |dei |von )*(?:mes|mis|meiner|miei|meus|donnees|datos|daten|dati"
        r"|dados)\b"
        r"|\b(?:object|oppose|m oppose|widersprech\w*|me opongo)\b<gap>\b(?:use|processing|utilisation|traitement"
        r"|nutzung|verarbeitung|uso|tratamiento)\b",
        r"\b(?:delete|erase|lose|forget|remove|scrub|block) (?:this (?:number|address|e ?mail|contact)"
        r"|my (?:phone |cell )?(?:number|e ?mail|phone|contact|name|digits|address))\b",
        unless=(*FOOTER, *BOOKS),
        negatable=True,
    ),
)
