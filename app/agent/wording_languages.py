"""The agent's fixed sentences in Spanish and French, found by the English ones (agent.md section 4, "in kind").

A sentence that is missing here is said in English; a test holds each table to the same sentences and fields.
"""

from app.agent import wording_english as english

SPANISH = {
    english.BOOKING_LINK: "Gracias, {first_name}. Elija aquí la hora que mejor le venga: {link}",
    english.DECLINED: (
        "Gracias por avisarnos, {first_name}. No volveremos a escribirle sobre esto. "
        "Si cambia de opinión, basta con responder a este mensaje."
    ),
    english.HANDED_OVER: (
        "Gracias, {first_name}. Una persona de nuestro equipo leerá su mensaje y le responderá personalmente."
    ),
    english.HANDED_OVER_WITH_LINK: (
        "Gracias, {first_name}. Una persona de nuestro equipo leerá su mensaje y le responderá personalmente. "
        "Si ya sabe cuándo quiere venir, puede elegir una hora aquí: {link}"
    ),
    english.EMERGENCY: (
        "{first_name}, por favor llámenos ahora mismo: {emergency_phone}. "
        "Llame al número de emergencias si no puede respirar o sangra mucho. Nuestro equipo ya sabe de su mensaje."
    ),
    english.ANSWER: "{answer}\n\nSi desea venir, puede elegir una hora aquí: {link}",
    english.VISIT_CONFIRMED: "Gracias, {first_name}. Le esperamos {when}.",
    english.VISIT_LATE: "Gracias por avisarnos, {first_name}. Nuestro equipo sabe que llegará tarde.",
    english.VISIT_ELSEWHEN: (
        "Gracias por avisarnos, {first_name}. Para cambiar o anular su visita, prevista {when}: {link}"
    ),
    english.VISIT_HAS_BEGUN: "Gracias por avisarnos, {first_name}. Para elegir otra hora, por favor llámenos: {phone}",
    english.VISITS: "Gracias, {first_name}. Para cambiar o anular una visita, elíjala aquí:\n{lines}",
    english.OFFER_DECLINED: (
        "Gracias por avisarnos, {first_name}. Dejamos libre esta hora; usted sigue en nuestra lista."
    ),
    english.OFFER_NOT_HAD: "{said} Para ver lo que está libre: {link}",
    english.PERSON_ANSWERS_TOO: "{said} Una persona de nuestro equipo responderá a su pregunta.",
    english.STOP_BY_MAIL: "Para no recibir más mensajes nuestros, responda con la palabra STOP.",
    english.STOP_BY_TEXT: "Responda STOP para no recibir más.",
    english.OUR_PRACTICE: "nuestra clínica",
}
FRENCH = {
    english.BOOKING_LINK: "Merci, {first_name}. Choisissez ici l'heure qui vous convient : {link}",
    english.DECLINED: (
        "Merci de nous avoir prévenus, {first_name}. Nous ne vous écrirons plus à ce sujet. "
        "Si vous changez d'avis, répondez simplement à ce message."
    ),
    english.HANDED_OVER: (
        "Merci, {first_name}. Un membre de notre équipe lira votre message et vous répondra personnellement."
    ),
    english.HANDED_OVER_WITH_LINK: (
        "Merci, {first_name}. Un membre de notre équipe lira votre message et vous répondra personnellement. "
        "Si vous savez déjà quand vous souhaitez venir, vous pouvez choisir une heure ici : {link}"
    ),
    english.EMERGENCY: (
        "{first_name}, appelez-nous tout de suite, s'il vous plaît : {emergency_phone}. "
        "Appelez le numéro d'urgence si vous n'arrivez pas à respirer ou si vous saignez beaucoup. "
        "Notre équipe est prévenue de votre message."
    ),
    english.ANSWER: "{answer}\n\nSi vous souhaitez venir, vous pouvez choisir une heure ici : {link}",
    english.VISIT_CONFIRMED: "Merci, {first_name}. Au plaisir de vous voir {when}.",
    english.VISIT_LATE: "Merci de nous avoir prévenus, {first_name}. Notre équipe sait que vous serez en retard.",
    english.VISIT_ELSEWHEN: (
        "Merci de nous avoir prévenus, {first_name}. Pour déplacer ou annuler votre visite, prévue {when} : {link}"
    ),
    english.VISIT_HAS_BEGUN: (
        "Merci de nous avoir prévenus, {first_name}. Pour choisir une autre heure, appelez-nous : {phone}"
    ),
    english.VISITS: "Merci, {first_name}. Pour déplacer ou annuler une visite, choisissez-la ici :\n{lines}",
    english.OFFER_DECLINED: (
        "Merci de nous avoir prévenus, {first_name}. Nous laissons cette heure ; vous restez sur notre liste."
    ),
    english.OFFER_NOT_HAD: "{said} Pour voir ce qui est libre : {link}",
    english.PERSON_ANSWERS_TOO: "{said} Un membre de notre équipe répondra à votre question.",
    english.STOP_BY_MAIL: "Pour ne plus recevoir nos messages, répondez par le mot STOP.",
    english.STOP_BY_TEXT: "Répondez STOP pour ne plus rien recevoir.",
    english.OUR_PRACTICE: "notre cabinet",
}
TRANSLATIONS = {"es": SPANISH, "fr": FRENCH}


def said_in(language: str, sentence: str) -> str:
    """The sentence in this language (ISO 639-1, a region may follow), else as it is."""
    return TRANSLATIONS.get(language[:2].lower(), {}).get(sentence, sentence)
