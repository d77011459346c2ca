"""Which day it is by the data, and what goes when: pure functions."""

from datetime import date, timedelta

import pytest

from clew.store.retention import (
    MINUTES_OF_AN_HOUR,
    Evidence,
    Limits,
    Part,
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


def minutes(evidence: Evidence, count: int, newest: date, clock: date, first_block: int = 1) -> int:
    """Data every minute; the block after the last."""
    for block in range(first_block, first_block + count):
        evidence.observe(newest, block, clock)
    return first_block + count


def confirmed(day: date = TODAY) -> Evidence:
    evidence = Evidence()
    minutes(evidence, MINUTES_OF_AN_HOUR + 1, day, day)
    assert evidence.confirmed == day
    return evidence


def test_day_counts_after_an_hour_of_its_data() -> None:
    evidence = Evidence()
    # The first look only learns what was there before.
    block = minutes(evidence, MINUTES_OF_AN_HOUR, TODAY, TODAY)
    assert evidence.today(TODAY) is None
    minutes(evidence, 1, TODAY, TODAY, block)
    assert evidence.today(TODAY) == TODAY


def test_minutes_without_data_do_not_count() -> None:
    evidence = Evidence()
    for _ in range(1_000):
        evidence.observe(TODAY, 7, TODAY)
    assert evidence.today(TODAY) is None


def test_clock_that_jumps_ahead_waits_for_an_hour_of_data() -> None:
    evidence, ahead = confirmed(), TODAY + timedelta(days=300)
    block = minutes(evidence, MINUTES_OF_AN_HOUR - 1, ahead, ahead)
    assert evidence.today(ahead) == TODAY
    minutes(evidence, 2, ahead, ahead, block)
    assert evidence.today(ahead) == ahead


def test_clock_that_jumps_ahead_without_data_changes_nothing() -> None:
    evidence = confirmed()
    for _ in range(1_000):
        evidence.observe(TODAY, 99, TODAY + timedelta(days=300))
    assert evidence.today(TODAY + timedelta(days=300)) == TODAY


def test_data_after_a_jump_and_back_confirms_nothing() -> None:
    # The journal goes on with the day it has once stamped; the clock is back on the real one.
    evidence, ahead = confirmed(), TODAY + timedelta(days=300)
    block = minutes(evidence, 5, ahead, ahead)
    minutes(evidence, 1_000, ahead, TODAY, block)
    assert evidence.today(TODAY) == TODAY


def test_single_jumps_do_not_add_up_to_a_wrong_day() -> None:
    evidence = confirmed()
    block = 1
    for days in (300, 301, 302):
        ahead = TODAY + timedelta(days=days)
        block = minutes(evidence, 3, ahead, ahead, block)
    assert evidence.today(TODAY + timedelta(days=302)) == TODAY


def test_clock_that_falls_back_makes_nothing_old() -> None:
    assert confirmed().today(date(1970, 1, 1)) == date(1970, 1, 1)


def test_new_day_is_yesterday_until_its_hour_has_come() -> None:
    evidence, tomorrow = confirmed(), TODAY + timedelta(days=1)
    block = minutes(evidence, MINUTES_OF_AN_HOUR - 1, tomorrow, tomorrow)
    assert evidence.today(tomorrow) == TODAY
    minutes(evidence, 1, tomorrow, tomorrow, block)
    assert evidence.today(tomorrow) == tomorrow


def test_minutes_of_several_days_add_up() -> None:
    # A Clew that runs for a while each day has its hour too, some days later.
    evidence, block = Evidence(), 1
    for day in range(4):
        now = TODAY + timedelta(days=day)
        evidence = Evidence.from_text(evidence.to_text())
        block = minutes(evidence, 21, now, now, block)
    assert evidence.today(TODAY + timedelta(days=9)) == TODAY + timedelta(days=1)
    assert len(evidence.minutes) == 2


def test_evidence_survives_a_restart() -> None:
    evidence = Evidence()
    block = minutes(evidence, 40, TODAY, TODAY)
    again = Evidence.from_text(evidence.to_text())
    assert again.revision == evidence.revision == 39
    minutes(again, 22, TODAY, TODAY, block)
    assert again.today(TODAY) == TODAY


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
