"""The campaign list at the dashboard: filters in the address, actions for many, saved views, a new campaign."""

import re
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.models.campaign_batches import CampaignBatch
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, Role
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.models.saved_views import SavedView
from app.services import campaigns, saved_views
from app.services.campaign_batch_runs import STEP
from tests.factories import force_status, make_patient, make_recovery
from tests.web.reading import Page
from tests.web.staff.conftest import Seat, Seated
from tests.web.staff.scenes import HOSTILE, handed_over

pytestmark = pytest.mark.usefixtures("open_clinic")

NEW = {"patient_id": "new", "name": "Lea Lead", "email": "Lea@Example.com", "inquiry": "Whitening?", "value": "$1,200"}


def shown(page: Page) -> list[str]:
    """The names in the list, in order."""
    return re.findall(r'<th scope="row"><a href="/staff/campaigns/[0-9a-f]{24}">([^<]*)</a>', page.html)


async def at(seat: Seat, address: str) -> httpx2.Response:
    """Open an address of the dashboard with the filters in it."""
    return await seat.http.get(f"/staff{address}")


class TestList:
    async def test_each_filter_shows_what_it_says(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat(Role.FRONT_DESK)
        mine = await handed_over(ctx, campaign={"patient_name": "Mine"}, assigned_to=somebody.user.id)
        await handed_over(ctx, campaign={"patient_name": "Nobodys"})
        due = await make_recovery(ctx, patient_name="Due")
        by_sms = await make_recovery(
            ctx,
            patient_name="By sms",
            patient_email=None,
            patient_phone="+12025550177",
            preferred_channel=[ChannelType.SMS],
        )
        await force_status(by_sms, CampaignStatus.RECOVERED, **{"follow_up_details.next_attempt_at": None})
        assert mine.is_active
        assert due.is_active
        expected: dict[str, set[str]] = {
            "": {"Mine", "Nobodys", "Due"},
            "?status=all": {"Mine", "Nobodys", "Due", "By sms"},
            "?status=RECOVERED": {"By sms"},
            "?held=me": {"Mine"},
            f"?held={somebody.user.id}": {"Mine"},
            "?held=nobody": {"Nobodys"},
            "?due=now": {"Due"},
            "?due=week&status=HANDOFF_REQUIRED": {"Due"},
            "?channel=sms": set(),
            "?channel=sms&status=all": {"By sms"},
            "?type=RECALL&status=all": set(),
            "?search=nob": {"Nobodys"},
            "?search=.*": set(),
            "?type=&channel=&held=&due=&search=&sort=patient_name": {"Mine", "Nobodys", "Due"},
        }
        for query, names in expected.items():
            page = Page(await at(somebody, f"/campaigns{query}"))
            assert page.status == 200
            assert set(shown(page)) == names, query
            if not names:
                assert 'class="card empty"' in page.html

    async def test_the_tabs_count_each_status(self, ctx: Context, seat: Seated) -> None:
        await handed_over(ctx)
        await make_recovery(ctx)
        page = Page(await (await seat()).get("/campaigns"))
        assert "Open 2" in page.text
        assert "Needs a person 1" in page.text
        assert "All 2" in page.text

    @pytest.mark.parametrize(
        "query",
        [
            "status=NOPE",
            "type=x",
            "channel=fax",
            "held=x",
            "due=x",
            "sort=x",
            "cursor=x",
            "search=%00",
            "search=" + "a" * 65,
        ],
    )
    async def test_what_no_filter_says_is_refused_in_words(self, seat: Seated, query: str) -> None:
        answer = await at(await seat(), f"/campaigns?{query}")
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text

    async def test_pages_go_on_and_keep_the_filters(self, ctx: Context, seat: Seated) -> None:
        for number in range(27):
            await make_recovery(ctx, patient_name=f"Lead {number:02}")
        somebody = await seat()
        first = Page(await at(somebody, "/campaigns?type=RECOVERY&sort=patient_name"))
        [further] = first.hrefs("/staff/campaigns?type=RECOVERY&sort=patient_name&cursor=")
        second = Page(await at(somebody, further.removeprefix("/staff")))
        assert shown(first) + shown(second) == [f"Lead {number:02}" for number in range(27)]
        assert "/staff/campaigns?type=RECOVERY&sort=patient_name" in second.hrefs()

    async def test_who_was_shown_stands_in_the_audit_log(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await make_recovery(ctx), await seat(Role.PROVIDER)
        await somebody.get("/campaigns")
        [row] = await AuditEntry.find({"action": "campaign.listed"}).to_list()
        assert (row.actor, row.patient_ids) == (f"user:{somebody.user.id}", [campaign.patient_id])

    async def test_who_only_reads_is_offered_nothing_to_change(self, ctx: Context, seat: Seated) -> None:
        await make_recovery(ctx)
        page = Page(await (await seat(Role.PROVIDER)).get("/campaigns"))
        assert "batch-action" not in page.html
        assert "/staff/campaigns/new" not in page.html

    async def test_an_empty_clinic_is_told_what_to_do(self, seat: Seated) -> None:
        page = Page(await (await seat()).get("/campaigns"))
        assert "No campaign is open." in page.text
        assert "/staff/campaigns/new" in page.hrefs()


class TestManyAtOnce:
    async def test_a_part_is_done_and_the_rest_says_why(self, ctx: Context, seat: Seated) -> None:
        waits, attempts = await handed_over(ctx), await make_recovery(ctx, patient_name=HOSTILE)
        ids = [str(waits.id), str(attempts.id), "not an id"]
        answer = await (await seat(Role.FRONT_DESK)).post(
            "/campaigns/batch", action="release", campaign=ids, view="/staff/campaigns?type=RECOVERY"
        )
        page = Page(answer)
        assert page.status == 200
        assert "1 campaign was given back to the assistant. 1 stayed as it was:" in page.text
        assert "It does not wait for a person, so there is nothing to give back." in page.text
        assert "<script>" not in page.html
        assert len(shown(page)) == 2
        assert (await campaigns.get(waits.id)).status is CampaignStatus.RE_ENGAGED

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"action": "release"},
            {"action": "nonsense", "campaign": ["0" * 24]},
            {"action": "pause:8", "campaign": ["0" * 24]},
            {"action": "pause:x", "campaign": ["0" * 24]},
            {"action": "assign:x", "campaign": ["0" * 24]},
            {"action": "assign", "campaign": ["0" * 24]},
            {"action": "release", "campaign": ["0" * 24] * 101},
            {"action": "x" * 101, "campaign": ["0" * 24]},
        ],
    )
    async def test_what_cannot_be_meant_is_a_notice_and_changes_nothing(
        self, ctx: Context, seat: Seated, fields: dict[str, Any]
    ) -> None:
        before = await AuditEntry.count()
        answer = await (await seat()).post("/campaigns/batch", **fields)
        assert answer.status_code == 422
        assert answer.headers["hx-retarget"] == "#notices"
        assert await AuditEntry.count() == before

    async def test_all_that_match_are_done_in_steps_with_progress_and_one_report(
        self, ctx: Context, seat: Seated
    ) -> None:
        somebody = await seat(Role.FRONT_DESK)
        for number in range(STEP + 4):
            await make_recovery(ctx, patient_name=f"Lead {number}", initial_inquiry=HOSTILE)
        spared = await make_recovery(ctx, patient_name="Somebody else")
        form = {"action": "booked_elsewhere", "every": "yes", "view": "/staff/campaigns?search=lead", "key": "k"}
        begun = await somebody.post("/campaigns/batch", **form)
        assert f"{STEP} of {STEP + 4} campaigns" in Page(begun).text
        assert 'name="campaign"' not in begun.text
        [step] = re.findall(r'hx-post="/staff(/campaigns/batches/[0-9a-f]{24}/step)" hx-trigger="load', begun.text)
        left = Page(await somebody.get("/campaigns"))
        assert "You left before it was finished." in left.text
        assert 'hx-trigger="submit"' in left.html
        again = await somebody.post("/campaigns/batch", **form)  # the second click goes on with the same one
        assert f"{STEP + 4} campaigns were closed as booked elsewhere." in Page(again).text
        over = await somebody.post(step, view=form["view"])
        assert over.headers["hx-retarget"] == "#campaign-list"
        assert "stayed as" not in Page(over).text
        assert (await campaigns.get(spared.id)).is_active
        assert "not finished" not in Page(await somebody.get("/campaigns")).text

    async def test_it_is_stopped_and_only_by_whoever_began_it(self, ctx: Context, seat: Seated) -> None:
        somebody, other = await seat(Role.FRONT_DESK), await seat()
        for _ in range(STEP + 2):
            await make_recovery(ctx)
        await somebody.post("/campaigns/batch", action="booked_elsewhere", every="yes")
        [held] = await CampaignBatch.find_all().to_list()
        for path in ("step", "stop"):
            assert (await other.post(f"/campaigns/batches/{held.id}/{path}")).status_code == 404
        another = await somebody.post("/campaigns/batch", action="booked_elsewhere", every="yes", key="new")
        assert another.status_code == 409
        page = Page(await somebody.post(f"/campaigns/batches/{held.id}/stop"))
        assert f"{STEP} campaigns were closed as booked elsewhere. You stopped it: 2 were not looked at" in page.text

    async def test_who_stays_as_they_are_is_named_and_audited(self, ctx: Context, seat: Seated) -> None:
        attempts, somebody = await make_recovery(ctx, patient_name=HOSTILE), await seat()
        view = "/staff/campaigns?status=RECOVERED"  # the list itself shows nobody
        page = Page(await somebody.post("/campaigns/batch", action="release", campaign=[str(attempts.id)], view=view))
        assert "&lt;script&gt;" in page.html
        assert "<script>" not in page.html
        [row] = await AuditEntry.find({"action": "campaign.listed"}).to_list()
        assert row.patient_ids == [attempts.patient_id]

    async def test_a_view_of_another_site_is_only_a_query(self, ctx: Context, seat: Seated) -> None:
        campaign = await handed_over(ctx)
        answer = await (await seat()).post(
            "/campaigns/batch", action="finish", campaign=[str(campaign.id)], view="https://evil.example/?type=RECALL"
        )
        assert answer.status_code == 200
        assert "evil.example" not in answer.text


class TestViews:
    async def test_a_view_is_kept_for_one_person_opened_replaced_and_removed(self, ctx: Context, seat: Seated) -> None:
        somebody, other = await seat(Role.PROVIDER), await seat()
        view = "/staff/campaigns?status=RECOVERED&type=RECALL&search=Ann&cursor=abc"
        for _ in range(2):
            page = Page(await somebody.post("/campaigns/views", name=f" {HOSTILE} ", view=view))
            assert page.status == 200
            assert "<script>" not in page.html
        [kept] = await SavedView.find_all().to_list()
        assert (kept.name, kept.query) == (HOSTILE, "status=RECOVERED&type=RECALL")
        assert "/staff/campaigns?status=RECOVERED&type=RECALL" in Page(await somebody.get("/campaigns")).hrefs()
        assert "type=RECALL" not in (await other.get("/campaigns")).text
        assert (await other.post(f"/campaigns/views/{kept.id}/remove")).status_code == 404
        assert (await somebody.post(f"/campaigns/views/{kept.id}/remove")).status_code == 200
        assert (await somebody.post(f"/campaigns/views/{kept.id}/remove")).status_code == 404
        assert await SavedView.count() == 0

    async def test_a_view_is_renamed_and_two_of_one_name_cannot_be(self, ctx: Context, seat: Seated) -> None:
        somebody, other = await seat(Role.PROVIDER), await seat()
        for name, kind in (("First", "RECALL"), ("Second", "RECOVERY")):
            await somebody.post("/campaigns/views", name=name, view=f"?type={kind}")
        first = await SavedView.find_one({"name": "First"})
        assert first
        path = f"/campaigns/views/{first.id}/rename"
        assert (await other.post(path, name="Mine now")).status_code == 404
        assert (await somebody.post(path, name="second")).status_code == 409
        assert (await somebody.post(path, name=" ")).status_code == 422
        page = Page(await somebody.post(path, name=f" FIRST  {HOSTILE}", view="?type=RECALL"))
        assert page.status == 200
        assert "<script>" not in page.html
        assert "Rename this view" in page.text
        assert (await somebody.post(path, name="Again")).status_code == 404
        kept = {view.name: view.query for view in await SavedView.find_all().to_list()}
        assert kept == {f"FIRST {HOSTILE}": "type=RECALL", "Second": "type=RECOVERY"}
        await somebody.post("/campaigns/views", name="First", view="?channel=sms")  # the old name is free again
        assert await SavedView.count() == 3
        [row] = await AuditEntry.find({"action": "saved_view.renamed"}).to_list()
        assert row.actor == f"user:{somebody.user.id}"

    @pytest.mark.parametrize(
        ("name", "view"),
        [
            ("", "?type=RECALL"),
            ("x" * 61, "?type=RECALL"),
            ("x\ty\x00", "?type=RECALL"),
            ("Whole", ""),
            ("Ann", "?search=Ann"),
        ],
    )
    async def test_what_cannot_be_kept(self, seat: Seated, name: str, view: str) -> None:
        assert (await (await seat()).post("/campaigns/views", name=name, view=view)).status_code == 422
        assert await SavedView.count() == 0

    async def test_there_is_room_for_so_many(self, seat: Seated) -> None:
        somebody = await seat()
        for number in range(saved_views.MOST_VIEWS):
            assert (
                await somebody.post("/campaigns/views", name=f"View {number}", view="?type=RECALL")
            ).status_code == 200
        assert (await somebody.post("/campaigns/views", name="One more", view="?type=RECALL")).status_code == 409
        assert (await somebody.post("/campaigns/views", name="VIEW 1", view="?type=RECOVERY")).status_code == 200


class TestNewCampaign:
    async def test_somebody_new_is_entered_and_leads_to_the_conversation(self, ctx: Context, seat: Seated) -> None:
        answer = await (await seat(Role.FRONT_DESK)).post("/campaigns/new", **NEW)
        [campaign] = await Campaign.find_all().to_list()
        assert (answer.status_code, answer.headers["hx-redirect"]) == (204, f"/staff/campaigns/{campaign.id}")
        assert (campaign.patient_name, campaign.estimated_value) == ("Lea Lead", 1200)
        assert campaign.channel.address == "lea@example.com"

    async def test_a_known_patient_is_written_to_where_staff_say(self, ctx: Context, seat: Seated) -> None:
        patient = await make_patient(ctx, phone="+12025550177")
        somebody = await seat()
        form = Page(await at(somebody, f"/campaigns/new?patient={patient.id}"))
        assert patient.name in form.text
        answer = await somebody.post("/campaigns/new", patient_id=str(patient.id), channel="sms", inquiry="Implants")
        assert answer.status_code == 204
        [campaign] = await Campaign.find_all().to_list()
        assert (campaign.patient_id, campaign.channel.type) == (patient.id, ChannelType.SMS)
        assert await Patient.count() == 1

    async def test_a_second_click_names_the_campaign_that_runs(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat()
        await somebody.post("/campaigns/new", **NEW)
        page = Page(await somebody.post("/campaigns/new", **NEW))
        [campaign] = await Campaign.find_all().to_list()
        assert page.status == 409
        assert f"/staff/campaigns/{campaign.id}" in page.hrefs()
        assert page.fields()["name"] == "Lea Lead"

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"name": ""}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"email": "x@"}, "email"),
            ({"email": "", "phone": ""}, "email"),
            ({"phone": "12"}, "phone"),
            ({"value": "-1"}, "value"),
            ({"value": "nan"}, "value"),
            ({"value": "many"}, "value"),
            ({"channel": "fax"}, "channel"),
            ({"inquiry": "x" * 1001}, "inquiry"),
            ({"patient_id": "x"}, "patient_id"),
        ],
    )
    async def test_a_wrong_field_is_shown_beside_it_and_nothing_is_lost(
        self, seat: Seated, changed: dict[str, str], problem: str
    ) -> None:
        page = Page(await (await seat()).post("/campaigns/new", **(NEW | {"inquiry": HOSTILE} | changed)))
        assert page.status == 422
        assert f'id="{problem}-problem"' in page.html
        assert "<script>" not in page.html
        assert await Campaign.count() == 0

    async def test_the_first_message_is_looked_at_and_nothing_is_stored(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat(Role.FRONT_DESK)
        page = Page(await somebody.post("/campaigns/new/preview", **(NEW | {"name": f"Lea {HOSTILE}"})))
        assert page.status == 200
        assert "Lea" in page.text
        assert "l***@example.com" in page.text
        assert "/book?t=preview" in page.text
        assert "<script>" not in page.html
        assert await Campaign.count() == await Patient.count() == await AuditEntry.count() == 0

    async def test_a_look_at_the_words_for_a_known_patient_is_audited(self, ctx: Context, seat: Seated) -> None:
        patient = await make_patient(ctx, name="Ana Roy", phone="+12025550177", language="es")
        somebody = await seat(Role.FRONT_DESK)
        page = Page(await somebody.post("/campaigns/new/preview", patient_id=str(patient.id), channel="sms"))
        assert "By SMS to Ana Roy, +1******0177" in page.text
        assert "Hola, Ana" in page.text
        [row] = await AuditEntry.find({"action": "patient.read"}).to_list()
        assert (row.actor, row.patient_ids) == (f"user:{somebody.user.id}", [patient.id])

    async def test_what_stands_in_the_way_of_the_first_message_is_told_in_the_form(
        self, ctx: Context, seat: Seated
    ) -> None:
        somebody = await seat()
        wrong = await somebody.post("/campaigns/new/preview", **(NEW | {"email": "x@"}))
        assert (wrong.status_code, wrong.headers["hx-retarget"]) == (422, "#recovery")
        assert 'id="email-problem"' in wrong.text
        await somebody.post("/campaigns/new", **NEW)
        running = await somebody.post("/campaigns/new/preview", **NEW)
        assert running.status_code == 409
        assert "Open the one that runs" in running.text

    async def test_who_stopped_everything_is_not_written_to(self, ctx: Context, seat: Seated) -> None:
        patient, somebody = await make_patient(ctx), await seat()
        await somebody.post(f"/patients/{patient.id}/stop", channel="all")
        page = Page(await somebody.post("/campaigns/new", patient_id=str(patient.id)))
        assert page.status == 409
        assert "cannot be written to" in page.text

    @pytest.mark.parametrize("path", ["/campaigns/new", "/campaigns/new/preview", "/campaigns/batch"])
    async def test_who_only_reads_opens_and_changes_nothing(self, seat: Seated, path: str) -> None:
        assert (await (await seat(Role.PROVIDER)).post(path, **NEW)).status_code == 403
        assert await Campaign.count() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns/new",
        "/campaigns/new/preview",
        "/campaigns/batch",
        f"/campaigns/batches/{'0' * 24}/step",
        f"/campaigns/batches/{'0' * 24}/stop",
        "/campaigns/views",
        f"/campaigns/views/{'0' * 24}/rename",
    ],
)
async def test_a_form_from_elsewhere_is_refused(seat: Seated, path: str) -> None:
    somebody = await seat()
    answer = await somebody.http.post(f"/staff{path}", data=NEW, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
