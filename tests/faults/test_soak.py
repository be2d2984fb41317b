"""Five minutes of mixed load: memory does not grow and no queue does; `scripts.soak` does it for half an hour."""

from pathlib import Path

import pytest

from tests.faults.soak import soak

SECONDS = 300.0
MOST_GROWTH = 0.10
MOST_MORE_WAITING = 15
"""A few dozen clients write at any moment: a handful waits always."""
MOST_FAILED = 0.002


@pytest.mark.timeout(3 * SECONDS)
async def test_five_minutes_leave_nothing_behind(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    found = await soak(tmp_path, seconds=SECONDS)

    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line("")
        for line in found.lines():
            reporter.write_line(line)
    assert found.growth < MOST_GROWTH
    before, after = found.waiting
    assert after <= before + MOST_MORE_WAITING
    assert found.failed <= MOST_FAILED * sum(found.statuses.values())
    assert found.violations == {}
