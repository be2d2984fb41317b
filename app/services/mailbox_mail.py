"""One message of the mailbox as the inbox takes it: read, cut to what a person wrote, never opened (trust.md 2.5)."""

from app.channels.email_text import Mail, read_mail
from app.channels.mailbox import MailboxMessage
from app.models.enums import ChannelType, InboundSource
from app.services.inbound import InboundMessage

MOST_SUBJECT, MOST_REFERENCES, MOST_ATTACHMENTS = 998, 100, 50
LONGEST_NAME = 200


def event_id_of(mailbox: str, message_id: str) -> str:
    """The id under which a message is in the inbox once, however often it is announced or listed."""
    return f"{mailbox}:{message_id}"


def as_inbound(mailbox: str, message: MailboxMessage) -> InboundMessage:
    """The message in the inbox's terms; blocking, because a large mail takes time to read."""
    mail = read_mail(message.raw)
    return InboundMessage(
        source=InboundSource.GMAIL,
        external_id=event_id_of(mailbox, message.id),
        channel=ChannelType.EMAIL,
        sender=mail.sender,
        text=mail.text,
        subject=mail.subject[:MOST_SUBJECT],
        thread_id=message.thread_id,
        in_reply_to=mail.in_reply_to,
        headers=mail.headers,
        message_id=mail.message_id,
        references=_answered(mail)[-MOST_REFERENCES:],
        quoted=mail.quoted,
        attachments=tuple(name[:LONGEST_NAME] for name in mail.attachments[:MOST_ATTACHMENTS]),
        is_unverified=mail.is_unverified,
        bounce=mail.bounce,
        calendar_reply=mail.calendar_reply,
    )


def _answered(mail: Mail) -> tuple[str, ...]:
    """The Message-IDs that the mail refers to, oldest first; a delivery report refers to what came back."""
    returned = mail.bounce.original_message_id if mail.bounce else None
    return (*mail.references, returned) if returned else mail.references
