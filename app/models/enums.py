"""The closed vocabularies of the clinic: every word a document may hold (domain.md, sections 1-3)."""

from enum import StrEnum


class PatientType(StrEnum):
    EXISTING = "EXISTING"
    COLD_LEAD = "COLD_LEAD"


class ChannelType(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"


class CampaignType(StrEnum):
    RECALL = "RECALL"
    RECOVERY = "RECOVERY"


class CampaignStatus(StrEnum):
    ATTEMPTING_RECOVERY = "ATTEMPTING_RECOVERY"
    RE_ENGAGED = "RE_ENGAGED"
    HANDOFF_REQUIRED = "HANDOFF_REQUIRED"
    BOOKING_INITIATED = "BOOKING_INITIATED"
    RECOVERED = "RECOVERED"
    RECOVERY_FAILED = "RECOVERY_FAILED"
    RECOVERY_DECLINED = "RECOVERY_DECLINED"
    MANUAL_FOLLOWUP_COMPLETE = "MANUAL_FOLLOWUP_COMPLETE"
    BOOKING_COMPLETED = "BOOKING_COMPLETED"


class CloseReason(StrEnum):
    UNRESPONSIVE = "unresponsive"
    DECLINED = "declined"
    OPTED_OUT = "opted_out"
    CONVERTED = "converted"
    FOLLOWED_UP = "followed_up"
    BOOKED_ELSEWHERE = "booked_elsewhere"


class FunnelStatus(StrEnum):
    NOT_STARTED = "NOT_STARTED"
    FORM_SENT = "FORM_SENT"
    FORM_SUBMITTED = "FORM_SUBMITTED"


class Intent(StrEnum):
    """What a patient's message asks for; agent.md section 1 says what each label means."""

    EMERGENCY = "EMERGENCY"
    OPT_OUT = "OPT_OUT"
    COMPLAINT = "COMPLAINT"
    CANCEL = "CANCEL"
    RESCHEDULE = "RESCHEDULE"
    SERVICE_DENIAL = "SERVICE_DENIAL"
    BOOKING_REQUEST = "BOOKING_REQUEST"
    QUESTION = "QUESTION"
    CONFUSED = "CONFUSED"
    IRRELEVANT = "IRRELEVANT"
    AUTO_REPLY = "AUTO_REPLY"
    BOUNCE = "BOUNCE"


class Sentiment(StrEnum):
    POSITIVE = "POSITIVE"
    NEUTRAL = "NEUTRAL"
    NEGATIVE = "NEGATIVE"


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Author(StrEnum):
    AI = "ai"
    STAFF = "staff"
    PATIENT = "patient"
    SYSTEM = "system"


class Delivery(StrEnum):
    """What became of an outgoing interaction, as staff see it."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class OutboxState(StrEnum):
    """Life of one outgoing message: PENDING -> DRAFTED -> SENDING -> SENT, or one of the other ends (trust.md 2.4)."""

    PENDING = "PENDING"
    DRAFTED = "DRAFTED"
    SENDING = "SENDING"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class MessageKind(StrEnum):
    """Why an outgoing message exists. `ATTEMPT` and `NUDGE` are proactive: the outreach policy binds them."""

    ATTEMPT = "attempt"
    NUDGE = "nudge"
    REPLY = "reply"
    HANDOFF = "handoff"
    EMERGENCY = "emergency"
    STAFF = "staff"
    CONFIRMATION = "confirmation"
    OPT_OUT_CONFIRMATION = "opt_out_confirmation"
    REMINDER = "reminder"
    WAITLIST_OFFER = "waitlist_offer"
    WAITLIST_NOTICE = "waitlist_notice"
    STAFF_NOTICE = "staff_notice"


EXEMPT_FROM_STOP = frozenset({MessageKind.OPT_OUT_CONFIRMATION, MessageKind.EMERGENCY, MessageKind.STAFF_NOTICE})
"""The one confirmation that the law allows, the emergency phone for someone who has just asked for help, and what we
write to staff.
"""
PROACTIVE_KINDS = frozenset({MessageKind.ATTEMPT, MessageKind.NUDGE})


class PauseReason(StrEnum):
    """Why nothing leaves (trust.md fault 23)."""

    RESTORED_COPY = "restored_copy"
    WENT_BACK = "went_back"
    UNKNOWN_MAIL = "unknown_mail"
    OPERATOR = "operator"


class InboxState(StrEnum):
    """Life of one inbound event: exactly one outcome each (trust.md section 5, I5)."""

    RECEIVED = "RECEIVED"
    DONE = "DONE"
    UNMATCHED = "UNMATCHED"
    PARKED = "PARKED"
    DISMISSED = "DISMISSED"


class InboundSource(StrEnum):
    GMAIL = "gmail"
    GENERIC = "incoming-message"
    TWILIO = "twilio"
    SANDBOX = "sandbox"
    BOOKING_FORM = "booking-form"


class HandoffPriority(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class AppointmentStatus(StrEnum):
    BOOKED = "booked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class ConfirmationStatus(StrEnum):
    """What the patient says of a booked visit; only words or staff set it."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    RUNNING_LATE = "running_late"
    CANNOT_COME = "cannot_come"


class AppointmentSource(StrEnum):
    AI_AGENT_FORM = "AI_AGENT_FORM"
    MANUAL_ADMIN = "MANUAL_ADMIN"


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    FRONT_DESK = "front_desk"
    PROVIDER = "provider"


class LinkPurpose(StrEnum):
    BOOK = "book"
    MANAGE = "manage"
    UNSUBSCRIBE = "unsubscribe"
    WAITLIST = "waitlist"
    OFFER = "offer"


class DecisionOutcome(StrEnum):
    """What was decided about one proactive message, kept for staff (domain.md section 5)."""

    QUEUED = "queued"
    POSTPONED = "postponed"
    REFUSED = "refused"


class BatchState(StrEnum):
    """How far an action for many campaigns is."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class ImportState(StrEnum):
    """Life of one patient file: looked at first, then brought in when a person says so."""

    UPLOADING = "uploading"  # still arriving; never shown
    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class RowOutcome(StrEnum):
    """What becomes of one row of a patient file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class DateFormat(StrEnum):
    """How dates are written in a patient file besides `YYYY-MM-DD`; never guessed."""

    ISO = "iso"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class DayPart(StrEnum):
    """Which half of the day somebody can come; a visit belongs to the half in which it begins."""

    ANY = "any"
    MORNING = "morning"
    AFTERNOON = "afternoon"


class WishState(StrEnum):
    """Life of one wish for an earlier visit."""

    WAITING = "WAITING"
    BOOKED = "BOOKED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


class OfferState(StrEnum):
    """Life of one offer of a freed time: exactly one end each."""

    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    LOST = "LOST"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"


class FreedSlotState(StrEnum):
    """Life of a time that became free: offered batch by batch until it is over."""

    OPEN = "OPEN"
    TAKEN = "TAKEN"
    TOO_LATE = "TOO_LATE"
    NOBODY = "NOBODY"


class FreedBy(StrEnum):
    """What made a time free."""

    CANCELLED = "cancelled"
    MOVED = "moved"
    NO_SHOW = "no_show"
    DELETED = "deleted"
    MORE_HOURS = "more_hours"
