"""A flood of heavy questions harms nobody."""

from pathlib import Path

from tests.flow import flood


def test_heavy_questions_leave_ingest_and_livez_alone_and_are_answered_right(
    tmp_path: Path,
) -> None:
    result = flood.run(tmp_path, traces=2_000, seconds=5, askers=24)
    assert result.wrong == []
    assert result.livez_failed == 0
    assert result.livez_ms
    assert result.unacknowledged == 0
    assert result.acknowledged_spans > 0
    assert result.answers["right"] > 0
