"""The signals that rules can read in a message, and where the wordings of each stand (agent.md sections 1 and 4)."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.phrases import Phrase
from app.llm.offline import rules_booking as booking
from app.llm.offline import rules_denial as denial
from app.llm.offline import rules_staff as staff
from app.llm.offline import rules_strangers as strangers
from app.llm.offline import rules_visit as visit


class Signal(StrEnum):
    """A thing that can be read in a message; several stand side by side, `offline_intents` weighs them."""

    INJECTION = "injection"
    VENDOR = "vendor"
    COMPLAINT = "complaint"
    CANCEL = "cancel"
    CANNOT_COME = "cannot come"
    RESCHEDULE = "reschedule"
    KEEP = "keep the appointment"
    DENIAL = "denial"
    REVERSAL = "reversal"
    DEFERRAL = "deferral"
    BOOKING = "booking"
    NEED = "need for care"
    SLOT = "slot"
    TOPIC = "question about the clinic"
    POLICY = "question about the policy"
    ACCOUNT = "own account or record"
    CLINICAL = "clinical advice"
    OTHERS = "another person"
    BOOKED = "booked already"
    TROUBLE = "trouble with the form"
    HUMAN = "wants a person"
    OFF_TOPIC = "off topic"
    PUZZLED = "puzzled"
    THANKS = "thanks"
    ACKNOWLEDGED = "acknowledged"
    REASSURANCE = "wants to stay on the list"


RULES: Mapping[Signal, tuple[Phrase, ...]] = {
    Signal.INJECTION: strangers.INJECTION,
    Signal.VENDOR: strangers.VENDOR,
    Signal.OFF_TOPIC: strangers.OFF_TOPIC,
    Signal.HUMAN: staff.HUMAN,
    Signal.COMPLAINT: staff.COMPLAINT,
    Signal.ACCOUNT: staff.ACCOUNT,
    Signal.CLINICAL: staff.CLINICAL,
    Signal.OTHERS: staff.OTHERS,
    Signal.TROUBLE: staff.TROUBLE,
    Signal.BOOKED: visit.BOOKED,
    Signal.CANCEL: visit.CANCEL,
    Signal.CANNOT_COME: visit.CANNOT_COME,
    Signal.RESCHEDULE: visit.RESCHEDULE,
    Signal.KEEP: visit.KEEP,
    Signal.POLICY: visit.POLICY,
    Signal.TOPIC: visit.TOPIC,
    Signal.THANKS: visit.THANKS,
    Signal.ACKNOWLEDGED: visit.ACKNOWLEDGED,
    Signal.REASSURANCE: visit.REASSURANCE,
    Signal.PUZZLED: visit.PUZZLED,
    Signal.DENIAL: denial.DENIAL,
    Signal.REVERSAL: denial.REVERSAL,
    Signal.DEFERRAL: denial.DEFERRAL,
    Signal.BOOKING: booking.BOOKING,
    Signal.NEED: booking.NEED,
    Signal.SLOT: booking.SLOT,
}
