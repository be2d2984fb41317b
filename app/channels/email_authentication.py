"""Whether a mail comes from whom it says, as the receiving server found (RFC 8601; trust.md section 1, row 26).

Only the receiving server's own verdict counts. It stands above everything that the mail brought along: whoever sends
a mail may write such a header too, but only below.
"""

import re
from collections.abc import Sequence
from typing import Literal

Authentication = Literal["pass", "fail", "none"]

_DMARC = re.compile(r"\bdmarc\s{0,3}=\s{0,3}([a-z]{1,20})", re.I)
_HEADER_FROM = re.compile(r"\bheader\.from\s{0,3}=\s{0,3}([\w.-]{1,255})", re.I)
_HANDED_OVER = re.compile(r"^from\s.{0,1000}?\sby\s", re.I | re.S)
_COMMENT = re.compile(r"\([^()]{0,500}\)")


def verdict(headers: Sequence[tuple[str, str]], *, sender: str | None, authserv_id: str) -> Authentication:
    """DMARC as `authserv_id` found it: "fail" without a clear pass for the sender's own domain, "none" if not asked."""
    found = _own_result(headers, authserv_id)
    if found is None:
        return "none"
    plain = _COMMENT.sub(" ", found)
    dmarc, domain = _DMARC.search(plain), _HEADER_FROM.search(plain)
    if dmarc is None or dmarc[1].lower() != "pass" or sender is None:
        return "fail"
    return "pass" if domain is None or _same_domain(domain[1], sender) else "fail"


def _own_result(headers: Sequence[tuple[str, str]], authserv_id: str) -> str | None:
    """The topmost result, if it is the receiving server's: nothing below the first hand-over from outside counts."""
    was_handed_over = False
    for name, value in headers:
        if name == "received" and _HANDED_OVER.match(value.strip()):
            if was_handed_over:
                return None
            was_handed_over = True
        if name == "authentication-results":
            identity = value.strip().partition(";")[0].split()
            return value if identity and identity[0].lower() == authserv_id.lower() else None
    return None


def _same_domain(domain: str, sender: str) -> bool:
    own = sender.rpartition("@")[2].lower().rstrip(".")
    named = domain.lower().strip(".")
    return own == named or own.endswith(f".{named}")
