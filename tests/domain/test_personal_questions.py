"""Questions that no article may answer are told from those that sound like them (agent.md section 1)."""

import pytest

from app.domain.personal_questions import is_personal


@pytest.mark.parametrize(
    "question",
    [
        "When is my second instalment due?",
        "did u charge me for missing monday",
        "What's my balance?",
        "why have i been charged twice on the 14th??",
        "did my insurance pay for the crown",
        "Has my invoice been paid already?",
        "Did my medical card go through?",
        "When is my next hygienist appointment?",
        "What did Dr. Chen say about my scan?",
        "Is my estimate back from Sun Life?",
        "When is my daughter's next appointment?",
        "what time is my neighbour Janet Hobbs in on friday",
        "Is Frau Schneider from number 9 one of your patients?",
        "is the laughing gas ok with my asthma inhaler",
        "Should I take antibiotics for my abscess?",
        "I am 11 weeks pregnant. Would the X-ray be safe for me?",
        "gum's been a bit tender since tuesday, normal?",
        "My implant feels loose, is this dangerous?",
    ],
)
def test_own_account_own_body_and_other_people_are_for_a_person(question: str) -> None:
    assert is_personal(question)


@pytest.mark.parametrize(
    "question",
    [
        "How much is a cleaning and does it hurt?",
        "Until when can I change my appointment for free?",
        "How do I get my records sent to another dentist?",
        "Can you tell my insurance the cost before we start?",
        "My bracket broke off, do I pay for the repair?",
        "I have toothache, may I just turn up?",
        "How often should I have a cleaning?",
        "Can my 17 year old come alone?",
        "Will you charge me for missing an appointment?",
        "How long do I have to pay the invoice?",
        "May I drive home after a general anaesthetic?",
        "",
    ],
)
def test_questions_about_the_clinic_are_not(question: str) -> None:
    assert not is_personal(question)
