"""Whether a message is thanks and nothing else: while a person has the conversation, it owes no answer. Pure.

No "yes" and no "ok" is in it: a person may have asked something that they answer.
"""

import re

_THANKS = frozenset("thanks thank thankyou thx thnx tks ty tysm cheers gracias merci".split())
_POLITE = frozenset(
    "you u so very much a lot again many for your the all help everything that's that is kind of"
    " muchas muchisimas por todo su la ayuda mil beaucoup bien pour votre aide tout infiniment".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


def is_only_thanks(text: str) -> bool:
    """True when every word is polite and one of them thanks; a question mark or a number is more than that."""
    words = {word.replace("\u2019", "'") for word in _WORD.findall(text.lower())}
    is_plain = not any(sign.isdigit() or sign in "?\u00bf" for sign in text)
    return is_plain and bool(words & _THANKS) and words <= _THANKS | _POLITE
