"""What Twilio's error codes mean for a message (trust.md 2.4, faults 24 and 27). Pure."""

from enum import StrEnum


class Trouble(StrEnum):
    """Why a message cannot arrive, and so what follows."""

    BAD_ADDRESS = "bad_address"  # it will never work: the next channel, and this address no more
    STOPPED = "stopped"  # the person said stop to Twilio
    NOT_HERE = "not_here"  # this message may not go this way now: another channel may carry it
    SLOW_DOWN = "slow_down"  # the same message later
    OUR_ACCOUNT = "our_account"  # a person must mend the account: the whole channel stands still
    FILTERED = "filtered"  # a network took it for spam: staff must know
    PASSING = "passing"  # nobody knows more than that it did not arrive


TROUBLES: dict[int, Trouble] = {
    20003: Trouble.OUR_ACCOUNT,  # authentication failed
    20005: Trouble.OUR_ACCOUNT,  # account not active
    20429: Trouble.SLOW_DOWN,
    14107: Trouble.SLOW_DOWN,  # message rate limit
    21211: Trouble.BAD_ADDRESS,  # not a number
    21212: Trouble.OUR_ACCOUNT,  # our own number is none
    21214: Trouble.BAD_ADDRESS,
    21217: Trouble.BAD_ADDRESS,
    21265: Trouble.BAD_ADDRESS,  # a short code
    21408: Trouble.NOT_HERE,  # this country is not switched on
    21603: Trouble.OUR_ACCOUNT,  # no sender given
    21606: Trouble.OUR_ACCOUNT,  # our number cannot send this
    21608: Trouble.NOT_HERE,  # a trial account, and this number is not verified
    21609: Trouble.OUR_ACCOUNT,  # our status address is no public one
    21610: Trouble.STOPPED,
    21611: Trouble.SLOW_DOWN,  # our number's queue is full
    21612: Trouble.NOT_HERE,  # no way from our number to this one
    21614: Trouble.BAD_ADDRESS,  # no mobile phone
    21635: Trouble.BAD_ADDRESS,  # a landline
    21656: Trouble.NOT_HERE,  # the template and its variables do not fit
    21659: Trouble.OUR_ACCOUNT,
    21660: Trouble.OUR_ACCOUNT,  # our number belongs to another account
    21703: Trouble.OUR_ACCOUNT,  # the messaging service has no number
    30001: Trouble.SLOW_DOWN,
    30002: Trouble.OUR_ACCOUNT,  # account suspended
    30003: Trouble.PASSING,  # switched off, or out of reach
    30004: Trouble.FILTERED,  # blocked by the recipient's network
    30005: Trouble.BAD_ADDRESS,  # unknown number
    30006: Trouble.BAD_ADDRESS,  # landline, or a network that takes no SMS
    30007: Trouble.FILTERED,
    30008: Trouble.PASSING,
    30034: Trouble.FILTERED,  # our number is not registered for A2P 10DLC
    63003: Trouble.BAD_ADDRESS,  # not on WhatsApp
    63007: Trouble.OUR_ACCOUNT,  # our number is no WhatsApp sender
    63016: Trouble.NOT_HERE,  # outside the 24-hour window
    63018: Trouble.SLOW_DOWN,
    63024: Trouble.BAD_ADDRESS,
    63032: Trouble.NOT_HERE,  # WhatsApp chose not to deliver
    63038: Trouble.SLOW_DOWN,  # the account's daily limit
    63049: Trouble.NOT_HERE,  # WhatsApp chose not to deliver this marketing message
}


def trouble_of(code: int | None) -> Trouble:
    """What a code means; one that nobody described here is taken for a passing trouble."""
    return TROUBLES.get(code or 0, Trouble.PASSING)
