"""Which lines of a mail no person typed: signatures, small print, warnings of the mail system (agent.md section 2)."""

import re
from collections.abc import Sequence

MAX_LINE = 600

_DELIMITER = re.compile(r"^\s{0,3}(?:--|—)\s{0,3}$")
_DEVICE = (
    r"iphone|ipad|ipod|apple|galaxy|samsung|android|blackberry|windows|outlook|yahoo|proton|gmail|aol|hotmail"
    r"|phone|tel[ée]fono|m[óo]vil|mobile|handy|smartphone|t[ée]l[ée]phone|tablet|pixel|huawei|xiaomi|redmi|oneplus"
    r"|motorola|device|mail|icloud|verizon|superhuman|spark|hey"
)
_SENT_FROM = re.compile(
    r"^\W{0,3}(?:sent (?:from|via|with|using)|get|gesendet (?:von|mit)|von meinem|diese nachricht wurde von meinem"
    r"|envoy[ée] (?:de|depuis|avec|[àa] partir)|enviado (?:desde|con|a trav[ée]s)|t[ée]l[ée]charger|descarga|obtener"
    rf"|inviato da|verzonden (?:met|vanaf)|enviado do)\b[^,:?]{{0,40}}\b(?:{_DEVICE})\b"
    r"(?!.{0,40}\b(?:was|is|i)\b).{0,60}$",
    re.I,
)
_ADVERT = re.compile(
    r"^\W{0,3}(?:yahoo mail ?:.{0,60}|.{1,80} reacted via gmail|<https?://[^<>\s]{1,200}>"
    r"|(?:sent|secured) with \W?proton ?mail.{0,40}|virus-?free\b.{0,60})$",
    re.I,
)
_LINKS = re.compile(r"^(?=(?:[^|]*\|){2})(?=.*\b(?:unsubscribe|report abuse|privacy policy|view in browser)\b)", re.I)
_BANNER = re.compile(
    r"^\W{0,4}(?:(?:caution|warning|external(?: e-?mail| sender)?|achtung|attention|atenci[óo]n)\b\W{0,4})?.{0,60}"
    r"\b(?:originated|originates|came|comes|coming) from outside\b|^\W{0,4}external(?: e-?mail| sender)?\W{0,4}$"
    r"|^\W{0,4}you don['’]t often get e?-?mail from\b|^\W{0,4}do not click (?:on )?(?:any )?links\b",
    re.I,
)
_SMALL_PRINT = re.compile(
    r"^\W{0,4}(?:(?:confidentiality|legal|privacy)(?: (?:and|&) \w{1,20})? (?:notice|note|disclaimer|statement)\b"
    r"|disclaimer\b\s?:|confidential\w{0,6}\s?:|aviso (?:legal|de confidencialidad|de privacidad)\b"
    r"|(?:avis|clause) de confidentialit[ée]\b|vertraulichkeitshinweis\b|rechtlicher hinweis\b"
    r"|(?:this|the) (?:e-?mail|message|communication|transmission|information)\b.{0,160}"
    r"\b(?:confidential|privileged|intended (?:only|solely|for)|checked for viruses|virus-free)"
    r"|(?:diese|die) (?:e-?mail|nachricht)\b.{0,160}\b(?:vertraulich|rechtlich gesch[üu]tzt)"
    r"|ce (?:message|courriel|mail|courrier)\b.{0,160}\b(?:confidentiel|exclusi)"
    r"|este (?:mensaje|correo)\b.{0,160}\b(?:confidencial|exclusivamente|dirigid)"
    r"|please consider the environment\b|avast antivirus\b)",
    re.I,
)
_CLOSING = re.compile(
    r"^\W{0,3}(?:(?:kind|best|warm|with) )?(?:regards|wishes|sincerely|cheers|many thanks|thanks|thank you|best"
    r"|mit freundlichen gr[üu](?:ß|ss)en|freundliche gr[üu](?:ß|ss)e|(?:viele|liebe) gr[üu](?:ß|ss)e|mfg|cordialement"
    r"|bien [àa] vous|salutations|saludos(?: cordiales)?|atentamente|un saludo)\W{0,3}$",
    re.I,
)
_CONTACT = re.compile(
    r"^\W{0,3}(?:[tmpfe]|tel|phone|mobile|cell|fax|office|direct|web|e-?mail|tel[ée]fono|m[óo]vil|t[ée]l|portable|mobil"
    r"|telefon)\s?[.:]|\bwww\.\S|\S \| \S|https?://",
    re.I,
)
_POSTSCRIPT = re.compile(r"^\W{0,3}p\.? ?s\.?\b", re.I)
_REACH = 10


def starts_signature(lines: Sequence[str], at: int) -> bool:
    """From this line on, nobody typed anything: a delimiter, small print, or the block under a name."""
    line = lines[at][:MAX_LINE]
    if _DELIMITER.match(line) or _SMALL_PRINT.match(line):
        return True
    return _is_under_a_name(lines, at)


def ends_signature(line: str) -> bool:
    """A postscript is the person again."""
    return bool(_POSTSCRIPT.match(line[:MAX_LINE]))


def is_added(line: str) -> bool:
    """One line that a phone, a provider or the mail system put in."""
    text = line[:MAX_LINE]
    return bool(_SENT_FROM.match(text) or _ADVERT.match(text) or _BANNER.match(text) or _LINKS.match(text))


def _is_under_a_name(lines: Sequence[str], at: int) -> bool:
    """The third line of "Kind regards / Anna / Buyer | Imports Ltd.", where contact data follow."""
    above = [line.strip() for line in lines[max(0, at - 4) : at] if line.strip()]
    if len(above) < 2 or not _CLOSING.match(above[-2][:MAX_LINE]) or len(above[-1]) > 60 or not lines[at].strip():
        return False
    return any(_CONTACT.search(line[:MAX_LINE]) for line in lines[at : at + _REACH])
