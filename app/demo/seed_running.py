"""The campaigns that still run in the demo: being written to, answering, waiting for a person, booked."""

from datetime import timedelta

from app.demo import seed_scenes as scenes
from app.demo.content.loader import ReplyKind
from app.demo.seed_messages import STILL_WAITING
from app.demo.seed_opening import anybody, begin, days_ago
from app.demo.seed_people import RECALL, Person
from app.demo.seed_rows import Said
from app.demo.seed_stage import Stage
from app.demo.seed_story import Story
from app.models.enums import ConfirmationStatus, Intent, Sentiment

ACTIVE_SINCE_DAYS = 11
"""Old enough that a first message has left in spite of the longest run of closed days, young enough to be active."""

WAITS: tuple[tuple[float, ReplyKind | None], ...] = (
    (0.13, None),
    (1.5, ReplyKind.QUESTION_OPEN),
    (3, ReplyKind.COMPLAINT),
    (20, ReplyKind.QUESTION_OPEN),
    (27, ReplyKind.QUESTION_OPEN),
    (0.75, ReplyKind.QUESTION_OPEN),
    (5, ReplyKind.QUESTION_OPEN),
    (49, ReplyKind.QUESTION_OPEN),
)
"""Who waits for a person now: since how many hours, and with what; None is an emergency."""
WRITES_AGAIN = 4


def attempting(stage: Stage, person: Person) -> None:
    begin(stage, person, days_ago(person, 1, 20)).write_first(until=stage.now)


def _until_reply(stage: Stage, person: Person, *, hours_ago: float) -> Story:
    """A campaign of the last two weeks up to the moment at which the patient writes."""
    story = begin(stage, person, ACTIVE_SINCE_DAYS + person.turn % 5)
    replies_at = (stage.now - timedelta(hours=hours_ago)).replace(microsecond=0)
    story.write_first(until=replies_at)
    story.at = replies_at
    return story


def engaged(stage: Stage, person: Person) -> None:
    """The link is out: fresh, after a question, or already reminded of."""
    variant = person.turn % 3
    if variant == 2:
        story = _until_reply(stage, person, hours_ago=stage.rng.uniform(110, 140))
        scenes.asks_to_come(story)
        story.nudge()
        return
    story = _until_reply(stage, person, hours_ago=stage.rng.uniform(2, 60))
    (scenes.asks_question if variant else scenes.asks_to_come)(story)


def waiting(stage: Stage, person: Person) -> None:
    row = person.turn if person.kind is RECALL else len(WAITS) - person.turns + person.turn
    hours, kind = WAITS[row]
    story = _until_reply(stage, person, hours_ago=hours)
    message = scenes.said(scenes.reply_of(story, kind)) if kind else scenes.EMERGENCY_SAID
    scenes.needs_a_person(story, message, assigned_to=anybody(stage) if row % 2 else None)
    if row == WRITES_AGAIN:
        story.wait(1, 2)
        scenes.staff_answers(story, anybody(stage), stage.rng.choice(stage.talk.staff_replies), target=None)
        story.wait(18, 22)
        again = Said(text=STILL_WAITING, intent=Intent.QUESTION, sentiment=Sentiment.NEGATIVE)
        story.hears(again, outcome="kept_for_staff", is_handled=False)


def booked(stage: Stage, person: Person) -> None:
    story = _until_reply(stage, person, hours_ago=stage.rng.uniform(30, 60))
    scenes.asks_to_come(story)
    story.wait(0.5, 6)
    visit = scenes.books(story, after=stage.now + timedelta(hours=20 + 30 * person.turn))
    visit.confirmation_status = ConfirmationStatus.CONFIRMED if person.turn % 2 else ConfirmationStatus.UNCONFIRMED
    story.wait(0.2, 4)
    if person.turn == 1:
        wish = scenes.said(scenes.reply_of(story, ReplyKind.RESCHEDULE))
        story.hears(wish, outcome="kept_for_staff", is_handled=False)
    elif person.turn % 2 == 0:
        scenes.says_thanks(story)
