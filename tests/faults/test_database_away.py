"""No member of the set answers for longer than anybody waits: killed, then standing still (trust.md faults 3 and 29).

How long each caller waited is printed and not judged: `scripts.fault_drills` holds the outage for sixty seconds on a
quiet machine, and docs/explanation/failover.md has its figures.
"""

from pathlib import Path

import pytest

from tests.faults.database_away import Away, take_away

AWAY_SECONDS = 45.0
"""Longer than the patience of webhooks: their 503 is seen."""
REFUSED = ("incoming message", "gmail push", "twilio", "booking", "page", "public read", "staff read", "ready")


def assert_honest(outages: list[Away]) -> None:
    """Nobody was told that something was done; everybody was told to come again; the processes live."""
    for kind in REFUSED:
        assert [away.statuses(kind) - {503} for away in outages] == [set(), set()], kind
        assert any(away.statuses(kind) for away in outages), f"nobody saw how {kind} is refused"
    assert [away.statuses("live") for away in outages] == [{200}, {200}]
    refused = [each for away in outages for each in away.during if each.status == 503 and each.kind != "ready"]
    assert {each.retry_after for each in refused} == {"5"}


@pytest.mark.timeout(600)
async def test_nobody_is_lied_to_and_all_is_back_by_itself(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    found = await take_away(tmp_path, seconds=AWAY_SECONDS, ways=(False, True))

    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line("")
        for line in found.lines():
            reporter.write_line(line)
    assert_honest(found.outages)
    for away in found.outages:
        assert [kind for kind, back in away.back.items() if back is None] == [], "nobody restarted anything"
    assert found.ends == [None, None, None]
    assert found.acknowledged_and_lost == []
    assert found.violations == {}
