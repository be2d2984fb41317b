"""What patients write most, in the plainest words: each is read alike on every channel, with our question and without.

The training data look for the hard cases; nothing that is learnt from them may cost these.
"""

import pytest

from app.llm.base import PatientText
from app.llm.offline.provider import OfflineLanguageModel
from app.models.enums import ChannelType, Intent

INVITATION = "Hi Anna, it is time for your check-up at Willow Street Dental. Shall we find a time?"
REMINDER = "Reminder: your visit is on Tuesday 24 Nov at 10:00. Reply C to confirm."

ANSWERS: dict[Intent, tuple[str, ...]] = {
    Intent.BOOKING_REQUEST: (
        "Yes please",
        "Yes, I would like to book",
        "Sure, what times do you have?",
        "Do you have anything on Friday?",
        "Can I come in next week?",
        "I would love to come, Thursday afternoon works",
        "ok book me",
        "I need an appointment",
        "Can I make an appointment for my son?",
        "Tuesday at 10 works for me",
    ),
    Intent.SERVICE_DENIAL: (
        "No thanks",
        "Not interested",
        "No thank you, I am not interested any more.",
        "No longer interested",
        "I already have a dentist",
        "We have found another dentist, thank you",
        "Not at the moment, thanks",
        "We have moved away",
        "Too expensive for me",
        "Not now, maybe next year",
        "I don't need it any more",
    ),
    Intent.QUESTION: (
        "How much is whitening?",
        "What are your opening hours?",
        "Do you take Delta Dental?",
        "Is there parking?",
        "Do you treat children?",
        "Do you offer payment plans?",
    ),
    Intent.OPT_OUT: (
        "STOP",
        "Unsubscribe",
        "Please stop texting me",
        "Remove me from your list",
        "Do not contact me again",
        "I don't want any more messages",
    ),
    Intent.EMERGENCY: (
        "I have severe tooth pain",
        "My face is swollen",
        "My tooth got knocked out",
        "I can't stop the bleeding",
    ),
    Intent.COMPLAINT: (
        "I am very unhappy with my last visit",
        "Your receptionist was rude",
        "You overcharged me",
    ),
    Intent.IRRELEVANT: ("Thanks", "Thank you!", "Happy holidays", "I would like to speak to a person"),
}
TO_A_REMINDER: dict[Intent, tuple[str, ...]] = {
    Intent.RESCHEDULE: (
        "Can I move my appointment to Friday?",
        "I need to reschedule",
        "Could we do Wednesday instead?",
        "I can't make Tuesday, can we do Thursday?",
    ),
    Intent.CANCEL: (
        "Please cancel my appointment",
        "I can't make it",
        "Cancel please",
        "I won't be able to come tomorrow",
    ),
}


def lines(table: dict[Intent, tuple[str, ...]]) -> list[tuple[str, Intent]]:
    return [(text, intent) for intent, texts in table.items() for text in texts]


async def readings(text: str, *previous: str | None) -> set[Intent]:
    model = OfflineLanguageModel()
    messages = [PatientText(text, channel, asked) for channel in ChannelType for asked in previous]
    return {(await model.analyse(message)).intent for message in messages}


@pytest.mark.parametrize(("text", "intent"), lines(ANSWERS))
async def test_an_answer_to_an_invitation_or_to_nothing(text: str, intent: Intent) -> None:
    assert await readings(text, INVITATION, None) == {intent}


@pytest.mark.parametrize(("text", "intent"), lines(TO_A_REMINDER))
async def test_an_answer_to_a_reminder(text: str, intent: Intent) -> None:
    assert await readings(text, REMINDER) == {intent}
