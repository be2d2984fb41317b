"""Automatic replies and delivery failures, told from the words where the headers are silent (trust.md 2.5)."""

import re

from app.domain.phrases import phrase

# Looked for in the whole message: somebody away who asks us something is a person.
_PERSON_ASKS = (
    r"\b(?:can|could|may|shall|should) (?:i|we|you)\b(?! (?:call|text) (?:you )?(?:back|later))|\b(?:book|put|fit"
    r"|sign) me\b|\bcome in\b|\bi would (?:like|love)\b|\bi want\b|\bwhen i (?:get|am) back\b|\b(?:my"
    r"|an) appointment\b|\b(?:is|are) (?:this|you)\b[^|]*\?"
    r"|\b(?:works|fine|good|ok) (?:for|with) (?:me|us)\b|\bbut yes\b|\bcount me in\b|\bsounds good\b"
    r"|\bany (?:day|weekday|time)\b"
    # Spanish, French, German
    r"|\b(?:puedo|podria|podemos|podriamos|tienen|quiero|quisiera|me gustaria|seria posible|les va)\b"
    r"|\b(?:est ce que|puis je|pourrais je|pouvez vous|je voudrais|je veux|j aimerais|je peux)\b"
    r"|\b(?:kann ich|konnte ich|konnen wir|geht (?:es|das|auch)|ich mochte|ich wurde gern|haben sie|ware es)\b"
)
AUTO_REPLY = (
    phrase(
        "auto_reply.service",
        r"\b(?:does not|can not|unable to) (?:accept|receive|process|support)(?: \w+)? (?:incoming )?(?:messages"
        r"|texts|sms|replies|calls)\b",
        r"\b(?:msg|message|messages|text|std)(?: and|&| ,)* ?data rates\b|\bmessage frequency\b"
        r"|\brates may apply\b|\breply help for\b",
        r"\b(?:thanks|thank you) for (?:texting|subscribing|joining|signing up|getting in touch|your (?:order"
        r"|purchase|enquiry|text))\b<wide>\b(?:reply|stop|we have"
        r"|will|within|visit|hours|someone|shortly)\b",
        r"\b(?:this|the) (?:number|line|mailbox|e ?mail address|account|inbox|service)<near>\b(?:not in service"
        r"|disconnected|no longer (?:active|in use|valid|monitored)|deactivated|only (?:sends|for sending))\b",
        r"\byou are chatting with\b|\btype \d (?:to|for)\b<far>\b\d (?:to|for)\b",
        r"\b(?:voice ?mail|mailbox|inbox)<near>\b(?:is )?full\b(?! of\b)|\b(?:verification|security|one time) (?:code"
        r"|passcode)\b|\bcode is \d{4,8}\b",
        unless=(r"\b(?:text me|i did not|why)\b",),
    ),
    phrase(
        "auto_reply.tagged",
        r"<start>(?:auto|automatic|automated|ooo|auto ?reply|autoresponse) ?(?:[,|]|reply|response)|, auto(?:mated"
        r"| ?reply|matic)? ?,|, (?:auto(?:mated| ?reply|matic)?|sent automatically)<end>|\bsent (?:automatically"
        r"|by auto\w*)\b",
    ),
    phrase(
        "auto_reply.says_so",
        r"\b(?:this is an? )?auto(?:mated|matic|matically)?(?: generated)? ?(?:reply|response|responder|message"
        r"|answer|e ?mail)\b",
        r"\bautomatisch\w* (?:antwort|abwesenheit\w*)\b|\brespuesta automatica\b|\breponse automatique\b",
        r"\bauto ?reply\b|\bmensaje automatico\b|\bmessage automatique\b|\bautomatisch (?:erstellt|generiert)\w*",
        unless=(
            r"\b(?:sorry|ignore|disregard|apolog\w+|you (?:got|received|must have)|perdon|desole\w*)\b"
            r"|\b(?:no|not an?) auto\w*",
        ),
    ),
    phrase(
        "auto_reply.challenge",
        r"\bcomplete<gap>\bverification\b|\badd yourself to my\b|\bguest list\b<gap>\bdelivered\b",
        r"\b(?:click|follow|use)<near>\blink\b<far>\b(?:verif\w+|confirm that you|prove|deliver\w*|authenticat\w+)\b",
        r"\b(?:cliquer|cliquez) sur le lien\b<far>\b(?:authentifi\w+|delivr\w+|valid\w+|confirm\w+)\b",
        r"\bprotecting myself from\b<near>\bjunk\b|\bhaga clic\b<gap>\benlace\b<far>\b(?:verific\w+|confirm\w+)\b",
    ),
    phrase(
        "auto_reply.out_of_office",
        r"\bout of (?:the |my )?office\b|\bfuera de (?:la )?oficina\b|\babsente?s? du bureau\b|\bnicht im buro\b",
        r"\babwesend\b",
        r"\b(?:annual|maternity|paternity|parental|sick|medical|family|study) leave\b<far>\b(?:back|return\w*"
        r"|until|respond|reply|till)\b",
        r"\b(?:on|away on) (?:vacation|holiday|leave|pto)\b<far>\b(?:back|return\w*|until|respond|reply|till"
        r"|limited|access)\b",
        r"\blimited access to (?:my )?e ?mail\b",
        r"\b(?:no|without|limited|little) access to (?:my )?(?:e ?mails?|messages|internet)\b",
        r"\bwill (?:respond|reply|answer|get back)[^|]{0,40}\b(?:when|once|upon|after|on my) (?:i |my )?(?:return"
        r"|am back|get back)\b",
        r"\bno longer (?:work|works|employed|with)(?:ing)? (?:at|for|here|the company)\b|\ben conge\b<far>\bjusqu",
        r"\bestoy de vacaciones\b<far>\bhasta\b|\b(?:bin|wieder)\b<far>\b(?:nicht|ausser|wieder"
        r"|zuruck)<near>\b(?:im|in|dem|am) (?:buro|haus|amt)\b|\bnicht im (?:buro|haus)\b|\bim urlaub\b"
        r"|\bin ferie\b|\bfuori (?:ufficio|sede)\b"
        r"|\bfora do escritorio\b|\bestou de ferias\b|\ben vacaciones\b<far>\b(?:hasta|regres\w+)\b|\b(?:en"
        r"|de) (?:conges?|vacances)\b<far>\b(?:jusqu|retour)\b|\babsent\w*<far>\bjusqu",
        r"\b(?:i am|i will be|we are|currently|presently) (?:away|ooo|off|on pto|traveling|travelling|abroad"
        r"|offline|unavailable|on leave|on sabbatical)\b<far>\b(?:return\w*|back (?:on|in|at|by)|until|respond"
        r"|reply|contact|urgent)\b",
        r"\b(?:for|in) (?:urgent|immediate)<near>\b(?:matters?|issues?|assistance|attention|help"
        r"|requests?)\b<gap>\b(?:contact|call|e ?mail|reach|text)\b|\bif (?:this|it) is urgent\b|\bif urgent\b",
        unless=(r"\b(?:apologies for|sorry (?:for|about)|ignore|disregard) (?:the|my|that)<near>\bout of office\b",),
    ),
    phrase(
        "auto_reply.unmonitored",
        r"\b(?:mailbox|inbox|address|account|number|line)\b<near>\b(?:not|no longer|un) ?(?:being )?(?:monitored"
        r"|checked|in use|attended)\b",
        r"\bdo not reply to this\b|\bunmonitored\b",
    ),
    phrase(
        "auto_reply.receipt",
        r"\byour (?:message|e ?mail|request|inquiry) (?:has been|was) received\b|\ba member of our team will\b",
        r"\bwithin \d+ (?:business|working) (?:days|hours)\b",
        r"\bthank you for (?:contacting|your (?:message|e ?mail|inquiry|enquiry|interest)|reaching out|calling"
        r"|e ?mailing|writing)\b[^$]{0,200}\b(?:we will|will (?:get back|respond|reply|be in touch)|within \d+"
        r"|not monitored|ticket|business (?:hours|days)|a member of our)\b",
        r"\bwe have received your (?:message|e ?mail|request|inquiry)\b",
        r"\b(?:respond|reply|answer)<gap>\b(?:during|within) (?:our )?(?:business|office|working|opening)\b",
        r"\b(?:direct|forward|send|address) (?:all |any )?(?:enquiries|inquiries|messages|mail) to\b",
        r"\b(?:ticket|case|request)\b<gap>\b(?:has been|was) (?:created|opened|received|logged)\b",
    ),
    phrase(
        "auto_reply.phone",
        r"<start>(?:sorry , )?i? ?can not talk (?:right )?now\b",
        r"\bi am driving (?:with|right now|at the moment|and)\b|\bdriving with focus\b",
        r"\bi will see your message when\b|\bnotifications (?:are )?silenced\b|\bnot receiving notifications\b",
        r"\bi am driving<end>|\bi am (?:currently |presently )?(?:in a meeting|driving|on another call|at work"
        r"|with a client|away from my (?:phone|desk)|asleep|in class"
        r"|unavailable)\b<gap>\b(?:call|text|reply|get back|respond|talk|message)\b<near>\b(?:later|soon|back|when"
        r"|you|after)\b",
        r"\bsorry i missed (?:your|the) (?:call|text|message)\b|\bcall (?:you )?back later\b"
        r"|\bdo not disturb\b<gap>\b(?:on|while|driving)\b|\bdriving focus\b|\bsleep mode\b",
    ),
)
AUTO_REPLY_UNLESS = re.compile(_PERSON_ASKS)
AUTO_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|sv)\s*:\s*)?(?:\[?auto(?:matic|mated)?[\s\-_]*(?:reply|response|answer)|autoreply"
    r"|out of (?:the )?office|ooo\b|away from|abwesen|automatische antwort|respuesta autom"
    r"|fuera de (?:la )?oficina|r[eé]ponse automatique|absence du bureau|absent du bureau|vacation (?:reply"
    r"|response)|i am (?:currently )?(?:away|out))",
    re.IGNORECASE,
)
BOUNCE_SUBJECT = re.compile(
    r"^\s*(?:undeliver|delivery status notification|mail delivery (?:fail|sub|system)|returned mail|failure notice"
    r"|delivery (?:has )?fail|non remis|mail system error|message not delivered|no entregado|unzustellbar)",
    re.IGNORECASE,
)
# Over the raw text in lower case: codes keep their dots.
BOUNCE_TEXT = re.compile(
    r"delivery (?:has |to the following recipients? )?failed|(?:message|mail|email) (?:could not|couldn't|was not"
    r"|wasn't) be(?:en)? delivered|wasn't delivered to|was not delivered to|address not found"
    r"|recipient address rejected|\buser unknown\b|no such user|\b5[05]\d[ -]5\.\d\.\d|undeliverable: "
    r"|mailbox unavailable|delivery status notification|reporting-mta|final-recipient"
)
DELIVERED_TEXT = re.compile(
    r"(?:was|been) successfully (?:delivered|relayed)|delivery to these recipients is complete"
    r"|\baction: (?:delivered|relayed|expanded)\b|erfolgreich zugestellt|a bien ete (?:remis|distribue)"
)
