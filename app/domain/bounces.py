"""What a delivery report says of one address (RFC 3464, RFC 3463; trust.md section 1, row 25)."""

import re
from dataclasses import dataclass

_SOFT_DESPITE_CLASS_5 = re.compile(r"5\.(?:2\.[23]|3\.\d{1,3}|4\.\d{1,3}|7\.\d{1,3})$")
"""A full mailbox, a message too big, a server in trouble, a policy: the address itself is good."""

SOFT_WORDING = re.compile(
    r"\bdelayed\b|temporar|will (?:retry|keep trying|be retried)|(?:mailbox|inbox) (?:is )?full|over ?quota"
    r"|quota ?exceeded|try again later|delivery attempts will continue|not yet been delivered|timed out"
    r"|\bstatus: 4\.|(?<![\d.])4\.\d{1,3}\.\d{1,3}(?![\d.])"
)
HARD_WORDING = re.compile(
    r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])|\b55\d\b|unknown|not found|does(?: not|n't) exist|no such user"
    r"|rejected|fail|undeliverable|disabled|invalid|not listed|no mailbox|permanent"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A message that did not arrive. Every field may be unknown: many servers write no proper report."""

    final_recipient: str | None = None
    """The address that failed, in lower case."""
    status: str | None = None
    """The enhanced status code of RFC 3463, such as "5.1.1"."""
    action: str | None = None
    """"failed", "delayed", ... in lower case."""
    original_message_id: str | None = None
    """Message-ID of the message that came back, with its angle brackets."""
    outbox_id: str | None = None
    """Our own mark (X-Outbox-Id) on the message that came back."""
    is_hard: bool = False
    """The address is unusable for good (class 5)."""

    @property
    def is_soft(self) -> bool:
        """Worth another try later (class 4, full mailbox, delay)."""
        return not self.is_hard


def is_hard(*, status: str | None, action: str | None, wording: str) -> bool:
    """Whether an address is unusable for good: by its status code, else by the words of the report."""
    if action == "delayed":
        return False
    if status is not None:
        return status.startswith("5.") and not _SOFT_DESPITE_CLASS_5.match(status)
    lowered = wording[:20_000].lower()
    return not SOFT_WORDING.search(lowered) and bool(HARD_WORDING.search(lowered))
