"""Texts that the front desk answers with every day, to start from; a person edits and sends them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """`text` may hold {first_name}, {clinic}, {phone} and {booking}."""

    name: str
    text: str


TEMPLATES: dict[str, tuple[ReplyTemplate, ...]] = {
    "en": (
        ReplyTemplate("We will call you", "Hello {first_name}, thank you for writing. We will call you today."),
        ReplyTemplate("Please call us", "Hello {first_name}, could you call us at {phone}? That way we can help best."),
        ReplyTemplate("Book online", "Hello {first_name}, you can choose a time that suits you here: {booking}"),
        ReplyTemplate("Thank you", "Thank you, {first_name}. See you soon at {clinic}."),
    ),
    "es": (
        ReplyTemplate("We will call you", "Hola {first_name}, gracias por escribirnos. Le llamamos hoy mismo."),
        ReplyTemplate("Please call us", "Hola {first_name}, ¿puede llamarnos al {phone}? Así le ayudamos mejor."),
        ReplyTemplate("Book online", "Hola {first_name}, aquí puede elegir la hora que le convenga: {booking}"),
        ReplyTemplate("Thank you", "Gracias, {first_name}. Hasta pronto en {clinic}."),
    ),
    "fr": (
        ReplyTemplate(
            "We will call you", "Bonjour {first_name}, merci pour votre message. Nous vous appelons aujourd'hui."
        ),
        ReplyTemplate(
            "Please call us", "Bonjour {first_name}, pouvez-vous nous appeler au {phone} ? Ce sera plus simple."
        ),
        ReplyTemplate("Book online", "Bonjour {first_name}, choisissez l'heure qui vous convient ici : {booking}"),
        ReplyTemplate("Thank you", "Merci, {first_name}. À bientôt chez {clinic}."),
    ),
}
"""By the patient's language (ISO 639-1)."""

FALLBACK = "en"


def filled(language: str, *, first_name: str, clinic: str, phone: str, booking: str) -> list[ReplyTemplate]:
    """The templates in this language, else in English, with the values in place; those that lack a value are left out.

    Whatever the values hold is text: no braces in a name can name another field.
    """
    values = {"first_name": first_name, "clinic": clinic, "phone": phone, "booking": booking}
    chosen = TEMPLATES.get(language, TEMPLATES[FALLBACK])
    return [
        ReplyTemplate(each.name, each.text.format(**values))
        for each in chosen
        if all(value for name, value in values.items() if f"{{{name}}}" in each.text)
    ]
