"""Knowledge, insight and settings in a real browser: what a manager does there, from the first field to the effect."""

import pytest
from playwright.async_api import Page, Request, expect

from tests.browser.staff.conftest import AtTheDesk
from tests.browser.staff.waiting import handed_over
from tests.e2e.clinic_by_http import WEEK, ClinicByHttp

pytestmark = pytest.mark.browser

MOST_BYTES = 300_000
"""What the page with the charts may transfer when it is opened first."""
ASKED = "Is there a place to leave my bicycle?"
DRAWN = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
}"""


async def save(page: Page) -> None:
    await page.get_by_role("button", name="Save", exact=True).click()


async def test_an_article_is_written_with_a_preview_and_answers_a_question(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    page = await at_the_desk("/knowledge/new")
    await page.locator("#title").fill("Where can I park?")
    await page.locator("#body").press_sequentially("Parking is **free** behind the clinic.")
    await expect(page.locator("#preview strong")).to_have_text("free")
    await page.get_by_role("button", name="Save and publish").click()
    await expect(page.get_by_role("status").first).to_contain_text("Saved")
    await page.goto("/staff/knowledge")
    await page.locator("#question").fill("Where can I park?")
    await page.get_by_role("button", name="Try it").click()
    await expect(page.locator("#trial")).to_contain_text("behind the clinic")
    await expect(page.locator("#trial").get_by_role("link", name="Where can I park?").first).to_be_visible()
    await page.locator("#question").fill("Can my dog come with me to the moon?")
    await page.get_by_role("button", name="Try it").click()
    await expect(page.locator("#trial")).to_contain_text("A person would have to answer")


async def test_the_other_of_two_editors_is_told(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    body = {"title": "Do you have toys?", "body": "There is a corner with toys."}
    article = desk.ok(desk.staff.post("/admin/knowledge", json=body))["article_id"]
    first, second = await at_the_desk(f"/knowledge/{article}"), await at_the_desk(f"/knowledge/{article}")
    await first.locator("#body").fill("There are toys and books.")
    await save(first)
    await expect(first.get_by_role("status").first).to_contain_text("Saved")
    await second.locator("#body").fill("There is a slide.")
    await save(second)
    await expect(second.locator("#notices").get_by_role("alert")).to_be_visible()
    await expect(second.locator("#body")).to_have_value("There is a slide.")


async def test_a_question_that_nobody_could_answer_becomes_an_article(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    handed_over(desk, ASKED)
    page = await at_the_desk("/knowledge/unanswered")
    card = page.locator("#questions li").filter(has_text=ASKED)
    await card.get_by_role("link", name="Write the article").click()
    await expect(page.locator("#main")).to_contain_text(ASKED)
    await page.locator("#title").fill("Where can I leave my bicycle?")
    await page.locator("#body").fill("There is a bicycle stand in front of the door.")
    await page.get_by_role("button", name="Save and publish").click()
    await expect(page.get_by_role("heading", name="Where can I leave my bicycle?")).to_be_visible()
    await page.goto("/staff/knowledge/unanswered")
    await expect(page.locator("#questions")).not_to_contain_text(ASKED)


async def test_each_chart_is_drawn_and_has_its_table_and_its_file(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    handed_over(desk)
    desk.run("insight")
    page = await at_the_desk("/password")  # its stream of events ends with it: only what finishes is weighed
    sizes: list[int] = []

    async def weigh(request: Request) -> None:
        sizes.append((await request.sizes())["responseBodySize"])

    page.on("requestfinished", weigh)
    await page.goto("/staff/insight")
    charts = await page.locator("[data-chart]").all()
    assert len(charts) >= 2
    for chart in charts:
        assert await chart.locator("canvas").evaluate(DRAWN)
        await expect(page.locator(f"#{await chart.get_attribute('data-table')}")).to_be_visible()
    for link in await page.locator("a.download").all():
        answer = await page.request.get(str(await link.get_attribute("href")))
        assert answer.ok
        assert answer.headers["content-type"].startswith("text/csv")
        assert len((await answer.text()).splitlines()) >= 1
    assert 0 < sum(sizes) < MOST_BYTES


async def test_a_policy_shows_its_effect_before_it_is_saved(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    handed_over(desk)
    page = await at_the_desk("/settings/outreach")
    await page.locator("#f-max_per_week").fill("0")
    await save(page)
    await expect(page.locator("#max_per_week-problem")).to_contain_text("too small")
    await page.locator("#f-max_per_week").fill("2")
    await page.get_by_role("button", name="What would change?").click()
    await expect(page.locator("#effect")).to_contain_text("Nothing is saved yet")
    assert desk.ok(desk.staff.get("/admin/clinic"))["outreach"]["max_per_week"] != 2
    await save(page)
    await expect(page.get_by_role("status").first).to_have_text("Saved.")
    assert desk.ok(desk.staff.get("/admin/clinic"))["outreach"]["max_per_week"] == 2


async def test_hours_that_a_visit_stands_outside_of_are_told(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    provider = desk.ok(desk.staff.get("/admin/users", params={"role": "provider"}))["users"][0]["user_id"]
    body = {"name": "Olaf Outside", "email": "olaf@example.com", "appointment_date": desk.free_time()}
    desk.ok(desk.staff.post("/admin/appointments", json=body | {"duration_minutes": 30, "service_name": "checkup"}))
    page = await at_the_desk(f"/settings/providers/{provider}")
    try:
        for day in WEEK:
            await page.locator(f"#f-hours_{day}").fill("3:00-3:30")
        await save(page)
        await expect(page.locator(".notice.is-warning")).to_contain_text("Olaf Outside")
        await expect(page.locator("#f-hours_mon")).to_have_value("3:00-3:30")
        await page.locator("#f-hours_mon").fill("late")
        await save(page)
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    finally:
        again = {"weekly": WEEK, "services": ["checkup"]}
        desk.ok(desk.staff.put(f"/admin/providers/{provider}/schedule", json=again))


async def test_an_account_is_made_closed_and_written_down(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/settings/users/new")
    await page.locator("#f-name").fill("Uma User")
    await page.locator("#f-email").fill("uma@example.com")
    await page.locator("#f-password").fill("a-long-first-password")
    await save(page)
    await page.get_by_role("link", name="Uma User").click()
    await page.get_by_role("button", name="Close it").click()
    await expect(page.get_by_role("row").filter(has_text="Uma User")).to_contain_text("Closed")
    await page.goto("/staff/settings/audit")
    await expect(page.get_by_role("row").filter(has_text="User: deactivated").first).to_be_visible()
    await page.locator("#action").fill("user.created")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_role("row").filter(has_text="User: created").first).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="User: deactivated")).to_have_count(0)
