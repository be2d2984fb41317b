"""The signals that rules can read in a message, and where the wordings of each stand (agent.md sections 1 and 4)."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.phrases import Phrase
from app.llm.offline import rules_abroad as abroad
from app.llm.offline import rules_agreement as agreement
from app.llm.offline import rules_booking as booking
from app.llm.offline import rules_cancel as cancel
from app.llm.offline import rules_denial as denial
from app.llm.offline import rules_grievance as grievance
from app.llm.offline import rules_move as move
from app.llm.offline import rules_reasons as reasons
from app.llm.offline import rules_staff as staff
from app.llm.offline import rules_strangers as strangers
from app.llm.offline import rules_visit as visit


class Signal(StrEnum):
    """A thing that can be read in a message; several stand side by side, `offline_intents` weighs them."""

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
    AGREES = "agrees"
    DISAGREES = "disagrees"
    OWN_VISIT = "speaks of a visit ahead"


RULES: Mapping[Signal, tuple[Phrase, ...]] = {
    Signal.VENDOR: strangers.VENDOR,
    Signal.OFF_TOPIC: strangers.OFF_TOPIC,
    Signal.HUMAN: staff.HUMAN,
    Signal.COMPLAINT: (*staff.COMPLAINT, *grievance.GRIEVANCE, *abroad.COMPLAINT_ABROAD),
    Signal.ACCOUNT: staff.ACCOUNT,
    Signal.CLINICAL: staff.CLINICAL,
    Signal.OTHERS: staff.OTHERS,
    Signal.TROUBLE: staff.TROUBLE,
    Signal.BOOKED: visit.BOOKED,
    Signal.CANCEL: (*visit.CANCEL, *cancel.GIVES_UP, *abroad.CANCEL_ABROAD),
    Signal.CANNOT_COME: (*visit.CANNOT_COME, *cancel.WILL_NOT_BE_THERE),
    Signal.RESCHEDULE: (*visit.RESCHEDULE, *move.MOVES, *abroad.MOVE_ABROAD),
    Signal.OWN_VISIT: move.OWN_VISIT,
    Signal.KEEP: visit.KEEP,
    Signal.POLICY: visit.POLICY,
    Signal.TOPIC: (*visit.TOPIC, *abroad.QUESTION_ABROAD),
    Signal.THANKS: (*visit.THANKS, *abroad.THANKS_ABROAD),
    Signal.ACKNOWLEDGED: visit.ACKNOWLEDGED,
    Signal.REASSURANCE: visit.REASSURANCE,
    Signal.PUZZLED: visit.PUZZLED,
    Signal.DENIAL: (*denial.DENIAL, *reasons.REASONS, *abroad.DENIAL_ABROAD),
    Signal.REVERSAL: denial.REVERSAL,
    Signal.DEFERRAL: (*denial.DEFERRAL, *abroad.DEFERRAL_ABROAD),
    Signal.BOOKING: (*booking.BOOKING, *abroad.BOOKING_ABROAD),
    Signal.AGREES: agreement.AGREES,
    Signal.DISAGREES: agreement.DISAGREES,
    Signal.NEED: booking.NEED,
    Signal.SLOT: booking.SLOT,
}
