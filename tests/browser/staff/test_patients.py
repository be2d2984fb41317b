"""Patients in a real Chromium: search, record, changing, stops, merging and undoing, export, erasing."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import axe
from tests.browser.conftest import is_too_wide
from tests.browser.staff.conftest import AtTheDesk
from tests.e2e.clinic_by_http import ClinicByHttp

SCRIPT = "<script>alert(1)</script>"
WIDTHS = (390, 768, 1280)


def add(desk: ClinicByHttp, name: str, **fields: object) -> str:
    body = {"name": name, "patient_type": "EXISTING"} | fields
    return str(desk.ok(desk.staff.post("/admin/patients", json=body))["patient_id"])


async def test_the_header_finds_a_patient_and_back_brings_the_list(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    add(desk, "Fiona Found", phone="+1 202 555 0111")
    page = await at_the_desk("/patients")
    await page.get_by_label("Find a patient").fill("(202) 555-0111")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("search="))
    await page.get_by_role("link", name="Fiona Found").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Fiona Found")
    await page.go_back()
    await expect(page.get_by_label("Name, e-mail or phone")).to_have_value("(202) 555-0111")
    await page.get_by_label("Name, e-mail or phone").fill("nobody is called this")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_text("Nobody is found for")).to_be_visible()


async def test_a_patient_is_added_with_a_guardian_and_changed(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    add(desk, "Greta Guardian", email="greta@example.com")
    page = await at_the_desk("/patients/new")
    await page.get_by_label("Name", exact=True).fill(f"Kim {SCRIPT}")
    await page.locator("#p-email").fill("greta@example.com")
    await page.get_by_role("button", name="Store").click()
    await expect(page.get_by_role("link", name="Open that patient")).to_be_visible()
    await page.get_by_label("Find a guardian").fill("greta")
    await page.get_by_label("Greta Guardian").check()
    await page.get_by_role("button", name="Store").click()
    await expect(page.get_by_text("The patient was added.")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Kim {SCRIPT}")
    await expect(page.get_by_role("link", name="Greta Guardian")).to_be_visible()
    await page.get_by_role("link", name="Change", exact=True).click()
    await page.get_by_label("Phone").fill("12")
    await page.get_by_label("Notes").fill(SCRIPT)
    await page.get_by_role("button", name="Store").click()
    await expect(page.get_by_text("This is not a phone number.")).to_be_visible()
    await expect(page.get_by_label("Notes")).to_have_value(SCRIPT)
    await page.get_by_label("Phone").fill("")
    await page.get_by_role("button", name="Store").click()
    await expect(page.get_by_text("The changes were stored.")).to_be_visible()
    await expect(page.get_by_text(SCRIPT, exact=True)).to_be_visible()


async def test_a_stop_is_entered_and_taken_back_with_a_reason(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    patient = add(desk, "Stan Stop", email="stan@example.com")
    page = await at_the_desk(f"/patients/{patient}")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_text("Stop messages", exact=True).click()
    await page.get_by_label("Which?").select_option("all")
    await page.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.get_by_text("Wants no messages")).to_be_visible()
    await expect(page.get_by_text(re.compile("since today .*, entered by staff by "))).to_be_visible()
    await page.get_by_text("Allow again").click()
    await page.get_by_label("How do you know").fill("Asked for it at the desk")
    await page.get_by_role("button", name="Allow messages").click()
    await expect(page.get_by_text("Nothing is stopped.")).to_be_visible()


async def test_two_records_are_compared_merged_and_parted(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    stays = add(desk, "Mia Merge", email="mia@example.com")
    add(desk, "Mia Double", phone="+1 202 555 0122", notes="afraid of needles")
    page = await at_the_desk(f"/patients/{stays}")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("link", name="Merge with a double").click()
    await page.get_by_label("The other record").fill("mia d")
    await page.get_by_label("Mia Double").check()
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("row", name="Notes")).to_contain_text("afraid of needles")
    assert await axe.violations(page) == []
    await page.get_by_role("button", name="Merge the two").click()
    await expect(page.get_by_text("The two records are one now.")).to_be_visible()
    await page.get_by_role("button", name="Undo the merge").click()
    await expect(page.get_by_text("The two records are parted again.")).to_be_visible()


async def test_a_record_is_downloaded_and_erased(desk: ClinicByHttp, at_the_desk: AtTheDesk, tmp_path: Path) -> None:
    patient = add(desk, "Erna Erased", email="erna@example.com")
    page = await at_the_desk(f"/patients/{patient}")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download everything (JSON)").click()
    file = tmp_path / "patient.json"
    await (await started.value).save_as(file)
    assert json.loads(file.read_text())["patient"]["name"] == "Erna Erased"
    await page.get_by_role("link", name="Erase for ever").click()
    await page.get_by_label("Type the patient's full name").fill("Erna")
    await page.get_by_label("Why").fill("Asked for it")
    await page.get_by_role("button", name="Erase for ever").click()
    await expect(page.get_by_role("alert")).to_contain_text("must be the patient's full name")
    await page.get_by_label("Type the patient's full name").fill("erna erased")
    await page.get_by_role("button", name="Erase for ever").click()
    await expect(page.get_by_text("The patient was erased.")).to_be_visible()
    await expect(page.get_by_text("Erna")).to_have_count(0)


async def test_the_timeline_shows_older_rows_in_place(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    patient = add(desk, "Tim Line")
    for number in range(30):
        desk.ok(desk.staff.patch(f"/admin/patients/{patient}", json={"notes": f"note {number}"}))
    page = await at_the_desk(f"/patients/{patient}")
    await expect(page.locator(".timeline li:not(.more)")).to_have_count(25)
    await page.get_by_role("link", name="Show older").click()
    await expect(page.locator(".timeline li:not(.more)")).to_have_count(31)


ROOMS = {
    "lists": ("", "?show=stopped", "?search=nobody+is+called+this", "/new"),
    "record": ("/{patient}", "/{patient}/edit", "/{patient}/merge"),
    "whole record": ("/{patient}/merge?other={other}", "/{patient}/erase"),
}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_is_accessible(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, scheme: str, room: str
) -> None:
    email = f"wide-{scheme}-{room.replace(' ', '-')}@example.com"
    patient = add(desk, f"{SCRIPT} {'Long' * 20}", email=email, notes=SCRIPT * 10, guardian_id=None)
    other = add(desk, "Somebody Else", date_of_birth="1980-02-29", next_follow_up_date="2026-01-01")
    desk.ok(desk.staff.patch(f"/admin/patients/{patient}", json={"add_opt_outs": ["sms", "whatsapp"]}))
    page = await at_the_desk("/patients", color_scheme=scheme)
    for path in ROOMS[room]:
        await page.goto(f"/staff/patients{path.format(patient=patient, other=other)}")
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            assert not await is_too_wide(page), (path, width)
            assert await axe.violations(page) == [], (path, width)
