"""Wordings that no text of a language provider may hold: clinical advice, pressure, promises, begging for secrets.

A line of the table is matched against lower-case text without accents and with digits for number words. A wording that
is not `always` refused may stand in a text when the sources hold the very same words.
"""

import re
from dataclasses import dataclass

DRUGS = (
    r"(?:ibuprofen[oe]?|advil|motrin|nurofen|tylenol|paracetamol|acetaminophen|aspirins?|aspirina|amoxicillin[ae]?"
    r"|clindamycin|penicillin\w*|antibiotics?|antibioticos?|antibiotiques?|codeine|tramadol|naproxen|aleve|vicodin"
    r"|percocet|oxycodone|painkillers?|pain (?:killers?|meds?|relievers?)|analgesicos?|antidouleurs?|doliprane"
    r"|blood thinners?|anticoagulants?|warfarin|benzocaine|orajel|clove oil|chlorhexidine|hydrogen peroxide)"
)
_MEDICINE = (
    rf"(?:{DRUGS}|medicines?|medications?|meds|tablets?|pills?|capsules?|drops|pastillas?|comprimes?|medicamentos?)"
)
ILLS = (
    r"(?:infections?|infected|abscess(?:es)?|cavit(?:y|ies)|caries|decay|gum disease|gingivitis|periodontitis"
    r"|fractures?"
    r"|cracked|dry socket|nerve damage|pulpitis|tmj|tmd|cancer|sepsis|infeccion|absceso|flemon|infection|abces|carie)"
)
_CARE = r"(?:root canal|extraction|filling|crown|implant|antibiotics?|surgery|x-?rays?|biopsy|denture|deep cleaning)"
_OWN = r"(?:appointment|visit|booking|claim|refund|account|balance|insurance|plan|record)"
_SETTLED = (
    r"(?:(?:re)?booked|confirmed|moved|changed|cancell?ed|(?:re)?scheduled|set|approved|covered|accepted|paid|refunded|on"
    r"|at|for|updated|deleted|reserved|reservad\w+|confirmad\w+|cancelad\w+|aprobad\w+|cambiad\w+|pagad\w+|reservee?"
    r"|confirmee?|annulee?|deplacee?|payee?|acceptee?)"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One line: the rule that it breaks, and whether the sources can excuse it."""

    rule: str
    pattern: re.Pattern[str]
    always: bool


def _line(rule: str, *wordings: str, always: bool = False) -> Wording:
    return Wording(rule, re.compile("|".join(wordings)), always)


WORDINGS: tuple[Wording, ...] = (
    _line(
        "dosage",
        r"\b\d+(?:[.,]\d+)? ?(?:mg|milligram\w*|miligramos?|mcg|microgram\w*|grams? of|ml|milliliters?|iu)\b",
        r"\b\d+ (?:tablets?|pills?|capsules?|drops|pastillas?|comprimes?|doses?)\b",
        rf"\b(?:take|taking|took|swallow|use|tome|tomar|toma|prenez|prendre|prends)\b[^.!?\n]{{0,40}}\b{_MEDICINE}\b",
        rf"\b(?:stop|skip|keep|continue|start|increase|double|halve|deje de) (?:taking |tomar )?(?:your |the "
        rf"|su )?{_MEDICINE}\b",
        always=True,
    ),
    _line(
        "clinical_advice",
        rf"\byou(?:'re| are|'ve)? (?:\w+ ){{0,3}}(?:have|has|had|got|having|suffer\w*|developing)? ?(?:from )?"
        rf"(?:an? |the |some )?(?:\w+ ){{0,2}}{ILLS}\b",
        rf"\b(?:it|that|this)(?:'s| is| sounds| looks| seems| could be| may be| might be| must be)(?: like)? "
        rf"(?:\w+ ){{0,3}}{ILLS}\b",
        r"\b(?:nothing|no need|no reason) to worry|\bnot (?:serious|an emergency|dangerous)\b|\bharmless\b",
        r"\b(?:it|that|this|which)(?:'s| is) (?:\w+ )?(?:normal|safe|fine|ok|okay)\b",
        r"\b(?:can|could|will) wait (?:until|till|a few|for)\b",
        rf"\byou (?:do not|don't|won't|will not|will|may|might|would|probably|definitely)? ?(?:need|require) "
        rf"(?:an? |the |any )?{_CARE}\b",
        r"\byou (?:do not|don't|won't) need (?:to (?:see|come|visit|worry)|treatment|an? (?:dentist|doctor"
        r"|appointment))",
        r"\bmy diagnosis\b|\bdiagnos(?:e|ed|is is)\b|\bprescri(?:be|bed|bing|ption for you)\b",
        r"\b(?:usted )?(?:tiene|padece) (?:una? )?(?:infeccion|absceso|caries|flemon)\b|\bno es grave\b",
        r"\bno necesita (?:venir|tratamiento|ver|una? )|\bno se preocupe\b",
        r"\bvous (?:avez|souffrez d) ?(?:une?|e|'une?)? ?(?:infection|abces|carie)\b|\b(?:ce )?n'est pas grave\b",
        r"\bne vous inquietez pas\b|\bvous n'avez pas besoin d\w* (?:venir|traitement|consulter)",
    ),
    _line(
        "clinical_advice",
        rf"\b{DRUGS}\b",
        r"\b(?:cancer|tumou?rs?|hiv|hepatitis|sepsis|malignant|benign)\b",
        r"\b(?:tests?|results?|scans?|biops(?:y|ies))\b[^.!?\n]{0,20}\b(?:positive|negative|abnormal|clear)\b",
        r"\b(?:gargle|rinse (?:with|your)|apply (?:ice|pressure|a)|cold compress|ice pack|warm salt|salt ?water)\b",
        r"\bsafe (?:for you )?(?:to|during|while)\b|\bavoid (?:eating|drinking|hot|cold|hard|smoking|brushing"
        r"|alcohol)\b",
        r"\benjuag\w+ con\b|\bcompresas? fri\w+\b|\bbains? de bouche\b|\bcompresses? froides?\b",
    ),
    _line(
        "pressure",
        r"\bact (?:now|fast|today|quickly)\b|\bhurry\b|\blast chance\b|\bfinal (?:notice|reminder|warning|call)\b",
        r"\blimited[- ](?:time|offer|spots|places|availability)\b|\bwhile (?:they|it|supplies|places|spots) last",
        r"\bonly (?:\d+|a few|\w+) (?:\w+ )?(?:left|remaining)\b|\b(?:filling up|going fast|selling out|running out)\b",
        r"\b(?:expires?|expiring)\b|\boffer ends\b|\bdeadline\b|\bbefore it(?:'s| is) too late\b|\btoo late\b",
        r"\b(?:do not|don't|never) (?:miss|wait|delay|ignore)\b|\btoday only\b|\bnow or never\b"
        r"|\bbook (?:right )?now or\b",
        r"\bmust (?:book|reply|answer|act|respond|call|pay|come)\b|\bor (?:else|you (?:will|may|could) (?:lose|be))\b",
        r"\b(?:you|your \w+) (?:could|will|may|might|would|risk) (?:lose|losing)\b|\bserious (?:damage"
        r"|consequences|harm)\b",
        r"\burgent(?:ly|e|emente)?\b|\boverdue\b|\bpermanent(?:ly)? (?:damage|lose)\b",
        r"\b(?:date prisa|dese prisa|ultima oportunidad|ultimo aviso|no espere|antes de que sea tarde|solo hoy)\b",
        r"\b(?:plazas limitadas|caduca|depechez|derniere chance|dernier (?:rappel|avis)|n'attendez (?:pas|plus))\b",
        r"\b(?:avant qu'il ne soit trop tard|places limitees|offre limitee|expire)\b",
    ),
    _line(
        "promise",
        r"\b(?:we|i|someone|somebody|they|team|office|dentist|doctor|hygienist)(?: will| shall|'ll"
        r"| are going to|'re going to)"
        r" (?:\w+ )?(?:call|phone|ring|text|visit|refund|reimburse|waive|hold|reserve|keep|save|match|deliver"
        r"|send|cover)\b",
        r"\bguarantee[ds]?\b|\bgarantiza\w*\b|\bgaranti(?:e|s|ssons)?\b|\b(?:i|we) promise\b|\bprometemos\b"
        r"|\bpromettons\b",
        r"\byou(?:'re| are| have been| were) (?:now |all |already )?(?:booked|confirmed|scheduled|approved"
        r"|eligible|covered"
        r"|registered|refunded)\b",
        r"\b(?:i|we)(?:'ve| have|'m| am|'re| are)? (?:just |now |already )?(?:booked|booking|scheduled|reserved"
        r"|cancelled"
        r"|canceled|confirmed|refunded|moved|updated|deleted|approved|waived)\b",
        r"\b(?:your|the|my) (?:\w+ )?status\b|\bsu estado\b|\bvotre statut\b",
        rf"\byour (?:\w+ )?{_OWN}(?: is| has been| was| will be|'s) (?:\w+ )?{_SETTLED}\b",
        rf"\b(?:su|tu) (?:cita|visita|reserva|cuenta|seguro) (?:esta|ha sido|fue|queda) (?:\w+ )?{_SETTLED}\b",
        rf"\bvotre (?:rendez-vous|visite|compte|assurance) (?:est|a ete|sera) (?:\w+ )?{_SETTLED}\b",
        r"\ble llamaremos\b|\breembols\w+\b|\b(?:nous )?vous (?:appellerons|rappellerons)\b",
        r"\brembours\w+\b|\brefund(?:s|ed|able)?\b",
    ),
    _line(
        "price_not_in_sources",
        r"\b(?:complimentary|gratis|gratuit\w*|on the house|half[- ]price|half off|discount\w*|descuento\w*"
        r"|remises?)\b",
        r"\b(?:waive[ds]?|coupon|voucher|promo(?:tion)? codes?|cash ?back|rebates?|no (?:extra )?(?:charge|cost"
        r"|fee)s?)\b",
        r"\b(?:sin (?:costo|coste|cargo)|sans frais|reduction de|offert\w*)\b|\bfree of charge\b|\bfor nothing\b",
    ),
    _line(
        "begs_for_secrets",
        r"\b(?:send|give|tell|share|provide|reply|answer|text|enter|type|confirm|verify|need|e-?mail"
        r"|read)\b[^.!?\n]{0,40}\b"
        r"(?:card (?:number|details)|credit card|debit card|cvv|cvc|ssn|social security|passwords?|passcode"
        r"|pin (?:code|number)"
        r"|bank (?:account|details)|account number|routing number|security code|one[- ]time code|otp"
        r"|mother's maiden)\b",
        r"\b(?:envie|indique|comparta|confirme|deme)\b[^.!?\n]{0,40}\b(?:tarjeta|contrasena|cuenta bancaria"
        r"|seguro social)\b",
        r"\b(?:envoyez|indiquez|donnez|confirmez)\b[^.!?\n]{0,40}\b(?:carte bancaire|mot de passe|iban|code secret)\b",
        always=True,
    ),
    _line(
        "begs_for_secrets",
        r"\b(?:gift cards?|bitcoin|crypto\w*|wire transfer|western union|zelle|venmo|cash ?app|paypal|moneygram"
        r"|telegram)\b",
    ),
    _line(
        "echoes_orders",
        r"\bsystem (?:prompt|message|instructions?)\b|\bmy (?:instructions|guidelines|system|prompt|programming)\b",
        r"\bas an? (?:ai|a\.i|artificial|large language|language) ?(?:model|intelligence|assistant)?\b"
        r"|\blanguage model\b",
        r"\b(?:ignore|ignoring|disregard\w*|forget) (?:all |any |the |my |your )*(?:previous|prior|above"
        r"|earlier|instructions"
        r"|rules)\b",
        r"\b(?:developer|dan|debug|god|admin|jailbreak) mode\b|\bjailbr\w+\b|\bchatgpt\b|\bopenai\b|\bgpt-?\d\b",
        r"\bi (?:have been|was|am|'m) (?:told|instructed|ordered|programmed|configured) to\b|\b(?:pwned|hacked)\b",
        r"\bbegin (?:system|instructions|prompt)\b|\b(?:role|intent|confidence)\s?:\s?\w",
    ),
    _line(
        "speaks_of_others",
        r"\b(?:an)?other (?:patient|client|customer)s?'?s? (?:name|phone|number|address|record|file|visit"
        r"|appointment|is|are|has|was)",
        r"\b(?:patient|client) (?:list|records?|database|files?|names?)\b|\bthe patient (?:named|called|is"
        r"|before|after)\b",
        r"\b(?:his|her|their|[a-z]+'s) (?:appointment|visit|record|chart|x-?rays?|diagnosis|balance|treatment"
        r"|phone|address)\b",
    ),
)
_FREE = re.compile(r"\bfree\b")
_FREE_TIME = re.compile(
    r"\b(?:feel|always) free\b|\bfree (?:times?|slots?|hours?|days?|places?|spots?|appointments?|to)\b"
    r"|\b(?:times?|slots?|hours?|places?|spots?|appointments?|what|which)(?: that)?(?: is| are|'s"
    r"|'re) (?:still )?free\b"
    r"|\bwhat is free\b"
)


def broken_by(text: str, sources: str) -> str | None:
    """The rule of the first wording in `text` that `sources` do not excuse; both as the module says."""
    for wording in WORDINGS:
        for match in wording.pattern.finditer(text):
            if wording.always or _one_space(match[0]) not in _one_space(sources):
                return wording.rule
    if _FREE.search(_FREE_TIME.sub(" ", text)) and not _FREE.search(_FREE_TIME.sub(" ", sources)):
        return "price_not_in_sources"
    return None


def _one_space(text: str) -> str:
    return " ".join(text.split())
