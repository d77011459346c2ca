"""What is acknowledged is stored exactly once, whatever is killed. `make bench` runs the same with
100 rounds.
"""

from pathlib import Path

import pytest

from tests.flow.kill_rounds import FAULT_POINTS, run
from tests.thorough import rounds


@pytest.mark.timeout(240)
def test_every_acknowledged_span_is_stored_exactly_once_over_many_kills(tmp_path: Path) -> None:
    result = run(rounds(len(FAULT_POINTS) + 2, 20), tmp_path)
    assert result.acknowledged_spans > 1000
    assert result.resent_requests > 0, "no request was ever sent again: the kills hit nobody"
    assert (result.lost_spans, result.doubled_spans) == (0, 0), result
    assert result.slowest_ready_s < 30
