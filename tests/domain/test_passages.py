"""Which parts of the articles a question is about: concepts, sections, ranking and blending (ADR 0025)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.clinic_words import search_words, terms_of, treatments_in
from app.domain.passages import (
    LONGEST_WHOLE_CHARS,
    MOST_OF_ONE_ARTICLE,
    ArticleText,
    Section,
    blended,
    ranked,
    sections_of,
    spread,
)
from app.domain.reply_grounding import is_of_another_thing
from app.domain.text_language import language_of


def section(title: str, body: str = "", *tags: str, article_id: str = "") -> Section:
    return Section(article_id or title, title, body, tags)


LIBRARY = [
    section("Teeth whitening", "Whitening costs 400 dollars and takes one hour."),
    section("Prices", "## Hygiene\nA cleaning is 120 dollars.\n## Exams\nAn exam is 90 dollars."),
    section("Parking", "You can leave the car behind the house."),
    section("Insurance", "We work with most PPO plans."),
    section("Children", "Kids are welcome from three years on."),
    section("Opening hours", "Monday to Friday from 9 to 5."),
]


class TestRanked:
    @pytest.mark.parametrize(
        ("question", "title"),
        [
            ("How much is a cleaning?", "Prices"),
            ("what do you charge for prophylaxis", "Prices"),
            ("¿Cuánto cuesta una limpieza?", "Prices"),
            ("Combien coûte un détartrage ?", "Prices"),
            ("Can I park there?", "Parking"),
            ("¿Hay aparcamiento?", "Parking"),
            ("Do you take my plan?", "Insurance"),
            ("Is my coverage accepted", "Insurance"),
            ("do you see paediatric patients", "Children"),
            ("can I bring my kid", "Children"),
            ("when do you open", "Opening hours"),
            ("¿Cuál es el horario?", "Opening hours"),
            ("bleaching price", "Teeth whitening"),
        ],
    )
    def test_the_right_one_comes_first(self, question: str, title: str) -> None:
        assert ranked(question, LIBRARY)[0][0].title == title

    def test_what_shares_nothing_is_not_there(self) -> None:
        assert ranked("quantum gravity", LIBRARY) == []

    def test_a_headline_counts_more_than_a_mention(self) -> None:
        mention = section("Arrival", "We mention parking once.")
        assert [each.title for each, _ in ranked("parking?", [mention, *LIBRARY])][:2] == ["Parking", "Arrival"]

    @settings(max_examples=60, deadline=None)
    @given(question=st.text(max_size=200), body=st.text(max_size=300))
    def test_scores_are_shares(self, question: str, body: str) -> None:
        found = ranked(question, [section("x", body), *LIBRARY])
        assert all(0 < score <= 1 for _, score in found)
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


class TestSectionsOf:
    LONG = "\n".join(f"## Part {n}\n" + f"What part {n} says. " * 40 for n in range(6))

    def test_a_short_article_stays_whole(self) -> None:
        article = ArticleText("1", "Hours", "## Week\nNine to five.\n## Holidays\nClosed.")
        assert [each.body for each in sections_of(article)] == [article.body]

    def test_a_long_one_is_cut_at_its_headings_behind_its_opening(self) -> None:
        found = sections_of(ArticleText("1", "All", f"Prices without insurance.\n\n{self.LONG}"))
        assert len(found) == 6
        assert all(each.body.startswith("Prices without insurance.\n\n## Part") for each in found)
        assert "Part 5" in found[5].body

    def test_without_headings_by_paragraphs(self) -> None:
        body = "\n\n".join(["A paragraph of some length. " * 30] * 12)
        found = sections_of(ArticleText("1", "All", body))
        assert len(found) > 1
        assert "\n\n".join(each.body for each in found) == body

    def test_the_section_that_answers_is_found_however_long_the_article(self) -> None:
        body = self.LONG + "\n## Parking\nThere is a garage behind the house.\n" + self.LONG
        found = ranked("Is there parking?", sections_of(ArticleText("1", "Everything", body)))
        assert found[0][0].body.endswith("There is a garage behind the house.")

    @settings(max_examples=40, deadline=None)
    @given(st.text("# \nab.", min_size=LONGEST_WHOLE_CHARS, max_size=LONGEST_WHOLE_CHARS + 600))
    def test_no_article_breaks_it_and_every_part_is_its_own_text(self, body: str) -> None:
        for each in sections_of(ArticleText("1", "x", body)):
            assert all(line.strip() in body for line in each.body.splitlines())


class TestBlended:
    def test_what_stands_high_in_both_comes_first(self) -> None:
        one, two, three = LIBRARY[:3]
        assert blended([one, two], [three, two])[0] == two
        assert blended([one, two], []) == [one, two]

    def test_no_article_takes_more_than_its_share(self) -> None:
        parts = [section("A", str(n), article_id="a") for n in range(5)]
        chosen = spread([*parts, LIBRARY[0]], limit=4)
        assert [each.article_id for each in chosen].count("a") == MOST_OF_ONE_ARTICLE
        assert LIBRARY[0] in chosen


class TestWords:
    def test_one_concept_for_many_words(self) -> None:
        assert set(terms_of("cost fee price cuánto combien")) == {"price"}
        assert treatments_in("A limpieza and a root canal") == {"cleaning", "root_canal"}

    def test_the_search_words_hold_no_operator(self) -> None:
        words = search_words('-parking "exact phrase" $where {x} how much')
        assert not set('-"${}') & set(words)
        assert "price" in words.split()
        assert "garage" in words.split()

    def test_nothing_in_nothing(self) -> None:
        assert search_words(" \x00!?") == ""


class TestLanguageOf:
    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("How much is a cleaning?", "en"),
            ("¿Cuánto cuesta una limpieza?", "es"),
            ("tienen aparcamiento los sabados", "es"),
            ("Combien coûte un détartrage ?", "fr"),
            ("vous avez un parking pour les patients", "fr"),
            ("", "en"),
            ("12345", "en"),
        ],
    )
    def test_by_its_small_words(self, text: str, language: str) -> None:
        assert language_of(text) == language


class TestIsOfAnotherThing:
    SOURCE = (
        "Prices\n## Hygiene\nA cleaning is 120 dollars.\n## Crowns\nFrom 900 dollars.\nWhitening costs 400 dollars."
    )

    @pytest.mark.parametrize(
        "text", ["A cleaning costs 400 dollars.", "A crown is 120 dollars.", "Whitening: 900 dollars"]
    )
    def test_a_price_of_another_treatment(self, text: str) -> None:
        assert is_of_another_thing(text, self.SOURCE)

    @pytest.mark.parametrize(
        "text",
        [
            "A cleaning costs 120 dollars.",
            "Crowns start at 900 dollars.",
            "It is 400 dollars.",
            "La limpieza cuesta 120 dólares.",
        ],
    )
    def test_its_own_price_is_none(self, text: str) -> None:
        assert not is_of_another_thing(text, self.SOURCE)
