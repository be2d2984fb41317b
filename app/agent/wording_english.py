"""The agent's fixed sentences in English, which name them in every other language too."""

BOOKING_LINK = "Thank you, {first_name}. Please choose a time that suits you here: {link}"
DECLINED = (
    "Thank you for letting us know, {first_name}. We will not write about this again. "
    "If you change your mind, just answer this message."
)
HANDED_OVER = "Thank you, {first_name}. A member of our team will read your message and answer you personally."
HANDED_OVER_WITH_LINK = (
    HANDED_OVER + " If you already know when you would like to come, you can choose a time here: {link}"
)
EMERGENCY = (
    "{first_name}, please call us right away: {emergency_phone}. "
    "Call the emergency number if you cannot breathe or bleed heavily. Our team has been told about your message."
)
ANSWER = "{answer}\n\nIf you would like to come in, you can choose a time here: {link}"
VISIT_CONFIRMED = "Thank you, {first_name}. We look forward to seeing you on {when}."
VISIT_LATE = "Thank you for telling us, {first_name}. Our team knows that you will be late."
VISIT_ELSEWHEN = "Thank you for telling us, {first_name}. To move or cancel your visit on {when}: {link}"
VISIT_HAS_BEGUN = "Thank you for telling us, {first_name}. To choose another time, please call us: {phone}"
VISITS = "Thank you, {first_name}. To move or cancel a visit, choose it here:\n{lines}"
OFFER_DECLINED = "Thank you for telling us, {first_name}. We let this time go; you stay on our list."
OFFER_NOT_HAD = "{said} To see what is free: {link}"
PERSON_ANSWERS_TOO = "{said} A member of our team will answer your question."
STOP_BY_MAIL = "To hear no more from us, answer with the word STOP."
STOP_BY_TEXT = "Reply STOP to opt out."
OUR_PRACTICE = "our practice"
