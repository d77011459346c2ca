"""A store that is away for a while costs nothing. `make bench` does the same for two minutes."""

from pathlib import Path

import pytest

from tests.flow.outage import run

OUTAGE_S = 10


@pytest.mark.timeout(180)
def test_store_outage_under_load_loses_nothing_and_keeps_memory_flat(tmp_path: Path) -> None:
    result = run(OUTAGE_S, tmp_path)
    assert result.acknowledged_spans > 1000
    assert (result.lost_spans, result.doubled_spans) == (0, 0)
    assert result.waiting_segments >= OUTAGE_S / 2, "the journal did not grow: no outage happened"
    assert result.rss_late_bytes < result.rss_early_bytes + (32 << 20)
