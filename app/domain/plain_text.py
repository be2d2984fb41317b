"""Which text may be stored: printable, bounded, one line where a line is meant (trust.md 4.2)."""

import unicodedata

LINE_BREAKS = frozenset("\r\n\t\u2028\u2029\x85\x0b\x0c")
UNREADABLE = "\ufffd"
"""What a byte that no encoding knows was read as."""


def text_problem(text: str, *, most: int) -> str | None:
    """Why this text of several lines may not be stored, or None."""
    if len(text) > most:
        return f"is longer than {most} characters"
    if UNREADABLE in text:
        return "holds characters that cannot be read"
    if not text.isprintable() and any(
        unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t\r" for sign in text
    ):
        return "holds control characters"
    return None


def line_problem(text: str, *, most: int) -> str | None:
    """Why this text may not be stored as one line, or None."""
    if not text.isprintable() and LINE_BREAKS & set(text):
        return "must be one line"
    return text_problem(text, most=most)


def one_line(text: str, limit: int) -> str:
    """Text on one line of at most `limit` characters, cut at a word with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rsplit(' ', 1)[0]}…"
