"""What goes when: pure functions."""

from datetime import date, timedelta

import pytest

from clew.store.removals import (
    Limits,
    Part,
    above_cap,
    day_in_pieces,
    merge_size,
    oldest_first,
    shortage,
    too_old,
    whole_days,
)

TODAY = date(2026, 11, 22)
GIB = 1 << 30


def part(
    day: date = TODAY,
    last_block: int = 1,
    *,
    table: str = "spans",
    live: bool = True,
) -> Part:
    return Part(table, f"{day}_{last_block}", day, live, 10, 10, last_block)


def test_span_is_kept_for_all_its_days() -> None:
    parts = [part(TODAY - timedelta(days=days)) for days in (0, 13, 14, 15, 400)]
    old = [removal.day for removal in too_old(parts, TODAY, 14)]
    assert old == [TODAY - timedelta(days=400), TODAY - timedelta(days=15)]


def test_nothing_is_old_when_kept_for_ever_or_when_the_day_is_not_known() -> None:
    parts = [part(date(1970, 1, 1))]
    assert too_old(parts, TODAY, 0) == []
    assert too_old(parts, None, 14) == []


def test_days_of_all_tables_go_together_and_replaced_parts_count_for_nothing() -> None:
    parts = [part(), part(table="trace_ranges"), part(live=False), part(TODAY - timedelta(days=1))]
    assert [(one.day, len(one.parts), one.bytes) for one in whole_days(parts)] == [
        (TODAY - timedelta(days=1), 1, 10),
        (TODAY, 2, 20),
    ]


@pytest.mark.parametrize(("excess", "days"), [(-1, 0), (0, 0), (1, 1), (10, 1), (11, 2)])
def test_as_few_days_go_as_it_takes(excess: int, days: int) -> None:
    parts = [part(TODAY - timedelta(days=ago)) for ago in range(4)]
    gone = oldest_first(parts, excess)
    assert [one.day for one in gone] == [TODAY - timedelta(days=3 - n) for n in range(days)]
    assert all(one.whole_day for one in gone)


def test_oldest_parts_of_a_day_that_is_too_large_go_and_the_newest_stays() -> None:
    parts = [part(last_block=block) for block in (30, 10, 20)] + [part(table="trace_ranges")]
    assert [one.parts[0].last_block for one in oldest_first(parts, 15)] == [10, 20]
    assert [one.parts[0].last_block for one in oldest_first(parts, 10**9)] == [10, 20]
    assert not any(one.whole_day for one in oldest_first(parts, 15))


def test_empty_store_has_nothing_to_remove() -> None:
    assert oldest_first([], 10) == []


@pytest.mark.parametrize(
    ("free", "replaced", "short"),
    [
        (5, 0, -1),
        (3, 0, 1),
        (3, 9, -8),  # what merges have replaced goes by itself …
        (2, 9, 2),  # … but not in time when the reserve is near
        (0, 0, 4),
    ],
)
def test_room_is_made_before_the_reserve_is_reached(free: int, replaced: int, short: int) -> None:
    limits = Limits(days=0, max_bytes=0, free_bytes=4 * GIB, reserve_bytes=2 * GIB)
    assert shortage(free * GIB, replaced * GIB, limits) == short * GIB


def test_no_limit_on_free_space_is_never_short() -> None:
    assert shortage(0, 0, Limits(0, 0, 0, GIB)) == 0


@pytest.mark.parametrize(
    ("budget", "size"), [(1, 64 << 20), (16 * GIB, GIB), (31 * GIB, GIB), (1 << 62, 128 * GIB)]
)
def test_part_is_at_most_a_sixteenth_of_the_store(budget: int, size: int) -> None:
    assert merge_size(budget) == size
