"""The past year of the demo clinic: each part of the cast and how it is played (domain.md sections 3 to 7)."""

from collections.abc import Callable
from datetime import timedelta

from app.demo import seed_running as running
from app.demo import seed_scenes as scenes
from app.demo.content.loader import ReplyKind
from app.demo.seed_clinic import A_YEAR
from app.demo.seed_messages import BOOKED_ELSEWHERE
from app.demo.seed_opening import anybody, begin, daily_run, days_ago
from app.demo.seed_people import RECALL, RECOVERY, Person, Plot
from app.demo.seed_stage import Stage
from app.demo.seed_story import Story
from app.demo.seed_visits import HALF_YEAR, had_visits, missed_a_visit
from app.domain.campaign_status import CampaignEvent
from app.models.enums import CampaignStatus, ChannelType, DecisionOutcome
from app.models.patients import OptOut

MISSED_A_VISIT = 0.3
NO_VARIANTS_WITHIN_DAYS = 60
ONE_ATTEMPT_WITHIN_DAYS = 40


def play(stage: Stage, person: Person) -> None:
    """Let one person's part happen."""
    PLOTS[person.plot](stage, person)
    if not person.campaigns and person.visits and stage.rng.random() < MISSED_A_VISIT:
        missed_a_visit(stage, person)


def _due(stage: Stage, person: Person) -> None:
    if person.kind is RECALL:
        had_visits(stage, person, due_on=stage.practice.today - timedelta(days=person.turn % 7))
    else:
        person.patient.created_at = stage.now - timedelta(hours=2 + 4 * person.turn)


def _lapsed(stage: Stage, person: Person) -> None:
    """Never answered, and the cool-down has just passed: due once more (D-13)."""
    _fails(begin(stage, person, 214 + 2 * person.turn))


def _failed(stage: Stage, person: Person) -> None:
    returns = person.kind is RECOVERY and person.turn % 4 == 0
    story = begin(stage, person, 300 + person.turn if returns else days_ago(person, 36, _oldest(person)))
    _fails(story)
    if returns and story.campaign.closed_at:
        due_at = story.campaign.closed_at + timedelta(days=stage.practice.clinic.outreach.cool_down_days)
        _fails(Story(stage, person, due_at=due_at, opened_at=daily_run(stage, due_at)))


def _oldest(person: Person) -> int:
    """A lead whose campaign ended longer ago than the cool-down would be due again."""
    return 345 if person.kind is RECALL else 195


def _fails(story: Story) -> None:
    if story.is_by_email and story.person.turn % 5 == 1:
        story.write_first(until=story.stage.now, most=1)
        story.wait(0.01, 0.1)
        scenes.answers_automatically(story)
    story.write_first(until=story.stage.now)
    story.at = story.campaign.follow_up_details.next_attempt_at or story.at
    facts = {"attempts_made": story.attempts_made}
    story.stage.decide(story.campaign, DecisionOutcome.REFUSED, "attempts_used_up", facts, at=story.at)
    story.move(CampaignEvent.ATTEMPTS_EXHAUSTED)


def _recovered(stage: Stage, person: Person) -> None:
    days = days_ago(person, 18, 345)
    story = begin(stage, person, days)
    story.write_first(until=stage.now, most=1 if days < ONE_ATTEMPT_WITHIN_DAYS else 1 + person.turn % 3)
    story.wait(1, 30)
    if days > NO_VARIANTS_WITHIN_DAYS and person.turn % 7 == 3:
        _asks_a_person_first(story)
    (scenes.asks_question if person.turn % 5 == 1 else scenes.asks_to_come)(story)
    story.wait(0.2, 10)
    visit = scenes.books(story, after=story.at + timedelta(days=stage.rng.randint(1, 2 if days < 40 else 12)))
    if days > NO_VARIANTS_WITHIN_DAYS and person.turn % 6 in (2, 4):
        story.wait(2, 10)
        end_visit = scenes.cancels if person.turn % 6 == 2 else scenes.stays_away
        end_visit(story, visit, anybody(stage))
        story.wait(5, 40)
        scenes.asks_to_come(story)
        visit = scenes.books(story, after=story.at + timedelta(days=stage.rng.randint(2, 8)))
    is_recent = visit.appointment_date > stage.now - HALF_YEAR + timedelta(days=17)
    scenes.comes(story, visit, anybody(stage), follow_up=HALF_YEAR if is_recent else A_YEAR)


def _asks_a_person_first(story: Story) -> None:
    reply = scenes.reply_of(story, ReplyKind.QUESTION_OPEN)
    scenes.needs_a_person(story, scenes.said(reply), assigned_to=anybody(story.stage))
    story.wait(1, 4)
    target = CampaignStatus.RE_ENGAGED
    scenes.staff_answers(story, anybody(story.stage), reply.staff_reply or "", target=target)
    story.wait(3, 20)


def _until_first_reply(stage: Stage, person: Person) -> Story:
    days = days_ago(person, 15, _oldest(person))
    story = begin(stage, person, days)
    story.write_first(until=stage.now, most=1 if days < ONE_ATTEMPT_WITHIN_DAYS else 1 + person.turn % 2)
    story.wait(1, 40)
    return story


def _declined(stage: Stage, person: Person) -> None:
    scenes.declines(_until_first_reply(stage, person))


def _opted_out(stage: Stage, person: Person) -> None:
    scenes.stops(_until_first_reply(stage, person))


def _followed_up(stage: Stage, person: Person) -> None:
    story = _until_first_reply(stage, person)
    is_unhappy = person.kind is RECALL and person.turn % 2 == 0
    reply = scenes.reply_of(story, ReplyKind.COMPLAINT if is_unhappy else ReplyKind.QUESTION_OPEN)
    scenes.needs_a_person(story, scenes.said(reply), assigned_to=anybody(stage))
    story.wait(0.5, 3.5)
    target = CampaignStatus.MANUAL_FOLLOWUP_COMPLETE
    scenes.staff_answers(story, anybody(stage), reply.staff_reply or "", target=target)


def _elsewhere(stage: Stage, person: Person) -> None:
    story = _until_first_reply(stage, person)
    scenes.asks_to_come(story)
    story.wait(20, 60)
    story.wait_for_staff()
    by = f"user:{anybody(stage).id}"
    story.move_by_staff(CampaignStatus.BOOKING_COMPLETED, by=by, reason=BOOKED_ELSEWHERE)


def _seen_recently(stage: Stage, person: Person) -> None:
    had_visits(stage, person, due_on=stage.practice.today + timedelta(days=60 + 2 * person.turn), interval=A_YEAR)


def _checkup_booked(stage: Stage, person: Person) -> None:
    had_visits(stage, person, due_on=stage.practice.today + timedelta(days=2 + person.turn % 30))


def _later(stage: Stage, person: Person) -> None:
    had_visits(stage, person, due_on=stage.practice.today + timedelta(days=25 + 6 * person.turn))


def _no_follow_up(stage: Stage, person: Person) -> None:
    had_visits(stage, person, due_on=None)


def _unreachable(stage: Stage, person: Person) -> None:
    """Said stop to everything, at once or channel by channel."""
    patient = person.patient
    if person.kind is RECALL:
        had_visits(stage, person, due_on=stage.practice.today - timedelta(days=20 + 30 * person.turn))
    else:
        patient.created_at = stage.now - timedelta(days=50)
    at = patient.created_at + timedelta(days=5)
    patient.opt_outs = [OptOut(channel=channel, at=at, source="staff") for channel in ChannelType]
    if person.turn % 2 == 0:
        patient.opt_outs = [OptOut(channel="all", at=at, source="staff")]


PLOTS: dict[Plot, Callable[[Stage, Person], None]] = {
    Plot.DUE: _due,
    Plot.LAPSED: _lapsed,
    Plot.ATTEMPTING: running.attempting,
    Plot.ENGAGED: running.engaged,
    Plot.WAITING: running.waiting,
    Plot.BOOKED: running.booked,
    Plot.RECOVERED: _recovered,
    Plot.FAILED: _failed,
    Plot.DECLINED: _declined,
    Plot.OPTED_OUT: _opted_out,
    Plot.FOLLOWED_UP: _followed_up,
    Plot.ELSEWHERE: _elsewhere,
    Plot.SEEN_RECENTLY: _seen_recently,
    Plot.CHECKUP_BOOKED: _checkup_booked,
    Plot.LATER: _later,
    Plot.NO_FOLLOW_UP: _no_follow_up,
    Plot.UNREACHABLE: _unreachable,
}
