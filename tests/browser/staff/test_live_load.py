"""A burst of events does not become a burst of requests: what happens within a second is read once."""

import pytest

from app.models.base import Raw
from tests.browser.staff.conftest import AtTheDesk
from tests.browser.staff.waiting import handed_over
from tests.e2e.clinic_by_http import ClinicByHttp

pytestmark = pytest.mark.browser

BURST = 40
MOST_READS = 5
"""The first event, those of the next second together, and some patience for a machine that is busy."""
COUNT = """() => {
  globalThis.told = [];
  document.body.addEventListener("live-campaign", ({ detail }) => globalThis.told.push(detail));
  document.body.addEventListener("live-note", () => { globalThis.isOver = true; });
}"""


def changed(desk: ClinicByHttp, campaign_id: str) -> None:
    """As a rush of the agent does it: one campaign's handoff changes hands again and again; then a note."""
    with desk.server.database() as database:
        row: Raw | None = next((each for each in database.campaigns.find() if str(each["_id"]) == campaign_id), None)
        assert row
        for number in range(BURST):
            details = {"handoff_changed_at": row["updated_at"], "sends_begun": number + 1}
            database.campaigns.update_one({"_id": row["_id"]}, {"$unset": {"handoff_changed_at": ""}})
            database.campaigns.update_one({"_id": row["_id"]}, {"$set": details})
        database.campaign_notes.insert_one({"campaign_id": row["_id"], "patient_id": row["patient_id"], "text": "over"})


async def test_a_burst_of_events_is_read_once_or_twice(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign_id, _ = handed_over(desk)
    page = await at_the_desk("/handoffs")
    reads: list[str] = []
    page.on("request", lambda request: reads.append(request.url) if request.url.endswith("/badges/handoffs") else None)
    await page.wait_for_load_state("load")
    await page.evaluate(COUNT)
    await page.wait_for_function("() => source?.readyState === EventSource.OPEN")
    before = len(reads)

    changed(desk, campaign_id)

    await page.wait_for_function("() => globalThis.isOver === true")
    await page.wait_for_function("() => globalThis.told.length >= 2 && !gathered.has('live-campaign')")
    told = await page.evaluate("globalThis.told")
    assert 2 <= len(told) <= MOST_READS
    assert {each["campaign_id"] for each in told} == {campaign_id}, "events of one conversation say which"
    assert len(reads) - before <= MOST_READS + 1
