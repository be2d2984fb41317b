"""What the demo clinic wrote in the past year: no price, no promise, no procedure (trust.md 4.4)."""

from app.models.enums import CampaignType

FollowUps = tuple[str, tuple[str, str, str]]
"""A subject, and the body of each attempt in turn."""

FOLLOW_UPS: dict[tuple[str, CampaignType], FollowUps] = {
    ("en", CampaignType.RECALL): (
        "Your next visit to {clinic}",
        (
            "Hello {first_name}, it is time for your next regular visit. Would you like to choose a day?",
            "Hello {first_name}, a short reminder: your regular visit is due. Choosing a time takes a minute.",
            "Hello {first_name}, this is our last reminder for now. Choose a time, or simply answer this message.",
        ),
    ),
    ("en", CampaignType.RECOVERY): (
        "Your question to {clinic}",
        (
            "Hello {first_name}, you asked us about a treatment. Is there anything that we can explain?",
            "Hello {first_name}, we have not heard from you since your question. Would you like to come in and talk?",
            "Hello {first_name}, this is our last message. If you would like to come in, choose a time.",
        ),
    ),
    ("es", CampaignType.RECALL): (
        "Su próxima visita a {clinic}",
        (
            "Hola, {first_name}: ya le toca su próxima visita. ¿Quiere elegir el día que mejor le venga?",
            "Hola, {first_name}: le recordamos su visita pendiente. Elegir una hora lleva un minuto.",
            "Hola, {first_name}: este es nuestro último aviso por ahora. Elija una hora o responda a este mensaje.",
        ),
    ),
    ("es", CampaignType.RECOVERY): (
        "Su pregunta a {clinic}",
        (
            "Hola, {first_name}: nos preguntó por un tratamiento. ¿Hay algo que podamos explicarle?",
            "Hola, {first_name}: no hemos sabido de usted desde su pregunta. ¿Le gustaría venir a hablar?",
            "Hola, {first_name}: este es nuestro último mensaje. Si le gustaría venir, elija una hora cuando quiera.",
        ),
    ),
    ("fr", CampaignType.RECALL): (
        "Votre prochaine visite chez {clinic}",
        (
            "Bonjour {first_name}, votre prochaine visite approche. Voulez-vous choisir le jour qui vous convient ?",
            "Bonjour {first_name}, un petit rappel de votre visite. Choisir une heure prend une minute.",
            "Bonjour {first_name}, voici notre dernier rappel. Choisissez une heure ou répondez à ce message.",
        ),
    ),
    ("fr", CampaignType.RECOVERY): (
        "Votre question à {clinic}",
        (
            "Bonjour {first_name}, vous nous avez posé une question. Pouvons-nous vous expliquer quelque chose ?",
            "Bonjour {first_name}, nous n'avons plus de nouvelles de vous. Voulez-vous venir en parler ?",
            "Bonjour {first_name}, voici notre dernier message. Si vous souhaitez venir, choisissez une heure.",
        ),
    ),
}

NUDGES = {
    "en": "Hello {first_name}, the link that we sent you is still open. Just pick a time that suits you.",
    "es": "Hola, {first_name}: el enlace que le enviamos sigue abierto. Elija la hora que le convenga.",
    "fr": "Bonjour {first_name}, le lien que nous vous avons envoyé est encore ouvert. Choisissez une heure.",
}

YES_IN_OTHER_LANGUAGES = {
    "es": "Sí, con mucho gusto. ¿Tienen algo el jueves por la tarde?",
    "fr": "Oui, volontiers. Auriez-vous quelque chose samedi matin ?",
}

EMERGENCY = "Part of my crown broke off and my cheek is swelling up since this morning. The pain is unbearable."
STILL_WAITING = "Hello? I wrote yesterday and would still like to know."
BOOKED_ELSEWHERE = "Called the front desk: has an appointment with another dentist."

PATIENT_NOTES = (
    "Prefers mornings.",
    "Nervous about treatment; likes things explained step by step.",
    "Please call before 6 pm only.",
    "Uses a wheelchair: treatment room 2.",
    "Latex allergy noted on the chart.",
    "Likes to be seen together with the partner.",
)
