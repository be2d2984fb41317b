"""The demo clinic must not contradict itself: what an article says is what the system does (domain.md section 2)."""

import re
from collections import Counter
from datetime import date, time
from decimal import Decimal

import phonenumbers
import pytest
from email_validator import validate_email

from app.demo.content.loader import (
    Article,
    ProviderContent,
    ReplyKind,
    ServiceContent,
    load_articles,
    load_clinic,
    load_conversations,
    load_names,
    load_providers,
    load_services,
    parse_article,
)
from app.models.enums import Role

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"\(\d{3}\) \d{3}-\d{4}")
MONEY = re.compile(r"\$([\d,]*\d(?:\.\d\d)?)")
MINUTES = re.compile(r"takes (\d+) minutes")


def sentences_of(article: Article) -> list[str]:
    return [sentence for line in article.body.splitlines() for sentence in re.split(r"(?<=[.!?])\s+", line)]


def services_named_in(sentence: str) -> list[ServiceContent]:
    return [service for service in load_services() if service.name.lower() in sentence.lower()]


def amounts_in(sentence: str) -> list[Decimal]:
    return [Decimal(amount.replace(",", "")) for amount in MONEY.findall(sentence)]


def spoken(wall_time: str) -> str:
    """`13:00` as the articles write it: `1:00 pm`."""
    at = time.fromisoformat(wall_time)
    return f"{(at.hour - 1) % 12 + 1}:{at.minute:02d} {'am' if at.hour < 12 else 'pm'}"


def is_valid_demo_phone(number: str) -> bool:
    is_fictional = re.fullmatch(r"\+1\d{3}55501\d\d", number) is not None
    return is_fictional and phonenumbers.is_valid_number(phonenumbers.parse(number))


def is_valid_demo_email(email: str) -> bool:
    return validate_email(email, check_deliverability=False).normalized == email and email.endswith("@example.com")


class TestClinic:
    def test_phones_are_valid_and_fictional(self) -> None:
        clinic = load_clinic()
        phones = {clinic["phone"], clinic["emergency_phone"]}
        assert [is_valid_demo_phone(phone) for phone in phones] == [True, True]

    def test_opening_periods_are_ordered_and_sunday_is_closed(self) -> None:
        hours = load_clinic()["opening_hours"]
        assert list(hours) == WEEKDAYS
        assert hours["sun"] == []
        for periods in hours.values():
            assert_ordered(periods)

    def test_policies_are_the_documented_defaults(self) -> None:
        clinic = load_clinic()
        assert clinic["outreach"] == {
            "max_attempts": 3,
            "spacing_days": [3, 7, 14],
            "send_from": "09:00",
            "send_until": "19:00",
            "send_days": WEEKDAYS[:5],
            "cool_down_days": 180,
        }
        assert clinic["booking"] == {"min_notice_minutes": 120, "max_horizon_days": 180, "grid_minutes": 15}


class TestServices:
    def test_there_are_eight_with_unique_slugs_and_names(self) -> None:
        services = load_services()
        assert len({service.id for service in services}) == len({service.name for service in services}) == 8
        assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", service.id) for service in services)
        assert {"teeth_whitening", "checkup_and_cleaning"} <= {service.id for service in services}

    @pytest.mark.parametrize("service", load_services(), ids=lambda service: service.id)
    def test_lengths_and_price_are_usable(self, service: ServiceContent) -> None:
        assert 30 <= service.duration_minutes <= 90
        assert service.duration_minutes % 5 == 0
        assert service.buffer_after_minutes in {0, 5, 10, 15}
        assert isinstance(service.price, Decimal)
        assert service.price > 0


class TestTeam:
    def test_there_are_four_providers_and_four_staff(self) -> None:
        team = load_providers()
        assert len(team.providers) == 4
        assert Counter(user.role for user in team.staff) == {Role.ADMIN: 1, Role.MANAGER: 1, Role.FRONT_DESK: 2}
        assert "admin@example.com" in {user.email for user in team.staff if user.role is Role.ADMIN}

    def test_emails_are_valid_unique_and_at_example_com(self) -> None:
        team = load_providers()
        emails = [provider.email for provider in team.providers] + [user.email for user in team.staff]
        assert len(set(emails)) == len(emails)
        assert all(is_valid_demo_email(email) for email in emails)

    def test_every_service_has_a_provider_and_every_providers_service_exists(self) -> None:
        performed = {slug for provider in load_providers().providers for slug in provider.services}
        assert performed == {service.id for service in load_services()}

    @pytest.mark.parametrize("provider", load_providers().providers, ids=lambda provider: provider.name)
    def test_working_periods_are_ordered_and_inside_opening_hours(self, provider: ProviderContent) -> None:
        assert list(provider.weekly) == WEEKDAYS
        for day, periods in provider.weekly.items():
            assert_ordered(periods)
            for start, end in periods:
                assert any(opens <= start and end <= closes for opens, closes in load_clinic()["opening_hours"][day])

    @pytest.mark.parametrize("provider", load_providers().providers, ids=lambda provider: provider.name)
    def test_some_day_has_several_periods_and_every_service_fits_in_one(self, provider: ProviderContent) -> None:
        periods = [period for day in provider.weekly.values() for period in day]
        longest = max(minutes_between(start, end) for start, end in periods)
        needed = [s.duration_minutes + s.buffer_after_minutes for s in load_services() if s.id in provider.services]
        assert any(len(day) > 1 for day in provider.weekly.values())
        assert max(needed) <= longest


class TestArticles:
    def test_there_are_thirty_with_unique_titles_and_two_drafts(self) -> None:
        articles = load_articles()
        assert len(articles) == len({article.title for article in articles}) == 30
        assert sum(not article.is_published for article in articles) == 2

    @pytest.mark.parametrize("article", load_articles(), ids=lambda article: article.title)
    def test_body_is_short_and_tagged(self, article: Article) -> None:
        assert 60 <= len(article.body.split()) <= 200
        assert all(article.tags)
        assert all(len(sentence.split()) <= 40 for sentence in sentences_of(article))

    @pytest.mark.parametrize("article", load_articles(), ids=lambda article: article.title)
    def test_a_sentence_that_names_a_service_quotes_its_price_and_length(self, article: Article) -> None:
        for sentence in sentences_of(article):
            for service in services_named_in(sentence):
                assert set(amounts_in(sentence)) <= {service.price}, sentence
                assert all(int(minutes) == service.duration_minutes for minutes in MINUTES.findall(sentence)), sentence

    @pytest.mark.parametrize("service", load_services(), ids=lambda service: service.id)
    def test_every_price_is_published(self, service: ServiceContent) -> None:
        published = [sentence for a in load_articles() if a.is_published for sentence in sentences_of(a)]
        quoted = [amounts_in(sentence) for sentence in published if service in services_named_in(sentence)]
        assert [service.price] in quoted

    @pytest.mark.parametrize("article", load_articles(), ids=lambda article: article.title)
    def test_addresses_are_the_clinics(self, article: Article) -> None:
        clinic = load_clinic()
        ours = {clinic["phone"], clinic["emergency_phone"]}
        assert {"+1" + re.sub(r"\D", "", phone) for phone in PHONE.findall(article.body)} <= ours
        assert all(is_valid_demo_email(email) for email in EMAIL.findall(article.body))
        assert "Willow Street, Albany" not in article.body or clinic["address"] in article.body

    @pytest.mark.parametrize("day", WEEKDAYS)
    def test_opening_hours_are_the_clinics(self, day: str) -> None:
        (article,) = [article for article in load_articles() if article.title == "Opening hours"]
        periods = load_clinic()["opening_hours"][day]
        said = f"from {spoken(periods[0][0])} to {spoken(periods[-1][1])}" if periods else "closed"
        assert any(day.title() in sentence and said in sentence for sentence in sentences_of(article))

    def test_holidays_are_the_clinics(self) -> None:
        (article,) = [article for article in load_articles() if article.title == "Weekend and holiday hours"]
        days = [date.fromisoformat(f"2025-{day}") for day in load_clinic()["fixed_holidays"]]
        assert re.findall(r"\((\w+ \d+)\)", article.body) == [f"{day:%B} {day.day}" for day in days]

    @pytest.mark.parametrize(
        "text",
        [
            "# Hours\nOpen daily.\n",
            "x\n---\ntitle: A\ntags: b\npublished: true\n---\nBody\n",
            "---\ntitle: A\ntags: b\n---\nBody\n",
            "---\ntitle: A\ntags: b\npublished: yes\n---\nBody\n",
        ],
        ids=["no front matter", "text before it", "a line missing", "neither true nor false"],
    )
    def test_broken_front_matter_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="front matter"):
            parse_article(text)

    def test_a_title_may_hold_a_colon(self) -> None:
        article = parse_article("---\ntitle: Hours: summer\ntags: a, b\npublished: false\n---\nOpen.\n---\nMore.\n")
        assert article == Article(title="Hours: summer", tags=["a", "b"], body="Open.\n---\nMore.", is_published=False)


class TestNames:
    @pytest.mark.parametrize("part", ["first", "last"])
    def test_there_are_enough_and_they_are_varied(self, part: str) -> None:
        names = load_names()["first" if part == "first" else "last"]
        assert len(names) == len(set(names)) >= 120
        assert any("'" in name for name in names)
        assert any("-" in name for name in names)
        assert any(not name.isascii() for name in names)


class TestConversations:
    def test_every_kind_has_replies_and_a_summary(self) -> None:
        conversations = load_conversations()
        assert all(len(conversations.replies_of(kind)) >= 2 for kind in ReplyKind)
        assert {summary.kind for summary in conversations.engagement_summaries} == {*ReplyKind, None}
        assert all(summary.text for summary in conversations.engagement_summaries)

    def test_texts_are_not_repeated(self) -> None:
        conversations = load_conversations()
        texts = conversations.staff_replies + [reply.text for reply in conversations.patient_replies]
        texts += [inquiry.text for inquiry in conversations.inquiries]
        assert 50 <= len(texts) == len(set(texts))

    def test_an_answer_names_a_published_article_and_only_answered_questions_have_one(self) -> None:
        published = {article.title for article in load_articles() if article.is_published}
        for reply in load_conversations().patient_replies:
            assert (reply.answered_by in published) == (reply.kind is ReplyKind.QUESTION_ANSWERED)

    def test_what_a_person_must_answer_has_a_staff_reply(self) -> None:
        needs_person = {ReplyKind.QUESTION_OPEN, ReplyKind.COMPLAINT}
        for reply in load_conversations().patient_replies:
            assert (reply.staff_reply is not None) == (reply.kind in needs_person)

    def test_inquiries_name_a_service_and_a_range_from_its_price_up(self) -> None:
        prices = {service.id: service.price for service in load_services()}
        for inquiry in load_conversations().inquiries:
            assert prices[inquiry.service_id] <= inquiry.estimated_value_min <= inquiry.estimated_value_max


def minutes_between(start: str, end: str) -> int:
    first, last = time.fromisoformat(start), time.fromisoformat(end)
    return (last.hour - first.hour) * 60 + last.minute - first.minute


def assert_ordered(periods: list[list[str]]) -> None:
    """Each period ends after it starts, and none begins before the one in front of it has ended."""
    edges = [time.fromisoformat(edge) for period in periods for edge in period]
    assert all(len(period) == 2 for period in periods)
    assert edges == sorted(edges)
    assert all(start < end for start, end in periods)
