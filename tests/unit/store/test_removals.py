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


def test_oldest_parts_of_an_old_day_go_when_they_are_enough() -> None:
    old, last = TODAY - timedelta(days=2), TODAY - timedelta(days=1)
    parts = [part(day, block) for day in (old, last, TODAY) for block in (1, 2, 3)]
    parts += [part(day, 9, table="trace_ranges") for day in (old, last, TODAY)]
    gone = [(one.day, one.whole_day, one.bytes) for one in oldest_first(parts, 60)]
    assert gone == [(old, True, 40), (last, False, 10), (last, False, 10)]
    # What the last part would leave is a day without spans: it goes as a whole.
    assert [one.whole_day for one in oldest_first(parts, 61)] == [True, True]


def test_what_waits_for_the_first_spans_of_a_day_does_not_make_the_day_before_old() -> None:
    tomorrow = part(TODAY + timedelta(days=1), table="trace_ranges")
    parts = [part(last_block=1), part(last_block=2), tomorrow]
    gone = oldest_first(parts, 10**9)
    assert [(one.day, one.whole_day, one.bytes) for one in gone] == [(TODAY, False, 10)]


def test_day_that_goes_in_pieces_is_where_leftovers_are() -> None:
    parts = [part(last_block=block) for block in (1, 2)] + [part(table="trace_ranges")]
    for excess, day in ((0, None), (5, TODAY), (10**9, TODAY)):
        assert day_in_pieces(parts, oldest_first(parts, excess), excess) == day
    # With one part left nothing can be dropped, and it is still too large.
    assert day_in_pieces(parts[1:], oldest_first(parts[1:], 5), 5) == TODAY
    before = part(TODAY - timedelta(days=1))
    assert day_in_pieces([before, *parts], oldest_first([before, *parts], 5), 5) is None


@pytest.mark.parametrize(("size", "excess"), [(99, 0), (100, 0), (101, 6), (300, 205)])
def test_store_above_its_cap_loses_a_twentieth_of_it_more(size: int, excess: int) -> None:
    assert above_cap(size, Limits(0, 100, 0, 0)) == excess
    assert above_cap(size, Limits(0, 0, 0, 0)) == 0


@pytest.mark.parametrize(
    ("free", "replaced", "held", "short"),
    [
        (41, 0, 0, 0),
        (40, 0, 0, 0),
        (35, 0, 0, 9),  # a tenth of the limit more than is lacking
        (35, 5, 0, 0),  # what merges have replaced goes by itself …
        (29, 99, 0, 15),  # … but not in time when the reserve is near
        (29, 0, 11, 0),
        (29, 0, 10, 5),  # a reader that holds a part lets others go
        (0, 0, 0, 44),
    ],
)
def test_room_is_made_before_the_reserve_is_reached(
    free: int, replaced: int, held: int, short: int
) -> None:
    limits = Limits(days=0, max_bytes=0, free_bytes=40 * GIB, reserve_bytes=20 * GIB)
    assert shortage(free * GIB, replaced * GIB, limits, held * GIB) == short * GIB


def test_no_limit_on_free_space_is_never_short() -> None:
    assert shortage(0, 0, Limits(0, 0, 0, GIB)) == 0


@pytest.mark.parametrize(
    ("budget", "size"), [(1, 64 << 20), (16 * GIB, GIB), (31 * GIB, GIB), (1 << 62, 128 * GIB)]
)
def test_part_is_at_most_a_sixteenth_of_the_store(budget: int, size: int) -> None:
    assert merge_size(budget) == size
