"""What of a patient's words no provider needs: addresses, numbers to call, links, the family name (minimum necessary).

The mask tells a model what stood there, so that it still understands the message. A text that repeats a mask is never
sent.
"""

import re

ADDRESS, PHONE, LINK, FAMILY_NAME = "[e-mail address]", "[phone number]", "[link]", "[family name]"
MASKS = (ADDRESS, PHONE, LINK, FAMILY_NAME)
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"']+@[^\s@<>()\[\],;:\"']+\.\w+")
_LINK = re.compile(r"\bhttps?://\S+|\bwww\.\S+", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\w$€£])\+?\(?\d(?:[ .()/-]{0,2}\d){6,14}(?!\w)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")
_LOCAL = re.compile(r"\d{3}[ .-]\d{4}")
FEWEST_DIGITS = 9
"""Of a number to call, unless it is written as one: 555-0134."""


def masked(text: str, *, name: str = "") -> str:
    """The text with every such thing in it replaced by what it is; of the patient's `name` the first word stays."""
    text = _LINK.sub(LINK, text)
    text = _ADDRESS.sub(ADDRESS, text)
    text = _DIGITS.sub(lambda found: PHONE if _is_phone(found[0]) else found[0], text)
    return _without_family(text, name.split())


def shows_mask(text: str) -> bool:
    """True for a text that repeats a mask: it was written for nobody to read."""
    return any(mask in text for mask in MASKS)


def _is_phone(run: str) -> bool:
    if _DAY.search(run):
        return False
    digits = re.sub(r"\D", "", run)
    groups = re.findall(r"\d+", run)
    is_grouped = max(map(len, groups)) >= 3 or run[0] in "+0("
    return bool(_LOCAL.fullmatch(run)) or (len(digits) >= FEWEST_DIGITS and is_grouped)


def _without_family(text: str, names: list[str]) -> str:
    """As a name is written, or next to the first name in any letters: "how long" of a Mr. Long stays."""
    family = [word.strip(",.") for word in names[1:]]
    if not family:
        return text
    whole = r"\W{1,3}".join(map(re.escape, family))
    text = re.sub(rf"\b({re.escape(names[0])})\W{{1,3}}{whole}(?!\w)", rf"\1 {FAMILY_NAME}", text, flags=re.IGNORECASE)
    told = [word for word in family if len(word) > 1 and word[0].isupper()]
    forms = {form for word in told for form in (word, word.title(), word.upper())}
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(forms)))})(?!\w)", FAMILY_NAME, text) if forms else text
