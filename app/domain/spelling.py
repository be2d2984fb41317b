"""Words that decide what is done with a message, read through a slip of the finger (agent.md section 4, type 6).

A word that is one letter wrong, missing, doubled or swapped becomes the word meant. Only long words are mended, the
first letter must be right, and what is a word of its own ("cancer", "remote") stays as it is.
"""

import re
from collections.abc import Iterator

_MEANT = frozenset(
    "appointment appointments available bleeding booking breathe breath breathing cancel cancelled canceling cleaning "
    "contacting dentist emergency excruciating extraction fever insurance interested infection messages messaging "
    "morning afternoon evening monday tuesday wednesday thursday friday saturday sunday tomorrow painful "
    "pregnant remove removed reminders reschedule rescheduling schedule swallow swelling swollen telephone texting "
    "throbbing toothache unbearable unsubscribe unsubscribed unsubscribing whitening possible please another "
    "necessary definitely absolutely complaint receptionist refund disappointed unacceptable different instead "
    "answer cleanings checkup consultation address question".split()
)
# Words of their own, one letter away from one of those.
_OWN = frozenset(
    "cancer chancel remote massages massaging testing sending injection inflection injected traction friary "
    "warning mourning breeding blending clearing cooking looking leaning dwelling spelling smelling swilling "
    "wallow shallow refuel refund refunds fund never lever instant placating pleased pleas plese whitewing "
    "removes remover moved cancels canceled adress dresses answers remainders removable breather breadth "
    "complain complaints possibly dentists dental dentiste dentista extractions infections interest interesting "
    "interests scheduled schedules schedulers swallows swallowed texts vexing toasting booming brooking "
    "evenings mornings afternoons fridays mondays sundays tuesdays thursdays saturdays wednesdays questions "
    "anothers emergence emergencies insurances instead disappointing differing difference appoints absolute "
    "definite infecting messenger passages pleaser breathes rescheduled".split()
)
_MIN_LETTERS = 5
_WORD = re.compile(r"[a-z]+")


def _shortened(word: str) -> Iterator[str]:
    """The word, and the word with each letter but the first left out."""
    yield word
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]


_BY_SHORTENED: dict[str, str] = {}
for _word in sorted(_MEANT):
    for _short in _shortened(_word):
        _BY_SHORTENED.setdefault(_short, _word)


def mend(word: str) -> str:
    """The word meant by a lower-case word that is one slip away from it; any other word as it is."""
    if len(word) < _MIN_LETTERS or word in _MEANT or word in _OWN:
        return word
    for short in _shortened(word):
        meant = _BY_SHORTENED.get(short)
        if meant and abs(len(meant) - len(word)) <= 1 and not (word.startswith(meant) or meant.startswith(word)):
            return meant if _is_one_slip(word, meant) else word
    return word


def _is_one_slip(word: str, meant: str) -> bool:
    """One letter more, one less, one other, or two neighbours swapped."""
    at = next((i for i, (a, b) in enumerate(zip(word, meant, strict=False)) if a != b), min(len(word), len(meant)))
    mine, theirs = word[at:], meant[at:]
    return theirs in (mine[1:], mine[1:2] + mine[:1] + mine[2:]) or theirs[1:] in (mine, mine[1:])


def mend_all(text: str) -> str:
    """Every word of a lower-case text mended."""
    return _WORD.sub(lambda found: mend(found[0]), text)
