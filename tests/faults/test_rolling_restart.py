"""A rolling restart of three replicas while messages come in and go out: each once (trust.md fault 28).

`python -m scripts.rolling_restart` does the same with 1,500 sends and 600 deliveries, and prints what happened.
"""

from pathlib import Path

import pytest

from app.stopping import GONE_WITHIN_SECONDS
from tests.cluster import REPLICAS
from tests.faults.rolling import LONGEST_SECONDS, MESSAGES_EACH, rolling

SENDS, DELIVERIES = 600, 240


@pytest.mark.timeout(2 * LONGEST_SECONDS)
async def test_nothing_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    async with rolling(tmp_path, sends=SENDS, deliveries=DELIVERIES) as group:
        found = await group.run()
    assert [stop.code for stop in found.stops] == [0] * REPLICAS
    assert max(stop.seconds for stop in found.stops) < GONE_WITHIN_SECONDS
    assert min(found.waiting_at_stop) > 0, "a restart met no work"
    assert found.attempts_sent == SENDS
    assert set(found.sent.values()) == {1}
    assert len(found.sent) == SENDS + sum(found.answers.values())
    assert (len(found.events), set(found.events.values())) == (DELIVERIES, {1})
    assert (len(found.said), set(found.said.values())) == (DELIVERIES, {1})
    assert len(found.answers) == DELIVERIES // MESSAGES_EACH
    assert found.unfinished == 0
    assert found.violations == {}
