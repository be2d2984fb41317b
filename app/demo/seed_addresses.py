"""Addresses that reach nobody: e-mails at example.com and phone numbers kept for fiction (RFC 2606, 555-01xx)."""

import re
import unicodedata
from random import Random

from app.demo.content.loader import load_clinic

AREA_CODES = (518, 212, 315, 347, 516, 585, 607, 631, 646, 716, 718, 838, 845, 914, 917, 202)
NUMBERS_PER_AREA = 100
SANDBOX_SENDER = "+12025550100"
"""The number that the sandbox channels write from: no patient may have it."""
LETTERS_WITHOUT_ACCENT = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "đ": "d", "ß": "ss", "æ": "ae"}
)


class AddressBook:
    """Hands out each address once, in an order that the random seed decides."""

    def __init__(self, rng: Random) -> None:
        clinic = load_clinic()
        taken = {clinic["phone"], clinic["emergency_phone"], SANDBOX_SENDER}
        numbers = [f"+1{area}55501{number:02d}" for area in AREA_CODES for number in range(NUMBERS_PER_AREA)]
        self._phones = [number for number in numbers if number not in taken]
        rng.shuffle(self._phones)
        self._emails: set[str] = set()

    def phone(self) -> str:
        """An unused number in E.164."""
        return self._phones.pop()

    def email(self, name: str) -> str:
        """An unused ASCII address made from a name; a number tells namesakes apart."""
        local = email_name(name)
        candidates = (f"{local}{suffix}@example.com" for suffix in ("", *range(2, 1_000)))
        email = next(candidate for candidate in candidates if candidate not in self._emails)
        self._emails.add(email)
        return email


def email_name(name: str) -> str:
    """`Søren O'Brien-Łaski` as `soren.obrienlaski`."""
    plain = unicodedata.normalize("NFKD", name.translate(LETTERS_WITHOUT_ACCENT)).encode("ascii", "ignore").decode()
    first, _, last = plain.lower().partition(" ")
    return ".".join(re.sub(r"[^a-z]", "", part) for part in (first, last))
