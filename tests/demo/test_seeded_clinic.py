"""What the seed wrote obeys the product's own rules (domain.md sections 2 to 8)."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import attrgetter

import phonenumbers
import pytest
from email_validator import validate_email

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database, connect
from app.demo.content.loader import load_clinic
from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD, SeedCounts, seed
from app.demo.seed_people import CAST, FAMILIES
from app.domain.availability import Interval, working_intervals
from app.domain.outreach import next_opening
from app.jobs import registry
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import (
    PROACTIVE_KINDS,
    AppointmentStatus,
    CampaignStatus,
    CampaignType,
    Direction,
    HandoffPriority,
    MessageKind,
    OutboxState,
    PatientType,
    Role,
)
from app.models.interactions import Interaction
from app.models.knowledge import KnowledgeArticle
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.registry import bind_documents
from app.models.services import Service
from app.models.users import User
from app.services import invariants, links, patients, users
from app.services.policies import booking_rules, outreach_rules, provider_schedule
from tests.conftest import MONDAY_MORNING as NOW
from tests.conftest import make_settings

FORTNIGHT = 14


@dataclass(frozen=True, slots=True)
class Demo:
    ctx: Context
    database: Database
    counts: SeedCounts


@pytest.fixture(scope="module")
async def seeded(mongodb_uri: str) -> AsyncIterator[Demo]:
    """One demo clinic for all tests that only look at it, in a database of its own."""
    database = connect(mongodb_uri, "demo_seed")
    await bind_documents(database.handle, build_indexes=True)
    ctx = build_context(make_settings(), database, now=lambda: NOW)
    yield Demo(ctx, database, await seed(ctx))
    await database.client.drop_database(database.handle)
    await database.close()


@pytest.fixture
async def demo(seeded: Demo) -> Demo:
    """The seeded clinic; other tests bind the documents to another database in between."""
    await bind_documents(seeded.database.handle, build_indexes=False)
    return seeded


class TestPeople:
    async def test_the_whole_cast_is_there(self, demo: Demo) -> None:
        assert await Patient.find({}).count() == sum(adults + children for _, _, adults, children in CAST) == 400
        leads = await Patient.find({"patient_type": PatientType.COLD_LEAD}).to_list()
        assert len(leads) == 60
        assert all(lead.initial_inquiry and lead.estimated_value for lead in leads)

    async def test_addresses_are_valid_fictional_and_unique(self, demo: Demo) -> None:
        people = await Patient.find({"guardian_id": None}).to_list()
        emails = [person.email for person in people if person.email]
        phones = [person.phone for person in people if person.phone]
        assert all(person.email or person.phone for person in people)
        assert len(set(emails)) == len(emails)
        assert len(set(phones)) == len(phones)
        for email in emails:
            found = validate_email(email, check_deliverability=False, allow_smtputf8=False)
            assert (found.normalized, found.domain) == (email, "example.com")
        for phone in phones:
            assert re.fullmatch(r"\+1\d{3}55501\d\d", phone)
            assert phonenumbers.is_valid_number(phonenumbers.parse(phone))

    async def test_children_are_written_to_through_a_parent(self, demo: Demo) -> None:
        children = await Patient.find({"guardian_id": {"$ne": None}}).to_list()
        assert len({child.guardian_id for child in children}) == FAMILIES
        for campaign in await Campaign.find({"patient_id": {"$in": [child.id for child in children]}}).to_list():
            child = await patients.get(campaign.patient_id)
            guardian = await patients.guardian_of(child)
            assert guardian is not None
            assert campaign.channel.address in (guardian.email, guardian.phone)

    async def test_reach_and_languages_vary(self, demo: Demo) -> None:
        people = await Patient.find({}).to_list()
        assert {person.language for person in people} == {"en", "es", "fr"}
        assert {person.preferred_channel[0] for person in people} == {"email", "sms", "whatsapp"}
        assert {str(stop.channel) for person in people for stop in person.opt_outs} >= {"all", "email", "sms"}
        reach = {(bool(person.email), bool(person.phone)) for person in people}
        assert reach == {(True, True), (True, False), (False, True), (False, False)}


class TestClinic:
    async def test_services_team_and_articles(self, demo: Demo) -> None:
        team = await User.find({}).to_list()
        assert await Service.find({}).count() == 8
        assert Counter(user.role for user in team)[Role.PROVIDER] == 4
        assert any(user.schedule.time_off for user in team)
        assert any(user.schedule.overrides for user in team)
        assert await KnowledgeArticle.find({}).count() == 30
        assert await KnowledgeArticle.find({"is_published": False}).count() == 2

    async def test_holidays_are_dates_of_this_year_and_the_next(self, demo: Demo) -> None:
        holidays = (await Clinic.load()).holidays
        assert holidays == [
            date.fromisoformat(f"{year}-{day}") for year in (2026, 2027) for day in load_clinic()["fixed_holidays"]
        ]

    async def test_the_demo_login_works(self, demo: Demo) -> None:
        assert len(DEMO_PASSWORD) >= 12
        assert await users.sign_in(demo.ctx, email=DEMO_EMAIL, password=DEMO_PASSWORD, address="203.0.113.1")


class TestHistory:
    async def test_no_invariant_is_broken(self, demo: Demo) -> None:
        assert {name: found for name, found in (await invariants.check(demo.ctx)).items() if found} == {}

    async def test_every_status_occurs_for_both_types(self, demo: Demo) -> None:
        found = {(campaign.campaign_type, campaign.status) for campaign in await Campaign.find({}).to_list()}
        assert found == {(kind, status) for kind in CampaignType for status in CampaignStatus}

    async def test_attempts_are_the_messages_that_were_sent(self, demo: Demo) -> None:
        sent = Counter(
            row.campaign_id
            for row in await OutboundMessage.find({"kind": MessageKind.ATTEMPT, "state": OutboxState.SENT}).to_list()
        )
        campaigns = await Campaign.find({}).to_list()
        made = {campaign.id: campaign.follow_up_details.attempts_made for campaign in campaigns}
        assert Counter(made) == sent

    async def test_handoffs_wait_and_one_is_urgent(self, demo: Demo) -> None:
        waiting = await Campaign.find({"status": CampaignStatus.HANDOFF_REQUIRED}).to_list()
        details = [campaign.handoff_details for campaign in waiting if campaign.handoff_details]
        assert len(details) == len(waiting) >= 5
        assert [each.priority for each in details].count(HandoffPriority.URGENT) == 1
        assert all(each.resolved_at is None for each in details)
        assert await Interaction.find({"direction": Direction.INCOMING, "handled_at": None}).count() >= 1

    async def test_proactive_messages_kept_the_window(self, demo: Demo) -> None:
        rows = await OutboundMessage.find({"kind": {"$in": list(PROACTIVE_KINDS)}}).to_list()
        rules = outreach_rules(await Clinic.load())
        assert [row.key for row in rows if row.sent_at and next_opening(rules, row.sent_at) != row.sent_at] == []

    async def test_nothing_was_sent_after_a_stop(self, demo: Demo) -> None:
        stops = {
            (patient.id, channel): stop.at
            for patient in await Patient.find({"opt_outs": {"$ne": []}}).to_list()
            for stop in patient.opt_outs
            for channel in (("email", "sms", "whatsapp") if stop.channel == "all" else (stop.channel,))
        }
        rows = await OutboundMessage.find({"kind": {"$ne": MessageKind.OPT_OUT_CONFIRMATION}}).to_list()
        late = [row.key for row in rows if row.sent_at and row.sent_at > stops.get((row.patient_id, row.channel), NOW)]
        assert late == []

    async def test_an_answer_names_the_article_it_stands_on(self, demo: Demo) -> None:
        titles = {str(article.id) for article in await KnowledgeArticle.find({"is_published": True}).to_list()}
        sources = [row.sources for row in await Interaction.find({"sources": {"$ne": []}}).to_list()]
        assert len(sources) >= 10
        assert all(set(named) <= titles for named in sources)

    async def test_a_running_campaigns_link_opens(self, demo: Demo) -> None:
        campaign = await Campaign.find_one({"status": CampaignStatus.RE_ENGAGED})
        assert campaign is not None
        token = (campaign.booking_funnel.link_url or "").partition("?t=")[2]
        link = await links.read_booking_link(demo.ctx, token)
        assert link is not None
        assert link.campaign_id == campaign.id


def total(spans: list[Interval]) -> timedelta:
    return sum((each.end - each.start for each in spans), timedelta())


class TestCalendar:
    async def test_nobody_is_in_two_visits_at_once(self, demo: Demo) -> None:
        kept = {"status": {"$in": [AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED]}}
        visits = await Appointment.find(kept).sort("appointment_date").to_list()
        for holder in ("provider_id", "patient_id"):
            for _, mine in groupby(sorted(visits, key=attrgetter(holder)), key=attrgetter(holder)):
                assert all(before.busy_until <= after.appointment_date for before, after in pairwise(mine))
        assert all(visit.slot_keys for visit in visits)

    async def test_visits_of_the_fortnight_lie_in_working_time(self, demo: Demo) -> None:
        rules = booking_rules(await Clinic.load())
        schedules = {provider.id: provider_schedule(provider) for provider in await User.providers_of()}
        for visit in await Appointment.find({"appointment_date": {"$gt": NOW}}).to_list():
            assert visit.provider_id is not None
            day = visit.appointment_date.astimezone(rules.zone).date()
            worked = working_intervals(schedules[visit.provider_id], rules, day)
            assert any(each.start <= visit.appointment_date and visit.ends_at <= each.end for each in worked)

    async def test_each_provider_is_well_booked_for_a_fortnight(self, demo: Demo) -> None:
        rules = booking_rules(await Clinic.load())
        today = NOW.astimezone(rules.zone).date()
        days = [today + timedelta(days=offset) for offset in range(FORTNIGHT)]
        for provider in await User.providers_of():
            worked = [each for day in days for each in working_intervals(provider_schedule(provider), rules, day)]
            mine = {"provider_id": provider.id, "slot_keys": {"$exists": True}}
            visits = [Interval(row.appointment_date, row.busy_until) for row in await Appointment.find(mine).to_list()]
            taken = [each for each in visits if worked[0].start <= each.start < worked[-1].end]
            assert 0.70 <= total(taken) / total(worked) <= 0.86, provider.name

    async def test_visits_ended_in_every_way_and_some_are_unconfirmed(self, demo: Demo) -> None:
        ended = Counter(visit.status for visit in await Appointment.find({}).to_list())
        assert all(ended[status] >= 10 for status in AppointmentStatus)
        ahead = await Appointment.find({"status": AppointmentStatus.BOOKED}).to_list()
        assert {visit.confirmation_status for visit in ahead} == {"confirmed", "unconfirmed"}
        over = {"status": {"$in": [AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW]}}
        assert await Appointment.find(over | {"slot_keys": {"$exists": True}}).count() == 0


class TestDailyJob:
    async def test_due_dates_are_what_the_product_computes(self, demo: Demo) -> None:
        seeded_dates = {patient.id: patient.outreach_due_at for patient in await Patient.find({}).to_list()}
        for patient_id in seeded_dates:
            await patients.refresh_due(demo.ctx, patient_id)
        assert {patient.id: patient.outreach_due_at for patient in await Patient.find({}).to_list()} == seeded_dates

    async def test_it_finds_work_right_after_the_seed(self, demo: Demo) -> None:
        counts = await registry.run_job(demo.ctx, registry.DAILY, dry_run=True)
        kinds = Counter(row["campaign_type"] for row in counts["would_contact"])
        assert 20 <= counts["due"] <= 60
        unreachable = [
            patient
            for patient in await Patient.find({"outreach_due_at": {"$lte": demo.ctx.now()}}).to_list()
            if patients.route_of(patient, await patients.guardian_of(patient)) is None
        ]
        assert counts["refused"] == len(unreachable) > 0
        assert 20 <= kinds["RECALL"] <= 30
        assert 5 <= kinds["RECOVERY"] <= 10
