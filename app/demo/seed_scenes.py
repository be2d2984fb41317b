"""The scenes that past conversations are made of: a reply and what the agent, the staff or the calendar made of it."""

from datetime import datetime, timedelta

from app.agent import wording
from app.demo.content.loader import PatientReply, ReplyKind
from app.demo.seed_calendar import book, complete, withdraw
from app.demo.seed_messages import EMERGENCY, YES_IN_OTHER_LANGUAGES
from app.demo.seed_rows import Said
from app.demo.seed_story import Story
from app.domain.campaign_status import CampaignEvent
from app.models.appointments import Appointment
from app.models.base import derived_id
from app.models.campaigns import HandoffDetails
from app.models.enums import (
    AppointmentSource,
    AppointmentStatus,
    Author,
    CampaignStatus,
    ChannelType,
    FunnelStatus,
    HandoffPriority,
    Intent,
    MessageKind,
    Sentiment,
)
from app.models.patients import OptOut
from app.models.services import Service
from app.models.users import User
from app.services import audit, confirmations, handoff_notices, opt_outs

WHY = {
    Intent.QUESTION: "no article holds the answer",
    Intent.COMPLAINT: "the patient is unhappy",
    Intent.CANCEL: "wants to cancel a visit",
    Intent.RESCHEDULE: "wants to move a visit",
    Intent.EMERGENCY: "emergency words",
}
ONLY_PATIENTS_SAY = ("last time", "last visit", "turn down the claim", "charged me", "receptionist", "the cleaning")
"""Words of people who have been at the clinic before."""
ASKED_BEFORE = "decided against the whitening"
SUGGESTED = "Thank you for writing, {first_name}. I am looking into this and will call you today."
EMERGENCY_SAID = Said(text=EMERGENCY, intent=Intent.EMERGENCY, sentiment=Sentiment.NEGATIVE)


def reply_of(story: Story, kind: ReplyKind) -> PatientReply:
    """One of the example replies of a kind that this person could have written."""
    inquiry = story.campaign.initial_inquiry or ""
    fitting = [
        reply
        for reply in story.stage.talk.replies_of(kind)
        if not (story.is_recovery and any(phrase in reply.text.lower() for phrase in ONLY_PATIENTS_SAY))
        and (ASKED_BEFORE not in reply.text or "whit" in inquiry)
    ]
    return story.stage.rng.choice(fitting)


def said(reply: PatientReply) -> Said:
    return Said(text=reply.text, intent=reply.intent, sentiment=reply.sentiment, wants_article=reply.wants_article)


def fill(story: Story, template: str, **values: str) -> str:
    return wording.fill(template, patient=story.person.patient, clinic=story.stage.practice.clinic, **values)


def asks_to_come(story: Story) -> None:
    """A yes: the booking link goes out."""
    yes = said(reply_of(story, ReplyKind.BOOKING))
    own_words = YES_IN_OTHER_LANGUAGES.get(story.person.patient.language, yes.text)
    story.hears(Said(text=own_words, intent=yes.intent, sentiment=yes.sentiment), outcome="replied")
    story.re_engage()
    story.campaign.engagement_summary = story.stage.summary_of(ReplyKind.BOOKING)
    link = story.form_sent()
    story.answer(story.reply_key, MessageKind.REPLY, fill(story, wording.BOOKING_LINK, link=link))


def asks_question(story: Story) -> None:
    """A question that an article answers: the answer names its source and brings the link."""
    reply = reply_of(story, ReplyKind.QUESTION_ANSWERED)
    article = next(each for each in story.stage.practice.articles if each.title == reply.answered_by)
    story.hears(said(reply), outcome="replied")
    story.re_engage()
    story.campaign.engagement_summary = story.stage.summary_of(ReplyKind.QUESTION_ANSWERED)
    body = fill(story, wording.ANSWER, answer=_best_line(article.body, reply.text), link=story.form_sent())
    confidence = round(story.stage.rng.uniform(0.72, 0.97), 2)
    story.answer(story.reply_key, MessageKind.REPLY, body, sources=[str(article.id)], confidence=confidence)


def _best_line(body: str, question: str) -> str:
    """The line of an article that shares most words with the question."""
    asked = {word for word in question.lower().split() if len(word) > 3}
    return max(body.splitlines(), key=lambda line: len(asked & set(line.lower().rstrip(".").split())))


def answers_automatically(story: Story) -> None:
    """An out-of-office note: stored, not answered, and it re-engages nobody (D-17)."""
    story.hears(said(reply_of(story, ReplyKind.OUT_OF_OFFICE)), outcome="nothing_to_do")
    story.campaign.engagement_summary = story.stage.summary_of(ReplyKind.OUT_OF_OFFICE)


def declines(story: Story) -> None:
    """A no: one polite message closes the campaign."""
    story.hears(said(reply_of(story, ReplyKind.DENIAL)), outcome="patient_declined")
    story.re_engage()
    story.campaign.engagement_summary = story.stage.summary_of(ReplyKind.DENIAL)
    key = story.reply_key
    story.move(CampaignEvent.PATIENT_DECLINED)
    story.answer(key, MessageKind.REPLY, fill(story, wording.DECLINED))


def stops(story: Story) -> None:
    """A stop: recorded, confirmed once, and the campaign is closed (`app.services.opt_outs.stop_address`)."""
    story.hears(said(reply_of(story, ReplyKind.OPT_OUT)), outcome="opted_out")
    story.campaign.engagement_summary = story.stage.summary_of(ReplyKind.OPT_OUT)
    channel = story.campaign.channel
    heard = story.stage.ledger.interactions[-1]
    stop = OptOut(channel=channel.type, at=story.at, source=f"interaction:{heard.id}")
    story.person.patient.opt_outs.append(stop)
    story.move(CampaignEvent.OPTED_OUT, by=audit.SYSTEM)
    story.answer(
        f"opt-out:{channel.type}:{channel.address}",
        MessageKind.OPT_OUT_CONFIRMATION,
        opt_outs.CONFIRMATION,
        author=Author.SYSTEM,
        subject="You are off our list" if channel.type is ChannelType.EMAIL else "",
    )


def needs_a_person(story: Story, message: Said, *, assigned_to: User | None = None) -> None:
    """The agent hands over, with a summary and one message to the patient (D-18)."""
    is_urgent = message.intent is Intent.EMERGENCY
    priority = HandoffPriority.URGENT if is_urgent else HandoffPriority.NORMAL
    story.hears(message, outcome="human_needed")
    story.re_engage()
    story.move(CampaignEvent.HUMAN_NEEDED)
    story.campaign.handoff_details = HandoffDetails(
        reason=f"{message.intent}: {WHY[message.intent]}",
        priority=priority,
        summary=f"{story.person.patient.first_name} wrote: {message.text}",
        patient_question=message.text,
        suggested_reply=None if is_urgent else SUGGESTED.format(first_name=story.person.patient.first_name),
        created_at=story.at,
        assigned_to=assigned_to.id if assigned_to else None,
        due_at=handoff_notices.due_at(story.stage.practice.clinic, priority, story.at),
    )
    story.campaign.engagement_summary = story.campaign.handoff_details.summary
    template = wording.EMERGENCY if is_urgent else wording.HANDED_OVER
    story.answer(story.reply_key, MessageKind.HANDOFF, fill(story, template))


def staff_answers(story: Story, user: User, text: str, *, target: CampaignStatus | None) -> None:
    """A person answers and, if asked, takes the campaign on (`app.services.conversations.respond`)."""
    story.wait_for_staff()
    actor, handoff = f"user:{user.id}", story.campaign.handoff_details
    if target:
        story.move_by_staff(target, by=actor)
        if handoff:
            handoff.resolved_at, handoff.resolved_by = story.at, user.id
    key = derived_id("demo", "staff", story.campaign.id, story.at.isoformat())
    story.stage.audit(story.campaign, actor=actor, action="campaign.answered", details={}, at=story.at)
    story.answer(f"staff:{story.campaign.id}:{key}", MessageKind.STAFF, text, author=Author.STAFF, written_by=user.id)


def service_wanted(story: Story) -> Service:
    """A recall is for the regular check-up; a cold lead asked about one treatment."""
    if not story.is_recovery:
        return story.stage.practice.services["checkup_and_cleaning"]
    inquiries = {inquiry.text: inquiry.service_id for inquiry in story.stage.talk.inquiries}
    return story.stage.practice.services[inquiries[story.campaign.initial_inquiry or ""]]


def books(story: Story, *, after: datetime) -> Appointment:
    """The patient books through the link: the first free start after an instant, confirmed by message."""
    stage, person, service = story.stage, story.person, service_wanted(story)
    provider, start = stage.calendar.find(person, service, after=after, rng=stage.rng)
    visit = book(
        stage.calendar,
        person,
        service,
        provider=provider,
        start=start,
        booked_at=story.at,
        source=AppointmentSource.AI_AGENT_FORM,
        campaign=story.campaign,
    )
    story.campaign.booking_funnel.status = FunnelStatus.FORM_SUBMITTED
    story.campaign.booking_funnel.submitted_at = story.campaign.booked_at = story.at
    story.move(CampaignEvent.PATIENT_BOOKED, by=f"patient:{person.patient.id}")
    _confirm(story, visit, confirmations.BOOKED)
    return visit


def _confirm(story: Story, visit: Appointment, template: str) -> None:
    clinic, is_booked = story.stage.practice.clinic, visit.status is AppointmentStatus.BOOKED
    body = template.format(
        first_name=story.person.patient.first_name,
        clinic=clinic.name,
        when=confirmations.spoken_time(visit, clinic),
        address=clinic.address,
        phone=clinic.phone,
        manage_url=story.stage.new_manage_link(visit, story.at) if is_booked else "",
        book_url="" if is_booked else story.stage.new_link(story.campaign, story.at),
    )
    key = f"visit:{visit.id}:{visit.ics_sequence}:{visit.status}"
    story.answer(key, MessageKind.CONFIRMATION, body, author=Author.SYSTEM)


def says_thanks(story: Story) -> None:
    """Thanks need neither an answer nor a person."""
    story.hears(said(reply_of(story, ReplyKind.THANKS)), outcome="kept_for_staff")


def comes(story: Story, visit: Appointment, user: User, *, follow_up: timedelta) -> None:
    """The visit is completed: RECOVERED."""
    story.at = complete(story.stage.calendar, story.person, visit, follow_up=follow_up)
    _ended(story, visit, user, CampaignEvent.VISIT_COMPLETED, "completed")


def cancels(story: Story, visit: Appointment, user: User) -> None:
    """The patient asks to cancel, staff do it, and the campaign is open again."""
    story.hears(said(reply_of(story, ReplyKind.CANCEL)), outcome="kept_for_staff")
    story.wait(0.3, 1)
    withdraw(story.stage.calendar, visit, AppointmentStatus.CANCELLED, at=story.at)
    _ended(story, visit, user, CampaignEvent.APPOINTMENT_WITHDRAWN, "cancelled")
    _confirm(story, visit, confirmations.CANCELLED)


def stays_away(story: Story, visit: Appointment, user: User) -> None:
    """The patient does not come; staff note it at the end of the visit."""
    story.at = visit.ends_at
    withdraw(story.stage.calendar, visit, AppointmentStatus.NO_SHOW, at=story.at)
    _ended(story, visit, user, CampaignEvent.APPOINTMENT_WITHDRAWN, "no_show")


def _ended(story: Story, visit: Appointment, user: User, event: CampaignEvent, what: str) -> None:
    """A person ends the visit: the campaign follows, and the audit log says who it was."""
    story.move(event, by=f"user:{user.id}")
    story.stage.audit_visit(visit, actor=f"user:{user.id}", what=what, at=story.at)
