"""What a patient is told about a visit that was booked, moved or cancelled, by e-mail and text (trust.md 2.7).

The English sentences name the others; the time is spoken as the reminders speak it.
"""

from datetime import datetime

from app.domain.reminder_wording import wording_for

_CALL_US = "\n{address}\n\nTo move or cancel it: {manage_url}\nOr call {phone}."
BOOKED = "Hello {first_name},\n\nyour visit at {clinic} is booked for {when}." + _CALL_US
MOVED = "Hello {first_name},\n\nyour visit at {clinic} has moved to {when}." + _CALL_US
CANCELLED = (
    "Hello {first_name},\n\nyour visit at {clinic} on {when} is cancelled.\n\n"
    "To choose another time: {book_url}\nOr call {phone}."
)
_CALL_US_ES = "\n{address}\n\nPara cambiarla o anularla: {manage_url}\nO llame al {phone}."
_CALL_US_FR = "\n{address}\n\nPour la déplacer ou l'annuler : {manage_url}\nOu appelez le {phone}."
TRANSLATIONS = {
    "es": {
        BOOKED: "Hola {first_name}:\n\nsu visita en {clinic} está reservada: {when}." + _CALL_US_ES,
        MOVED: "Hola {first_name}:\n\nsu visita en {clinic} ha cambiado: ahora es {when}." + _CALL_US_ES,
        CANCELLED: (
            "Hola {first_name}:\n\nsu visita en {clinic}, prevista {when}, está anulada.\n\n"
            "Para elegir otra hora: {book_url}\nO llame al {phone}."
        ),
    },
    "fr": {
        BOOKED: "Bonjour {first_name},\n\nvotre visite à {clinic} est réservée : {when}." + _CALL_US_FR,
        MOVED: "Bonjour {first_name},\n\nvotre visite à {clinic} a changé : elle a lieu {when}." + _CALL_US_FR,
        CANCELLED: (
            "Bonjour {first_name},\n\nvotre visite à {clinic}, prévue {when}, est annulée.\n\n"
            "Pour choisir une autre heure : {book_url}\nOu appelez le {phone}."
        ),
    },
}


def said_in(language: str, sentence: str) -> str:
    """The sentence in this language (ISO 639-1, a region may follow), else as it is."""
    return TRANSLATIONS.get(language[:2].lower(), {}).get(sentence, sentence)


def spoken(starts_at: datetime, language: str) -> str:
    """`Tuesday 24 November at 14:30`; `starts_at` is in the clinic's zone."""
    words = wording_for(language)
    return words.when.format(
        day=words.days[starts_at.weekday()],
        date=starts_at.day,
        month=words.months[starts_at.month - 1],
        time=f"{starts_at:%H:%M}",
    )
