"""Automatic replies and delivery failures, told from the words where the headers are silent (trust.md 2.5)."""

import re

from app.domain.phrases import phrase

# Looked for in the whole message: somebody away who asks us something is a person.
_PERSON_ASKS = (
    r"\b(?:can|could|may|shall|should) (?:i|we|you)\b(?! (?:call|text) (?:you )?(?:back|later))|\b(?:book|put|fit"
    r"|sign) me\b|\bcome in\b|\bi would (?:like|love)\b|\bi want\b|\bwhen i (?:get|am) back\b|\b(?:my"
    r"|an) appointment\b|\b(?:is|are) (?:this|you)\b[^|]*\?"
)
AUTO_REPLY = (
    phrase(
        "auto_reply.says_so",
        r"\b(?:this is an? )?auto(?:mated|matic|matically)?(?: generated)? ?(?:reply|response|responder|message"
        r"|answer|e ?mail)\b",
        r"\bautomatisch\w* (?:antwort|abwesenheit\w*)\b|\brespuesta automatica\b|\breponse automatique\b",
        r"\bauto ?reply\b",
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
        r"\bestoy de vacaciones\b<far>\bhasta\b",
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
        r"\bi am driving<end>",
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
SOFT_BOUNCE = re.compile(
    r"\bdelayed\b|temporar|will (?:retry|keep trying)|mailbox (?:is )?full|over quota|quota exceeded"
    r"|try again later|\bstatus: 4\.|(?<![\d.])4\.\d{1,3}\.\d{1,3}(?![\d.])"
)
HARD_BOUNCE = re.compile(
    r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])|\b55\d\b|unknown|not found|does(?: not|n't) exist|no such user"
    r"|rejected|fail|undeliverable|disabled|invalid"
)
