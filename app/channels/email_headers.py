"""Headers of a mail that cannot be used to smuggle one in, and ids that arrive as they were written (trust.md 4.4)."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy

from email_validator import EmailNotValidError, validate_email

from app.channels.base import RecipientRefusedError

VERBATIM = frozenset({"message-id", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"})
LONGEST_LINE = 900
"""Of an id; RFC 5322 allows 998 for the whole line."""
MOST_REFERENCES = 20

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?-~]{1,250}>")


class MailPolicy(EmailPolicy):
    """RFC 5322 with CRLF and seven-bit bodies, whose ids and links are never broken up or encoded.

    Python's own policy turns a Message-ID or a link longer than a line into encoded words: no program finds the thread
    or the unsubscribe page again.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() not in VERBATIM:
            return super().fold_binary(name, value)
        folded = "\r\n ".join(str(value).split())
        return f"{name}: {folded}\r\n".encode("ascii")


MAIL = MailPolicy(linesep="\r\n", cte_type="7bit")


def one_line(text: str) -> str:
    """Text for a header: every line break (also U+2028, NEL, VT) becomes a space, what cannot be shown goes.

    Text that looks like an encoded word is taken apart: Python would decode it, whatever it holds.
    """
    shown = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cs"))
    return " ".join(shown.split()).replace("=?", "= ?")


def recipient(address: str) -> Address:
    """The one address that a message goes to. Raises RecipientRefusedError for anything else."""
    try:
        checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise RecipientRefusedError("this is not exactly one e-mail address") from error
    if checked.ascii_email is None:
        raise RecipientRefusedError("the part before the @ is not ASCII")
    return Address(addr_spec=checked.ascii_email)


def write_thread(mail: EmailMessage, *, in_reply_to: str | None, references: Iterable[str]) -> None:
    """`In-Reply-To` and `References`; of a long thread its first message and the newest ones, as RFC 5322 advises.

    The ids come from strangers' mail: what does not have the form of one is left out.
    """
    answered = in_reply_to if in_reply_to and _MESSAGE_ID.fullmatch(in_reply_to) else None
    named = [each for each in references if _MESSAGE_ID.fullmatch(each)]
    thread = list(dict.fromkeys([*(each for each in named if each != answered), *([answered] if answered else [])]))
    if len(thread) > MOST_REFERENCES:
        thread = [thread[0], *thread[1 - MOST_REFERENCES :]]
    if answered:
        mail["In-Reply-To"] = answered
    if thread:
        mail["References"] = " ".join(thread)


def write_own(mail: EmailMessage, headers: Mapping[str, str]) -> None:
    """The channel's own headers, such as X-Outbox-Id and Auto-Submitted."""
    for name, value in headers.items():
        mail[name] = one_line(value)


def write_unsubscribe(mail: EmailMessage, url: str | None) -> None:
    """One-click unsubscribing as RFC 8058 wants it, which means https; a link that is not goes into the footer only."""
    if url and url.startswith("https://") and url.isascii() and url.isprintable() and len(url) < LONGEST_LINE:
        mail["List-Unsubscribe"] = f"<{url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
