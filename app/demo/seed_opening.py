"""How a campaign of the past was opened: by the daily job, for a due check-up or for a lead's inquiry."""

from datetime import datetime, time, timedelta

from app.demo.seed_people import RECALL, Person
from app.demo.seed_stage import Stage
from app.demo.seed_story import Story
from app.demo.seed_visits import had_visits
from app.models.users import User
from app.services.policies import wall_time

GROWTH = 1.5


def days_ago(person: Person, low: int, high: int) -> int:
    """The turns of a part spread over a span of days, the recent ones closer together: the clinic grows."""
    share = (person.turn + 0.5) / person.turns
    return low + int((high - low) * share**GROWTH)


def begin(stage: Stage, person: Person, days: int) -> Story:
    """A campaign that the daily job opened so many days ago."""
    practice, patient = stage.practice, person.patient
    if person.kind is RECALL:
        due_on = practice.today - timedelta(days=days)
        had_visits(stage, person, due_on=due_on)
        due_at = practice.wall(due_on, time())
    else:
        asked = timedelta(days=days, hours=stage.rng.uniform(1, 12))
        due_at = patient.created_at = (stage.now - asked).replace(microsecond=0)
    return Story(stage, person, due_at=due_at, opened_at=daily_run(stage, due_at))


def daily_run(stage: Stage, after: datetime) -> datetime:
    """The first run of the daily job from an instant on."""
    clinic, day = stage.practice.clinic, after.astimezone(stage.practice.clinic.zone).date()
    runs_at = wall_time(clinic.outreach.daily_run_at)
    today = stage.practice.wall(day, runs_at)
    return today if today >= after else stage.practice.wall(day + timedelta(days=1), runs_at)


def anybody(stage: Stage) -> User:
    return stage.rng.choice(stage.practice.staff)
