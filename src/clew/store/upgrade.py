"""The schema of a store: created when it is new, brought up to date when an older Clew wrote it.

The new version is written before the first step, so that an older Clew refuses a store that is
half-way; next to it stands a mark, from which version the steps lead, until all are done. Each step
looks what is there before it does something: after a kill at any point the next start goes on
where the last one was.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from clew.settings import rough_size
from clew.sql import load, schema
from clew.store.engine import Parameters, WritingEngine
from clew.store.errors import SchemaError, StoreError

SCHEMA_VERSION = 3

# The day from which on spans have rows in `attribute_index`; absent: all have.
INDEX_FROM = "attribute_index_from"

# The version that an upgrade under way began with; empty: none is under way.
UPGRADING_FROM = "upgrading_from"

# Takes what is being done, in words.
Report = Callable[[str], None]

# How many bytes may still be written, the reserve left aside; None: the disk is not ours.
Room = Callable[[], int] | None

_SORTED_IN_VERSION_1 = "toStartOfMinute(time), trace_id"


def prepare(engine: WritingEngine, where: str, report: Report, room: Room = None) -> None:
    """Create or upgrade the tables; refuse data of a newer version before anything is touched."""
    meta, *_ = schema()
    engine.command(meta, {})
    found = int(_read_meta(engine, "schema_version") or 0)
    if found > SCHEMA_VERSION:
        raise SchemaError(
            f"the store in {where} has schema version {found}, this Clew knows up to "
            f"{SCHEMA_VERSION}: start the newer Clew that wrote it, or use another data directory"
        )
    engine.settle()
    began = _begin(engine, found)
    for version in range(began + 1, SCHEMA_VERSION + 1):
        for step in _STEPS.get(version, ()):
            step(engine, report, room)
    _create_tables(engine, report, room)
    if began != SCHEMA_VERSION:
        # Counts more than the mark of this upgrade, less than that of the next.
        _write_meta(engine, UPGRADING_FROM, "", 2 * SCHEMA_VERSION + 1)


def _begin(engine: WritingEngine, found: int) -> int:
    """The version from which the steps lead on; with the first of them older Clews are out."""
    mark = _read_meta(engine, UPGRADING_FROM)
    if found != SCHEMA_VERSION:
        # The mark goes first: a version without it would say that all steps are done.
        if not mark:
            _write_meta(engine, UPGRADING_FROM, str(found), 2 * SCHEMA_VERSION)
        _write_meta(engine, "schema_version", str(SCHEMA_VERSION), SCHEMA_VERSION)
    return int(mark) if mark else found


def _create_tables(engine: WritingEngine, report: Report, room: Room) -> None:
    for table in schema():
        engine.command(table, {})


# Version 2: `spans` sorted by second and trace; a new table, `attribute_index` --------------------


def _set_old_spans_aside(engine: WritingEngine, report: Report, room: Room) -> None:
    """Before that, say from which day on the index is complete: the day after the newest data."""
    if _sort_keys(engine).get("spans") != _SORTED_IN_VERSION_1:
        return
    rows = engine.query(load("upgrade/2/newest_day"), {}).to_pylist()
    if rows:
        newest = date.fromisoformat(rows[0]["day"].decode())
        _write_meta(engine, INDEX_FROM, (newest + timedelta(days=1)).isoformat(), 2)
    engine.command(load("upgrade/2/rename_spans"), {})


def _copy_old_spans(engine: WritingEngine, report: Report, room: Room) -> None:
    """Day by day: copied, counted, dropped; so the disk holds one day twice, not all of them."""
    if "spans_v1" not in _sort_keys(engine):
        return
    for table in ("spans_v1", "spans"):
        engine.command(load("upgrade/2/hasten_removal", table=table), {})
    columns = ",\n    ".join(
        row["name"].decode()
        for row in engine.query(load("store/columns"), {}).to_pylist()
        if row["table"] == b"spans"
    )
    days = _days(engine)
    for number, (day, (old, _)) in enumerate(days.items(), 1):
        if old:
            report(f"upgrading the schema, day {number} of {len(days)} ({old} spans)")
            _move_day(engine, day, columns, room)
    # Before the old table goes: without it nobody would see that this is still to be done.
    engine.command(load("upgrade/2/keep_replaced"), {})
    engine.command(load("upgrade/2/drop_old"), {})


def _move_day(engine: WritingEngine, day: str, columns: str, room: Room) -> None:
    guard = engine.guard
    parameters: Parameters = {"day": day, **guard.parameters}
    old, new = _days(engine)[day]
    # As many rows as the old table has, or more: the copy was whole, and its removal had begun.
    if new < old:
        _check_room(engine, day, room)
        if new:
            engine.command(guard.load("upgrade/2/delete_day"), parameters)
        engine.command(guard.load("upgrade/2/copy_day", columns=columns), parameters)
        old, new = _days(engine)[day]
        if new != old:
            raise StoreError(
                f"the copy of {day} has {new} spans, the old table {old}: another process writes "
                "to this store; stop it",
                transient=True,
            )
    engine.command(load("upgrade/2/drop_day"), {"day": day})


def _check_room(engine: WritingEngine, day: str, room: Room) -> None:
    if room is None:
        return
    (row,) = engine.query(load("upgrade/2/bytes_to_copy"), {"day": day}).to_pylist()
    needed, left = row["bytes"], room()
    if left < needed:
        raise StoreError(
            f"the upgrade of the schema copies the spans of {day} and needs {rough_size(needed)} "
            f"of the disk for it, besides the reserve; {rough_size(needed - left)} are missing: "
            "make that much room, or lower --disk-reserve-bytes; nothing is lost, "
            "the next start goes on",
            transient=True,
        )


def _days(engine: WritingEngine) -> dict[str, tuple[int, int]]:
    """Rows of each receive day in the old and in the new table."""
    rows = engine.query(load("upgrade/2/days"), {}).to_pylist()
    return {row["day"].decode(): (row["old_rows"], row["new_rows"]) for row in rows}


def _sort_keys(engine: WritingEngine) -> dict[str, str]:
    rows = engine.query(load("upgrade/2/tables"), {}).to_pylist()
    return {row["name"].decode(): row["sorting_key"].decode() for row in rows}


def _read_meta(engine: WritingEngine, key: str) -> str | None:
    rows = engine.query(load("store/read_meta"), {"key": key}).to_pylist()
    return rows[0]["value"].decode() if rows else None


def _write_meta(engine: WritingEngine, key: str, value: str, version: int) -> None:
    parameters: Parameters = {"key": key, "value": value, "version": version}
    engine.command(load("store/write_meta"), parameters)


# Version 3 adds a table, `ledger`: all that are missing are created at the end of any upgrade.
_STEPS = {2: (_set_old_spans_aside, _create_tables, _copy_old_spans)}
