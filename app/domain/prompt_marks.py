"""The mark that stands in our prompts and nowhere else: a text that shows one repeats its orders (trust.md section 3).

The same mark fences a patient's words in, so nobody who writes to the clinic can close the fence. Pure.
"""

import re

PREFIX = "chs-mark-"
_MARK = re.compile(r"chs[\W_]{0,3}mark[\W_]{0,3}[0-9a-f]{4}", re.IGNORECASE)


def mark_of(token: str) -> str:
    """The mark for one call; `token` is random hexadecimal digits."""
    return f"{PREFIX}{token}"


def shows_mark(text: str) -> bool:
    """True for a text that holds any prompt's mark, also one that was spaced out or cut."""
    return bool(_MARK.search(text))
