"""The primary is killed five times under a mixed load; `scripts.fault_drills` does it twenty times (trust.md 2.2).

How long each outage lasted and how many requests failed is printed and not judged: a busy machine elects late.
"""

from pathlib import Path

import pytest

from tests.faults.primary_kills import kill_primaries

KILLS = 5
LEAST_OF_EACH = 5


@pytest.mark.timeout(600)
async def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    kills = await kill_primaries(tmp_path, kills=KILLS)

    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line("")
        for line in kills.lines():
            reporter.write_line(line)
    assert kills.violations == {}
    assert len(kills.outages) == KILLS
    assert min(kills.acknowledged.values()) >= LEAST_OF_EACH, kills.acknowledged
    assert kills.sent >= LEAST_OF_EACH
