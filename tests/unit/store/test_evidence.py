"""Which day it is by the data: pure functions."""

from datetime import date, timedelta

from clew.store.evidence import MINUTES_OF_AN_HOUR, Evidence

TODAY = date(2026, 11, 22)


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
