"""Proactive messages in English."""

from app.llm.offline.wording_language import Language, Template

ENGLISH = Language(
    recall=(
        Template(
            subject="Time to plan your next visit to {clinic}",
            body=(
                "Hi {name},\n\nwe hope you are well.{last_visit}{due} Would you like to plan your next check-up "
                "with us?\n\nYou can choose a day and time that suit you with the link below, or just reply to "
                "this message.{closing}\n\nKind regards,\nThe team at {clinic}"
            ),
            short="Hi {name}, this is {clinic}. It is time for your next check-up. Would you like to choose a day? "
            "Use the link below or just reply here.",
        ),
        Template(
            subject="A short reminder from {clinic}",
            body=(
                "Hello {name},\n\na while ago we wrote to you about your regular check-up and have not heard "
                "back yet. We still keep room for you, in the mornings as well as in the afternoons.\n\nIf this "
                "month is difficult, tell us when would be better. Shall we find a time together? The booking "
                "page below shows what is free.{closing}\n\nBest wishes,\n{clinic}"
            ),
            short=(
                "Hello {name}, {clinic} again: your regular visit is still open. Shall we find a time? Answer "
                "with a day you like, or pick one online.{closing}"
            ),
        ),
        Template(
            subject="Would you still like to come and see us?",
            body=(
                "Dear {name},\n\nwe do not want to fill your inbox, so here is one simple question: shall we "
                "plan a visit for you?\n\nA yes or a no is enough, and any question is welcome. Should you "
                "prefer to arrange it yourself, this page is always open.{closing}\n\nWith kind regards,\nYour "
                "dental team at {clinic}"
            ),
            short=(
                "Dear {name}, one simple question from {clinic}: shall we plan a visit for you? A yes or a no is "
                "enough.{closing}"
            ),
        ),
    ),
    recovery=(
        Template(
            subject="Thank you for getting in touch with {clinic}",
            body=(
                "Hi {name},\n\nthank you for your interest in our clinic.{inquiry} A first appointment is the "
                "best moment to look at it together and to answer your questions, without any "
                "obligation.\n\nWould you like to come? Choose a time that suits you with the link below, or "
                "reply to this message.{closing}\n\nKind regards,\nThe team at {clinic}"
            ),
            short="Hi {name}, {clinic} here. Thank you for getting in touch. Would you like to come in for a first "
            "appointment? Choose a time below or reply here.",
        ),
        Template(
            subject="Can we help with anything, {name}?",
            body=(
                "Hello {name},\n\nwe wrote to you a few days ago. Perhaps a question stayed open: how a first "
                "visit goes, what it would involve, or when we are here. Ask us anything; a person reads every "
                "answer that needs one.\n\nAnd if you would rather just meet us, shall we see you soon? The "
                "times that are free stand on the page below.{closing}\n\nBest wishes,\n{clinic}"
            ),
            short=(
                "Hello {name}, did a question stay open? {clinic} is happy to answer by message. Free times for "
                "a first visit are online.{closing}"
            ),
        ),
        Template(
            subject="Shall we keep a place for you?",
            body=(
                "Dear {name},\n\nplans change, and that is quite all right. If seeing a dentist is still on your "
                "mind, we would be glad to welcome you; if not, a short no is enough and we will leave it "
                "there.\n\nShall we keep a place for you? The times that are free stand here.{closing}\n\nWith "
                "kind regards,\nYour dental team at {clinic}"
            ),
            short=(
                "Dear {name}, is a visit to {clinic} still on your mind? If so, take a time online. If not, a "
                "short no is enough.{closing}"
            ),
        ),
    ),
    nudge=Template(
        subject="Your booking page is still open",
        body=(
            "Hi {name},\n\na few days ago we sent you a page to choose your time, and it has not been used yet. "
            "In case it got lost, here it is again. Would one of these times suit you? If not, reply with what "
            "would, and we will see what we can do.\n\nKind regards,\nThe team at {clinic}"
        ),
        short=(
            "Hi {name}, in case it got lost: here again is the page to choose your time at {clinic}. Does one of "
            "the times fit? If not, just tell us what would."
        ),
    ),
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    last_visit="Your last visit with us was in {}.",
    due="The next one was planned for {}.",
    inquiry="You had asked us: “{}”.",
    last_note="This is our last note about it for now.",
    no_name="there",
    no_clinic="your dental clinic",
)
