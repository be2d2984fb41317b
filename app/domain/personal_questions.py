"""Questions that only a person may answer: about somebody's own account, body or file (agent.md section 1). Pure.

They sound like questions about the clinic, and articles hold the same words: "When is my second instalment due?".
"""

import re

from app.domain.phrases import compile_words, normalise

_MINE = (
    r"(?:balance|bill|bills|invoice|invoices|claim|claims|account|results?|statement|refund|payment|payments|benefits"
    r"|estimate|cost plan|treatment plan|deductible|copay|co pay|diagnosis|prescription|instal+ments?|deposit|coverage"
    r"|last visit|(?:next |upcoming |following |second |first |third |\w+ ){0,2}(?:appointment|appt|booking"
    r"|instal+ment|visit))"
)
_RELATIVE = (
    r"(?:husband|wife|mother|father|mom|mum|dad|son|daughter|sister|brother|friend|neighbou?r|boss|ex|girlfriend"
    r"|boyfriend|partner|roommate|coworker|colleague|aunt|uncle|grand\w+|kid|child|cousin)s?"
)
_BODY = (
    r"(?:tooth|teeth|gums?|jaw|mouth|tongue|cheek|implant|crown|filling|bridge|denture|stitches|socket|trays?|veneer"
    r"|braces|molar)"
)
_DRUGS = (
    r"(?:ibuprofen|antibiotics?|amoxicillin|penicillin|paracetamol|tylenol|aspirin|advil|pain ?killers?|blood thinners?"
    r"|warfarin|inhaler|insulin|blood pressure|medications?|medicines?|tablets|pills)"
)
_OWN_ACCOUNT = compile_words(
    rf"\b(?:is|are|was|were|has|have|did|does|when|when will|where|what|whats|why|how much|will"
    rf"|do i)\b<near>\bmy {_MINE}\b"
    rf"(?!<gap>\b(?:online|portal)\b)|\b(?:i|we) (?:still |currently )?(?:owe|owed)\b|\bdid (?:u|you"
    rf"|they) (?:charge|bill|send|get"
    r"|receive)<near>\b(?:me|my|mine)\b|\b(?:was|been|am) (?:i )?(?:over)?(?:charged|billed) (?:twice|again|for"
    r"|double)|\bmy (?:statement|account|balance) (?:shows?|says?|is)\b|\bwas i (?:charged|billed)\b|\b(?:charged"
    r"|billed) me\b"
    r"|\bam i (?:still )?(?:booked|due|registered|overdue|on (?:the|your) list|confirmed|scheduled|insured|covered)\b"
    r"|\b(?:have|has|did) (?:u|you|they)<near>\b(?:got|received?|get|find|found|sent|send|process\w*)\b<near>\bmy\b"
    r"|\b(?:did|will|has|does|would|when will) my (?:insur\w+|plan|coverage|health insur\w+)<gap>\b(?:pay|paid"
    r"|cover|covers|approve"
    r"|approved|reject|rejected|refuse|reimburse)"
    r"|\bwhat did<gap>\b(?:say|find|write|see)\b|\bdo i (?:still )?have an? (?:appointment|booking|balance)\b"
    r"|\bhow much (?:have i|did i|do i (?:still )?owe|is left)\b|\bwhen (?:was|am) i\b|\bwhat time am i\b"
    r"|\b(?:did|has|have|is) my (?:\w+ ){1,3}(?:go|gone|come|came|arrived?|been|get|got) ?(?:through|in|back"
    r"|received|there)?\b"
    r"|\bmy (?:x ?rays?|scan|results?|chart|file|records?) (?:show|say|look|ready|back)\b"
    r"|\b(?:is|are|was)<near>\bmy<gap>\b(?:paid|approved|back from|ready|due|billed|sent)\b"
)
_ASKS_HOW_TO = re.compile(
    r"\b(?:can|may|must|should|could|would|to) (?:i |we )?(?:change|cancel|move|pay|see|view|get|book|send)\b"
)
_OTHERS = compile_words(
    rf"\b(?:one of your patients|your patient|a patient (?:of yours|with you|here|there)|patients? (?:named|called))\b"
    rf"|\b(?:is|was|has|did|does|when|what time|whether|if) (?:is |does |has )?(?:my |our "
    rf"|the )?{_RELATIVE}<gap>\b(?:a patient|appointments?"
    r"|booked|been (?:seen|in|booked)|comes? to you|coming in|seen|treated|due|still a)\b"
    rf"|\b(?:my|our) {_RELATIVE}\b<wide>\b(?:when (?:she|he|they) (?:has|have|is|are)|what (?:she|he) (?:gave|said"
    rf"|has)|are they|is (?:she|he)) "
    r"(?:\w+ )?(?:coming|booked|in|due|gave|her|his|them)\b"
    rf"|\bwhat time is my {_RELATIVE}\b|\bwhen is my {_RELATIVE}\b"
    rf"|\b(?:when|what time|where) is (?:my|our|her|his) (?:\w+ )?{_RELATIVE} (?:in|next|due)\b"
    r"|\b(?:my|our) (?:daughters|sons|husbands|wifes|mothers|fathers|kids|childs) (?:next |last )?(?:appointment"
    r"|results?|bill|balance)\b"
    r"|\b(?:mr|mrs|ms|miss|frau|herr) \w+<gap>\b(?:a patient|comes? to you|your patients|been in|booked)\b"
)
_CLINICAL = compile_words(
    r"\b(?:is|are) (?:it|this|that|these|they)<near>\b(?:normal|dangerous|bad|serious|infected|healing|contagious"
    r"|safe)\b"
    rf"|\b(?:should|shall|can|may|could|do) i<near>\b(?:take|use|have|stop|mix|need|continue)\b<gap>\b{_DRUGS}\b"
    rf"|\b{_DRUGS}\b<gap>\b(?:before|after|with|ok|okay|safe|together)\b|\b(?:ok|okay|safe|alright|fine"
    rf"|all right) (?:with|for|to take)<gap>"
    rf"\b(?:{_DRUGS}|asthma|heart|pacemaker|diabetes|condition|allerg\w+)\b"
    r"|\b(?:breast ?feeding|while pregnant|if i am pregnant|i am (?:\w+ ){0,4}pregnant)\b"
    r"|\b(?:tender|sore|numb|swollen|loose|sensitive|bleeding)\b<far>\b(?:normal|worr\w+|ok|okay|bad)\b"
    rf"|\bmy (?:\w+ )?{_BODY} (?:\w+ )?(?:feels?|hurts?|bleeds?|aches?|throbs?|smells?|is (?:loose|swollen|infected"
    rf"|bleeding|white|black|red"
    r"|sore|numb|throbbing)|are (?:loose|swollen|infected|bleeding|sore|cracked))\b"
    r"|\b(?:pus|abscess|infection|smells?|swollen|bleeding|bleed)\b<far>\b(?:what|should|normal|why|do i|is this"
    r"|can i)\b"
    r"|\bwhat (?:should|can) i do\b<gap>\b(?:pain|bleeding|swelling)\b|\bwhy (?:is|are|does|do) my\b"
    r"|\bdo you think (?:i|it|this|my)\b"
    r"|(?<!does )(?<!will )(?<!do )\b(?:it|they|this) (?:smells?|hurts?|bleeds?|throbs?|aches?|tastes?|stings?)\b"
    r"|\bshould i (?:be worried|worry|wait|pull|remove)\b|\bwhat is wrong with\b"
)


def is_personal(question: str) -> bool:
    """Whether a message asks about the patient's own account or body, or about another person."""
    body = normalise(question)
    own = _OWN_ACCOUNT.search(body)
    if own and not _ASKS_HOW_TO.search(own[0]):
        return True
    return any(rule.search(body) for rule in (_OTHERS, _CLINICAL))
