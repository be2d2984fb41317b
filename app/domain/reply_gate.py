"""What a text that a language provider wrote must not hold before it may leave (trust.md section 3). Pure."""

import re

LONGEST_CHARS = 1_500
_LINK_OR_ADDRESS = re.compile(
    r"https?://|www\.|\S@\S|\b[a-z0-9-]+\.(?:com|net|org|io|co|example|info|biz|ru|cn)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


def refusal(text: str, *, sources: str, patients_words: str = "") -> str | None:
    """Why this text may not leave, or None: links, addresses and numbers must stand in `sources`.

    `patients_words` may be quoted, numbers included, but a link in them stays a stranger's link.
    """
    if not text.strip():
        return "empty"
    if len(text) > LONGEST_CHARS:
        return "too_long"
    words = (word.strip(".,;:!?()<>") for word in text.split() if _LINK_OR_ADDRESS.search(word))
    if any(word not in sources for word in words):
        return "foreign_link_or_address"
    if set(_NUMBER.findall(text)) - set(_NUMBER.findall(f"{sources} {patients_words}")):
        return "number_not_in_sources"
    return None
