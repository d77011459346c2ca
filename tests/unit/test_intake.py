"""What the intake process says about itself."""

from __future__ import annotations

import dataclasses

from clew.intake import REFUSED_FULL, REFUSING_FOR_S, State
from clew.settings import GIB, Settings

SETTINGS = dataclasses.replace(Settings(), disk_reserve_bytes=2 * GIB, journal_max_bytes=8 * GIB)


def test_intake_with_room_is_ok() -> None:
    assert State(SETTINGS).of({}) == "ok"
    assert State(SETTINGS).of({"clew_journal_disk_free_bytes": 2 * GIB}) == "ok"


def test_disk_below_its_reserve_is_said_with_both_figures() -> None:
    said = State(SETTINGS).of({"clew_journal_disk_free_bytes": 1.2 * GIB})
    assert said == "refusing: 1.2 GiB free on the disk, reserve 2.0 GiB"


def test_full_journal_is_said_until_refusals_have_ended() -> None:
    now = 100.0
    state = State(SETTINGS, lambda: now)
    figures = {REFUSED_FULL: 3.0, "clew_journal_bytes": 7.5 * GIB}
    full = "refusing: the journal holds 7.5 GiB of 8.0 GiB, the store is behind"
    assert state.of(figures) == full
    now += REFUSING_FOR_S - 1
    assert state.of(figures) == full
    now += 1
    assert state.of(figures) == "ok"
    assert state.of({**figures, REFUSED_FULL: 4.0}) == full
