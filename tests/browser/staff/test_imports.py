"""A patient file in a real Chromium: its columns, the check, the import, coming back to it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import is_too_wide
from tests.browser.staff.conftest import AtTheDesk
from tests.e2e.clinic_by_http import ClinicByHttp

SCRIPT = "<script>alert(1)</script>"
WIDTHS = (390, 768, 1280)
ROWS = (
    "Name,Mail,Cell,Recall Due,Remarks\n"
    f"Ina {SCRIPT},ina-{{who}}@example.com,,2026-12-01,{SCRIPT}\n"
    "Bob,not-an-address,,2026-12-01,\n"
)


def file_in(folder: Path, who: str, rows: str = ROWS) -> Path:
    file = folder / "patients.csv"
    file.write_text(rows.format(who=who))
    return file


async def test_a_file_is_mapped_checked_and_brought_in(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, tmp_path: Path
) -> None:
    page = await at_the_desk("/imports")
    await expect(page.get_by_text("No file was imported yet.")).to_be_visible()
    await page.get_by_label("A CSV file from your practice system").set_input_files(file_in(tmp_path, "flow"))
    await expect(page.get_by_label("Mail", exact=True)).to_have_value("email")
    await expect(page.get_by_label("Remarks")).to_have_value("-")
    await page.get_by_label("Remarks").select_option("notes")
    await page.get_by_role("button", name="Check the file").click()
    await page.wait_for_url(re.compile(r"/staff/imports/[0-9a-f]{24}$"))
    await expect(page.get_by_role("heading", name="Waiting to be checked")).to_be_visible()
    await expect(page.get_by_role("progressbar")).to_be_visible()
    assert await axe.violations(page) == []
    desk.run("imports")  # the page hears of it by itself
    await expect(page.get_by_role("button", name="Import them")).to_be_visible()
    await expect(page.get_by_text("E-mail: is not one e-mail address.")).to_be_visible()
    await page.get_by_role("button", name="Import them").click()
    await expect(page.get_by_role("heading", name="Being imported")).to_be_visible()
    await page.goto("/staff/patients")  # leave it, and come back
    desk.run("imports")
    await page.goto("/staff/imports")
    await expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    await page.locator("tbody th a").first.click()
    await page.get_by_role("link", name=re.compile("^New")).click()
    await page.get_by_role("link", name=f"Ina {SCRIPT}").click()
    await expect(page.get_by_text(SCRIPT, exact=True)).to_be_visible()


async def test_a_file_that_is_none_says_so_and_another_can_be_chosen(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, tmp_path: Path
) -> None:
    page = await at_the_desk("/imports")
    chooser = page.get_by_label("A CSV file from your practice system")
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\x00\x00")
    await chooser.set_input_files(picture)
    await expect(page.get_by_text("This is not a CSV file.")).to_be_visible()
    await chooser.set_input_files(file_in(tmp_path, "x", "First,Mail\nAnn,a@example.com\n"))
    await expect(page.get_by_text("no column holds the patient's name")).to_be_visible()
    await page.get_by_label("First", exact=True).select_option("name")
    await page.get_by_role("button", name="Check the file").click()
    await expect(page.locator("#notices")).to_contain_text("say what they all are")
    await page.get_by_label("Who is in the file?").select_option("COLD_LEAD")
    await page.get_by_role("button", name="Check the file").click()
    await page.wait_for_url(re.compile(r"/staff/imports/[0-9a-f]{24}$"))
    await page.get_by_role("button", name="Stop").click()


async def test_a_large_file_shows_how_far_it_is_and_is_stopped_between_batches(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, tmp_path: Path
) -> None:
    rows = "".join(f"Zoë Many{number},many{number}@example.com\n" for number in range(3_000))
    file = tmp_path / "many.csv"
    file.write_bytes(f"Name,Mail\n{rows}=1+1,not-an-address\n".encode("cp1252"))
    page = await at_the_desk("/imports")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_label("A CSV file from your practice system").set_input_files(file)
    await expect(page.get_by_text("Read as Windows-1252 (older Excel).")).to_be_visible()
    await expect(page.get_by_text("Zoë Many0")).to_be_visible()
    await page.get_by_label("Who is in the file?").select_option("EXISTING")
    await page.get_by_role("button", name="Check the file").click()
    await expect(page.get_by_role("progressbar")).to_be_visible()
    desk.run("imports")
    await expect(page.get_by_text("3,000 patients would be added")).to_be_visible()
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download this report (CSV)").click()
    report = tmp_path / "report.csv"
    await (await started.value).save_as(report)
    assert "E-mail" in report.read_text()
    assert "=1+1" not in report.read_text()
    await page.get_by_role("button", name="Import them").click()
    await expect(page.get_by_role("heading", name="Being imported")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("what was imported stays")).to_be_visible()
    assert await axe.violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_is_accessible(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, tmp_path: Path, scheme: str
) -> None:
    page = await at_the_desk("/imports", color_scheme=scheme)
    await page.get_by_label("A CSV file from your practice system").set_input_files(file_in(tmp_path, scheme))
    await expect(page.get_by_label("Mail", exact=True)).to_be_visible()
    await seems_right(page)
    await page.get_by_role("button", name="Check the file").click()
    await page.wait_for_url(re.compile(r"/staff/imports/[0-9a-f]{24}$"))
    desk.run("imports")
    await expect(page.get_by_role("button", name="Import them")).to_be_visible()
    await seems_right(page)


async def seems_right(page: Page) -> None:
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert not await is_too_wide(page), width
        assert await axe.violations(page) == [], width
