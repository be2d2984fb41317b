"""Reading "C", "running late" and "can't make it": wordings in three languages, and what only looks like them."""

import pytest

from app.domain.confirmation_words import Said, read, read_all
from app.domain.phrases import normalise
from app.domain.screening import screen_words
from app.models.enums import ChannelType, ConfirmationStatus, Intent

S = ConfirmationStatus

CONFIRMS = [
    "C", "c", "c!", "C.", "(c)", "c please", "C, thanks", "C - thanks Dr Lee!", "yes", "Yes!", "YES PLEASE", "Yep",
    "yes thank you for the reminder", "yes I will be there", "Yes I can make it", "confirm", "Confirmed", "CONFIRMED!!",
    "I confirm", "I can confirm", "We confirm our appointment", "Hi, confirming my appointment", "see you then",
    "See you tomorrow!", "c u there", "cu tomorrow", "see you on Tuesday", "I'll be there", "Ill be there",
    "will be there", "Looking forward to it", "Count me in", "👍", "👍🏽", "✅", "ok", "Ok thanks", "OK 👍",
    "perfect, thank you", "sounds good, see you then", "Still coming!", "we are coming", "yes that works for me",
    "si", "Sí", "Sí, confirmo", "confirmo", "Confirmada, gracias", "vale, gracias", "allí estaré", "nos vemos",
    "oui", "Oui je confirme", "je confirme", "Je vous confirme ma présence", "j'y serai", "à demain", "je serai là",
    "d'accord, merci", "don't cancel, I'll be there", "I don't need to cancel, see you then",
    "I won't be late, see you then",
]  # fmt: skip
LATE = [
    "running late", "Running late!", "I'm running about 10 min late sorry", "running 5 behind", "15 min late",
    "I'll be 15 minutes late", "we will be a bit late", "gonna be late", "might be a few minutes late", "arriving late",
    "stuck in traffic", "Sorry, stuck in traffic on I-90", "I got held up at work", "train is delayed, 20 min late",
    "voy a llegar tarde", "llego tarde", "llegaré 10 minutos tarde", "je serai en retard", "10 minutes de retard",
    "j'ai du retard, désolé", "yes but I'm running late",
]  # fmt: skip
CANNOT = [
    "can't make it", "I can’t make it tomorrow", "cant make it", "I cannot come", "won't be able to come",
    "will not be able to make it", "unable to attend", "not able to make my appointment", "I'm not going to make it",
    "not coming", "I can no longer make it", "something came up", "I have to miss my appointment",
    "that time doesn't work for me", "Tuesday does not work", "need to move it", "can we move it?",
    "Could we reschedule please", "I need to reschedule", "please move my appointment", "I need another time",
    "Is there a later slot?", "I need to cancel", "please cancel my appointment", "I have to cancel, sorry",
    "Yes, but I need a different day", "C but can we change the time?", "running late, I won't make it",
    "no puedo ir", "No podré asistir", "necesito cambiar la cita", "quiero cancelar mi cita",
    "je ne peux pas venir", "je ne pourrai pas venir demain", "je dois annuler",
    "il faut que je déplace mon rendez-vous",
]  # fmt: skip
NOTHING = [
    "", "   ", "!!!", "?", "C?", "yes?", "no", "N", "nope", "👎", "maybe", "thanks", "Thank you!", "who is this?",
    "wrong number", "where do I park?", "how late are you open?", "is it too late to come?", "am I late?",
    "I'm not running late", "not going to be late", "sorry for the late reply", "what if I am late?",
    "not able to confirm yet", "I can't confirm", "I can't confirm yet, will let you know", "cannot confirm right now",
    "can you confirm the time?", "Could you confirm that Dr Lee is in?", "Please confirm my address",
    "will confirm later", "I'll confirm tomorrow", "I have not confirmed", "no confirmo", "je ne confirme pas",
    "je ne peux pas confirmer", "I will be there if my boss lets me", "not sure I'll be there", "I hope to be there",
    "I'll try to be there", "yes 3pm works", "yes, no", "I never booked this", "I did not make this appointment",
    "yes I booked elsewhere already", "what's your cancellation policy?", "is there a fee if I cancel?",
    "no need to reschedule", "change my phone number please", "the link does not work", "I would like to book",
    "does my son need to come?", "Can I still come?", "how do I confirm?", "Should I confirm?", "See you never",
    "vitamin C", "Vitamin C or D?", "Plan C", "can't wait!", "my tooth is fine now",
]  # fmt: skip


@pytest.mark.parametrize("text", CONFIRMS)
def test_it_confirms(text: str) -> None:
    assert read(text, asked=True).status is S.CONFIRMED


@pytest.mark.parametrize("text", LATE)
def test_it_says_late(text: str) -> None:
    assert read(text, asked=True).status is S.RUNNING_LATE


@pytest.mark.parametrize("text", CANNOT)
def test_it_says_that_they_cannot_come(text: str) -> None:
    assert read(text, asked=True).status is S.CANNOT_COME


@pytest.mark.parametrize("text", NOTHING)
def test_it_says_nothing_plain(text: str) -> None:
    assert read(text, asked=True).status is None


@pytest.mark.parametrize(
    "text", ["yes", "C", "ok", "👍", "si", "oui", "perfect, thank you", "vale, gracias", "sure", "d'accord"]
)
def test_a_bare_yes_answers_nothing_that_was_not_asked(text: str) -> None:
    assert read(text, asked=False) == Said(None)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("running late", S.RUNNING_LATE),
        ("I can't make it", S.CANNOT_COME),
        ("I confirm my appointment", S.CONFIRMED),
        ("see you then", S.CONFIRMED),
    ],
)
def test_plain_words_need_no_question_of_ours(text: str, status: ConfirmationStatus) -> None:
    assert read(text, asked=False).status is status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("yes but where do I park?", S.CONFIRMED),
        ("yes but where do i park", S.CONFIRMED),
        ("C. Do you take Visa?", S.CONFIRMED),
        ("See you then! Is there parking?", S.CONFIRMED),
        ("sí, ¿dónde aparco?", S.CONFIRMED),
        ("Running late, is that ok?", S.RUNNING_LATE),
    ],
)
def test_a_question_beside_it_is_heard_as_well(text: str, status: ConfirmationStatus) -> None:
    assert read(text, asked=True) == Said(status, has_question=True)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["can't make it", "sorry, wrong day! I'll be there"], Said(S.CONFIRMED)),
        (["C", "oh no, I can't make it after all"], Said(S.CANNOT_COME)),
        (["C", "where do I park?"], Said(S.CONFIRMED, has_question=True)),
        (["hello", "who is this?"], Said(None)),
        ([], Said(None)),
    ],
)
def test_of_several_messages_the_last_plain_word_counts(texts: list[str], said: Said) -> None:
    assert read_all(texts, asked=True) == said


@pytest.mark.parametrize("text", ["STOP", "C stop texting me", "cancel", "yes, unsubscribe me", "arret"])
def test_a_stop_is_found_before_any_of_it_is_read(text: str) -> None:
    assert screen_words(normalise(text), ChannelType.SMS).kind is Intent.OPT_OUT


@pytest.mark.parametrize(
    "text", ["c " * 5_000, "yes" * 9_000, "running " * 8_000 + "late", "(" * 50_000, "\u200b" * 9_000]
)
def test_endless_and_hostile_text_says_nothing_and_ends(text: str) -> None:
    assert read(text, asked=True).status is None
