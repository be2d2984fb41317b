"""The words of a reminder: when and where, never what for (trust.md 4.4), and how to answer.

A text message aims at 160 characters besides the link (trust.md 4.5). No wording asks for the word CANCEL: sent alone
by SMS it stops all messages (agent.md section 1).
"""

import re
from dataclasses import dataclass
from datetime import datetime

MOST_CHARACTERS = 160
MOST_OF_A_NAME = 40


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """What a reminder may say. `starts_at` is in the clinic's zone; `link` is the patient's own."""

    first_name: str
    clinic: str
    address: str
    phone: str
    starts_at: datetime
    link: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """One language. `short` is for SMS and WhatsApp; `ask` or `known` follows, as the visit is confirmed or not."""

    days: tuple[str, ...]
    short_days: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    when: str
    subject: str
    body: str
    ask: str
    known: str
    otherwise: str
    call: str
    short: str
    short_ask: str
    short_known: str
    short_otherwise: str


ENGLISH = Wording(
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    short_days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=tuple("January February March April May June July August September October November December".split()),
    short_months=tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()),
    when="{day} {date} {month} at {time}",
    subject="Your visit at {clinic}",
    body="Hello {first_name},\n\nthis is a reminder of your visit at {clinic} on {when}.\n{address}",
    ask="Answer C to confirm that you are coming.",
    known="You have confirmed it. We look forward to seeing you.",
    otherwise="If you cannot come or need another time: {link}",
    call="Or call {phone}.",
    short="{clinic}: your visit is on {when}{where}.",
    short_ask="Answer C to confirm.",
    short_known="See you then.",
    short_otherwise="Can't come? {link} Reply STOP to opt out.",
)
SPANISH = Wording(
    days=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    short_days=("lun", "mar", "mié", "jue", "vie", "sab", "dom"),
    months=tuple("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()),
    short_months=tuple("ene feb mar abr may jun jul ago sep oct nov dic".split()),
    when="el {day} {date} de {month} a las {time}",
    subject="Su visita en {clinic}",
    body="Hola {first_name}:\n\nle recordamos su visita en {clinic} {when}.\n{address}",
    ask="Responda C para confirmar que viene.",
    known="Ya la ha confirmado. Le esperamos.",
    otherwise="Si no puede venir o necesita otra hora: {link}",
    call="O llame al {phone}.",
    short="{clinic}: su visita es el {when}{where}.",
    short_ask="Responda C para confirmar.",
    short_known="Le esperamos.",
    short_otherwise="¿No puede? {link} STOP para no recibir nada.",
)
FRENCH = Wording(
    days=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    short_days=("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
    months=tuple("janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()),
    short_months=tuple("jan fev mars avr mai juin juil aout sept oct nov dec".split()),
    when="le {day} {date} {month} à {time}",
    subject="Votre visite : {clinic}",
    body="Bonjour {first_name},\n\nnous vous rappelons votre visite à {clinic} {when}.\n{address}",
    ask="Répondez C pour confirmer votre venue.",
    known="Vous l'avez confirmée. Au plaisir de vous voir.",
    otherwise="Si vous ne pouvez pas venir ou préférez une autre heure : {link}",
    call="Ou appelez le {phone}.",
    short="{clinic} : votre visite est le {when}{where}.",
    short_ask="Répondez C pour confirmer.",
    short_known="Au plaisir de vous voir.",
    short_otherwise="Un souci ? {link} STOP pour ne plus rien recevoir.",
)
LANGUAGES = {"en": ENGLISH, "es": SPANISH, "fr": FRENCH}


def wording_for(language: str) -> Wording:
    """The words in this language (ISO 639-1, a region may follow), else in English."""
    return LANGUAGES.get(language[:2].lower(), ENGLISH)


def subject(language: str, facts: ReminderFacts) -> str:
    return wording_for(language).subject.format(clinic=_one_line(facts.clinic))


def letter(language: str, facts: ReminderFacts) -> str:
    """The text of an e-mail."""
    words = wording_for(language)
    when = words.when.format(
        day=words.days[facts.starts_at.weekday()],
        date=facts.starts_at.day,
        month=words.months[facts.starts_at.month - 1],
        time=f"{facts.starts_at:%H:%M}",
    )
    told = words.body.format(first_name=facts.first_name, clinic=facts.clinic, when=when, address=facts.address)
    answer = words.known if facts.is_confirmed else words.ask
    call = words.call.format(phone=facts.phone) if facts.phone else ""
    return f"{told.strip()}\n\n{answer}\n\n{words.otherwise.format(link=facts.link)}\n{call}".strip()


def text_message(language: str, facts: ReminderFacts) -> str:
    """The text of an SMS: with the address, or the first part of it, as far as 160 characters reach."""
    texts = [_short(language, facts, where) for where in (*_shorter_and_shorter(_one_line(facts.address)), "")]
    return next((text for text in texts if len(text) - len(facts.link) <= MOST_CHARACTERS), texts[-1])


def _short(language: str, facts: ReminderFacts, where: str) -> str:
    words = wording_for(language)
    clinic = _one_line(facts.clinic)[:MOST_OF_A_NAME].strip()
    day, month = words.short_days[facts.starts_at.weekday()], words.short_months[facts.starts_at.month - 1]
    when = f"{day} {facts.starts_at.day} {month} {facts.starts_at:%H:%M}"
    told = words.short.format(clinic=clinic, when=when, where=f", {where}" if where else "")
    answer = words.short_known if facts.is_confirmed else words.short_ask
    return f"{told} {answer} {words.short_otherwise.format(link=facts.link)}"


def _shorter_and_shorter(address: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[,;]", address) if part.strip()]
    return [", ".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\s,]*\n\s*", ", ", text.strip()).split())
