"""Where an older message begins, and which lines are signature or small print: the marks of the mail programs.

English, Spanish, French, German, and the neighbours that cost one word each (agent.md section 4, type 1). Every
pattern is bounded: it runs over one line, or over a few joined ones.
"""

import re
from collections.abc import Sequence

MAX_LINE = 600
_ATTRIBUTION_LINES = 4
_HEADER_LINES = 9

_ATTRIBUTION = re.compile(
    r"^[-\s]{0,8}(?:on|le|el|am|den|il|em|op)\b.{2,400}?[\s>)\]]\s?(?:wrote|a [ée]crit|escribi[óo]|schrieb|ha scritto"
    r"|escreveu|schreef)\b(?P<tail>[^:]{0,120}?)(?:\s?:|\s?-{2,})(?P<after>.*)$",
    re.I,
)
_BY_ADDRESS = re.compile(
    r"^.{0,200}<[^<>\s]{1,100}@[^<>\s]{1,200}>,?\s?(?:wrote|schrieb|escribi[óo]|a [ée]crit)\s?:", re.I
)
_ANY_LANGUAGE = re.compile(
    r"^(?=.{0,300}(?:\d{4}|\d[:.]\d\d)).{4,300}<[^<>\s]{1,100}@[^<>\s]{1,200}>\s?[^\s:]{0,20}\s?:\s*$"
)
"""A date, an address, perhaps one word, a colon: "4 dec. 2024 kl. 18:36 skrev Anna <a@b.example>:"."""
_TUTA = re.compile(r"^\d{1,2}\.? \w{3,10}\.? \d{4},? \d{1,2}:\d\d (?:by|von|par|por|de) \S{1,200}@\S{1,200}:\s*$", re.I)
_EVIDENCE = re.compile(r"\d{4}|\d[:.h]\d\d|@|\d[/.-]\d{1,2}[/.-]\d")
_ATTRIBUTION_STARTS = re.compile(r"^[-\s]{0,8}(?:on|le|el|am|den|il|em|op|\d{1,2})\b|<[^<>\s]{1,100}@", re.I)

_ORIGINAL = re.compile(
    r"^\W*(?:(?:original|reply|forwarded) (?:message|mail|e-?mail)|message d[’'`]origine|mensaje (?:original|reenviado)"
    r"|(?:urspr[üu]ngliche|weitergeleitete|original) ?nachricht|message transf[ée]r[ée]|forwarded by\b.{0,80}"
    r"|oprindelig meddelelse|begin forwarded message|d[ée]but du message (?:r[ée]exp[ée]di[ée]|transf[ée]r[ée])"
    r"|inicio del mensaje reenviado|anfang der weitergeleiteten (?:nachricht|e-?mail)|messaggio originale)\W*$",
    re.I,
)
_FORWARD = re.compile(r"forward|reenviado|weitergeleitet|transf[ée]r|r[ée]exp[ée]di", re.I)
_DASHED = re.compile(r"^\s*(?:-{2,}|_{2,}|={2,}).*|.*:\s*$")
_REPLY_ABOVE = re.compile(
    r"^\W*(?:please )?(?:type your )?(?:reply|respond|antworten|r[ée]pond\w*|respond\w*)\b.{0,30}"
    r"\b(?:above|oberhalb|au-dessus|encima)\b.{0,30}\b(?:line|linie|ligne|l[íi]nea)\W*$",
    re.I,
)
_RULE = re.compile(r"^\s*(?:_{10,}|-{10,}|={10,})\s*$")

_NAMES = {
    "from": "from de von da van fra från od от",
    "sent": "sent date datum gesendet envoyé envoye enviado fecha inviato verzonden data sendt skickat wysłano"
    " отправлено",
    "to": "to an à a para aan til till do кому",
    "subject": "subject betreff objet asunto oggetto onderwerp assunto emne ämne temat тема",
    "cc": "cc kopie copie",
}
_KIND = {name: kind for kind, names in _NAMES.items() for name in names.split()} | {"enviado el": "sent"}
_HEADER = re.compile(r"^\s{0,8}\*?([^\W\d_]{1,10}(?: el)?)\s?\*?\s?:\*?(?:\s|$)(.*)$")


def attribution_at(lines: Sequence[str], at: int) -> int:
    """How many lines from `at` on are "On ... wrote:"; 0 when none."""
    start = lines[at][:MAX_LINE]
    if not _ATTRIBUTION_STARTS.search(start) and not (start.rstrip().endswith(":") and _EVIDENCE.search(start)):
        return 0
    for count in range(1, _ATTRIBUTION_LINES + 1):
        part = lines[at : at + count]
        if len(part) < count or not part[-1].strip() or part[-1].lstrip().startswith(">"):
            return 0
        joined = " ".join(line.strip() for line in part)
        if len(joined) > MAX_LINE:
            joined = joined[:MAX_LINE]
        if _is_attribution(joined, follows_quote=_quote_follows(lines, at + count)):
            return count
    return 0


def _is_attribution(joined: str, *, follows_quote: bool) -> bool:
    if _BY_ADDRESS.match(joined) or _TUTA.match(joined) or _ANY_LANGUAGE.match(joined):
        return True
    if follows_quote and joined.endswith(":") and _EVIDENCE.search(joined):
        return True
    found = _ATTRIBUTION.match(joined)
    if found is None or found["after"].strip(" -"):
        return False
    return follows_quote or bool(_EVIDENCE.search(joined))


def _quote_follows(lines: Sequence[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return following.lstrip().startswith(">")


def header_block_at(lines: Sequence[str], at: int, *, least: int = 3) -> int:
    """How many lines from `at` on are the headers of an older message ("From:", "Sent:", ...); 0 when none."""
    if _header_kind(lines[at]) not in ("from", "sent"):
        return 0
    kinds, count, strangers = set(), 0, 0
    for line in lines[at : at + _HEADER_LINES]:
        kind = _header_kind(line)
        strangers = 0 if kind else strangers + 1
        if not line.strip() or strangers > 1:
            break
        kinds.add(kind)
        count += 1
    kinds -= {None}
    is_addressed = "from" in kinds and "@" in "".join(lines[at : at + count])[:2_000]
    enough = len(kinds) >= least or (len(kinds) >= least - 1 and is_addressed and "from" in kinds)
    return count if enough else 0


def _header_kind(line: str) -> str | None:
    found = _HEADER.match(line[:MAX_LINE])
    return _KIND.get(found[1].lower()) if found else None


def original_at(lines: Sequence[str], at: int) -> bool:
    """A line such as "-----Original Message-----", or the rule that Outlook draws above the headers."""
    line = lines[at][:MAX_LINE]
    following = next((i for i in range(at + 1, min(at + 4, len(lines))) if lines[i].strip()), None)
    headers_follow = following is not None and header_block_at(lines, following, least=1) > 0
    if _RULE.match(line):
        return headers_follow
    if _REPLY_ABOVE.match(line):
        return True
    return bool(_ORIGINAL.match(line)) and (bool(_DASHED.match(line)) or headers_follow)


def forwards(line: str) -> bool:
    """What follows belongs to somebody else, whatever it looks like."""
    return bool(_FORWARD.search(line[:MAX_LINE]))
