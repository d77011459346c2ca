"""Segments of which the store refuses something for good, or at which processes die."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.ingest import FAULT_POINTS, Ingest, Limits
from clew.store.errors import StoreError
from tests.memory_tables import Killed, MemoryTables, put, put_named
from tests.unit.ingest.test_loop import LINES, put_ledger

POISON = "poison"
# Without the pause before a process tries again what others died at.
EAGER = Limits(patience_s=0.0)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return folder


def poisoned(table: str, batch: pa.RecordBatch) -> None:
    """As an engine whose table has a constraint."""
    if table == "spans" and POISON in batch.column("name").to_pylist():
        raise StoreError("Code: 469. constraint `no poison` is violated")


def deadly(table: str, batch: pa.RecordBatch) -> None:
    if table == "spans" and POISON in batch.column("name").to_pylist():
        raise Killed


def poisoned_tables(refuse: Callable[[str, pa.RecordBatch], None] = poisoned) -> MemoryTables:
    tables = MemoryTables()
    tables.refuse = refuse
    return tables


def letters(journal: Path) -> list[dict[str, object]]:
    files = sorted((journal / "dead-letter").glob("*.json"))
    return [json.loads(file.read_text()) for file in files]


def until_done(ingest: Ingest, journal: Path, *, passes: int = 100, others: int = 0) -> None:
    """As the loop goes on, with sound segments coming meanwhile."""
    for _ in range(passes):
        for _ in range(others):
            put(journal, 1)
        ingest.drain()
        if not list(journal.glob("*.seg")):
            return
    raise AssertionError(f"not done after {passes} passes: {sorted(journal.iterdir())}")


def lives(journal: Path, tables: MemoryTables, *, most: int = 100, others: int = 0) -> int:
    """Processes one after the other until nothing is left; how many died."""
    for died in range(most):
        try:
            until_done(Ingest(journal, tables, limits=EAGER), journal, others=others)
        except Killed:
            continue
        return died
    raise AssertionError(f"{most} processes died")


def names(good: int, *poison_at: int) -> list[str]:
    made = [f"good-{n:04d}" for n in range(good)]
    for at in poison_at:
        made.insert(at, POISON)
    return made


@pytest.mark.parametrize("at", [0, 1, 499, 500, 998, 999])
def test_only_the_refused_span_is_put_aside(journal: Path, at: int) -> None:
    segment = put_named(journal, names(999, at))
    tables = poisoned_tables()
    until_done(Ingest(journal, tables), journal, others=1)
    assert [name for name in tables.all_names() if name != "work"] == names(999)
    (letter,) = letters(journal)
    assert letter["segment"] == segment.hex()
    assert (letter["kind"], letter["first"], letter["count"]) == ("span", at, 1)
    assert letter["name"] == POISON
    assert "no poison" in str(letter["reason"])
    (content,) = (journal / "dead-letter").glob("*.otlp")
    request = ExportTraceServiceRequest.FromString(content.read_bytes())
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == (POISON, letter["trace_id"])
    assert [path.name for path in journal.iterdir()] == ["dead-letter"]


def test_spans_of_several_records_are_put_aside_each_alone(journal: Path) -> None:
    put_named(journal, names(10, 3), [POISON], names(10), names(30, 0, 30))
    tables = poisoned_tables()
    until_done(Ingest(journal, tables), journal, others=1)
    stored = [name for name in tables.all_names() if name != "work"]
    assert stored == sorted(names(10) + names(10) + names(30))
    # Of 54 spans, over all records.
    assert [letter["first"] for letter in letters(journal)] == [3, 11, 22, 52]


def test_inserts_grow_with_the_logarithm_of_the_spans(journal: Path) -> None:
    put_named(journal, names(4095, 1234))
    tables = poisoned_tables()
    until_done(Ingest(journal, tables), journal, others=1)
    sound = sum(1 for held in tables.names.values() if held == ["work"])
    # Two halves of each level, and what a single span is granted.
    assert tables.inserts - sound <= 2 * 12 + 10


def test_other_segments_are_stored_meanwhile(journal: Path) -> None:
    put_named(journal, names(200, 100))
    tables = poisoned_tables()
    ingest = Ingest(journal, tables)
    for n in range(1, 20):
        put(journal, 1)
        ingest.drain()
        assert tables.all_names().count("work") == n


def test_in_a_quiet_journal_all_but_the_poison_is_stored_and_that_waits_for_a_proof(
    journal: Path,
) -> None:
    put_named(journal, names(100, 40))
    tables = poisoned_tables()
    ingest = Ingest(journal, tables)
    for _ in range(60):
        ingest.drain()
    assert tables.all_names() == names(100)
    until_done(ingest, journal, others=1)
    assert [letter["first"] for letter in letters(journal)] == [40]


@pytest.mark.parametrize("waiting", [1, 20])
def test_outage_in_which_everything_is_refused_condemns_nothing(
    journal: Path, waiting: int
) -> None:
    for _ in range(waiting):
        put_named(journal, names(50))
    tables = poisoned_tables()
    ingest = Ingest(journal, tables)

    def refuse(table: str, batch: pa.RecordBatch) -> None:
        raise StoreError("Code: 60. table spans does not exist")

    tables.refuse = refuse
    for _ in range(50):
        ingest.drain()
    assert len(list(journal.glob("*.pieces"))) == 1, "an outage takes segments apart"
    tables.refuse = lambda table, batch: None
    until_done(ingest, journal)
    assert tables.all_names() == sorted(names(50) * waiting)
    assert not letters(journal)


def test_outage_in_the_middle_of_a_search_condemns_nothing_sound(journal: Path) -> None:
    put_named(journal, names(500, 77))
    tables = poisoned_tables()
    ingest = Ingest(journal, tables)
    inserted = 0

    def flapping(table: str, batch: pa.RecordBatch) -> None:
        nonlocal inserted
        inserted += 1
        if inserted % 60 > 20:
            raise StoreError("Code: 60. table spans does not exist")
        poisoned(table, batch)

    tables.refuse = flapping
    for _ in range(60):
        put(journal, 1)
        ingest.drain()
    tables.refuse = poisoned
    until_done(ingest, journal, others=1)
    assert [name for name in tables.all_names() if name != "work"] == names(500)
    assert [letter["name"] for letter in letters(journal)] == [POISON]


def test_span_at_which_processes_die_is_put_aside_after_few_deaths(journal: Path) -> None:
    put_named(journal, names(4999, 3210))
    tables = poisoned_tables(deadly)
    assert lives(journal, tables, others=1) <= 10
    assert [name for name in tables.all_names() if name != "work"] == names(4999)
    (letter,) = letters(journal)
    assert letter["first"] == 3210
    assert "processes died" in str(letter["reason"])
    assert [path.name for path in journal.iterdir()] == ["dead-letter"]


def test_process_that_dies_at_everything_condemns_nothing(journal: Path) -> None:
    def kill(table: str, batch: pa.RecordBatch) -> None:
        raise Killed

    for _ in range(3):
        put_named(journal, names(20))
    tables = poisoned_tables(kill)
    for _ in range(60):
        try:
            Ingest(journal, tables).drain()
        except Killed:
            pass
        else:
            break
    else:
        raise AssertionError("a crash loop without an end")
    assert not letters(journal)
    tables.refuse = lambda table, batch: None
    lives(journal, tables)
    assert tables.all_names() == sorted(names(20) * 3)


def test_kill_from_outside_is_no_fault_of_the_segment(journal: Path) -> None:
    put_named(journal, names(20))
    tables = poisoned_tables()
    for _ in range(30):
        tables.refuse = lambda table, batch: deadly(table, batch) or killed()
        with pytest.raises(Killed):
            Ingest(journal, tables, is_excused=True).drain()
    assert not list(journal.glob("*.pieces"))
    tables.refuse = lambda table, batch: None
    Ingest(journal, tables, is_excused=True).drain()
    assert list(tables.names.values()) == [names(20)]


def killed() -> None:
    raise Killed


@pytest.mark.parametrize("refuse", [poisoned, deadly])
@pytest.mark.parametrize("point", FAULT_POINTS)
def test_kill_at_every_step_stores_all_else_exactly_once(
    tmp_path: Path, point: str, refuse: Callable[[str, pa.RecordBatch], None]
) -> None:
    """The n-th pass of the point dies, n + 1-th, … until the scenario passes untouched."""
    for nth in range(1, 200):
        journal = tmp_path / str(nth)
        journal.mkdir()
        put_named(journal, names(5, 2), [POISON, "last"])
        put_ledger(journal, LINES, spans=2)
        tables = poisoned_tables(refuse)
        passed = 0

        def kill(here: str, nth: int = nth) -> None:
            nonlocal passed
            passed += here == point
            if here == point and passed == nth:
                raise Killed

        for _ in range(60):
            try:
                until_done(
                    Ingest(journal, tables, fault=kill, limits=EAGER), journal, others=1, passes=40
                )
            except Killed:
                continue
            break
        stored = [name for name in tables.all_names() if name != "work"]
        assert stored == sorted([*names(5), "last"]), nth
        assert sorted(letter["first"] for letter in letters(journal)) == [2, 6]
        assert [path.name for path in journal.iterdir()] == ["dead-letter"]
        if passed < nth:
            break
    assert nth > 1, f"{point} was never passed"


def test_stored_rows_whose_answer_was_lost_are_not_stored_again(journal: Path) -> None:
    put_named(journal, names(64, 5))
    tables = poisoned_tables()
    ingest = Ingest(journal, tables)
    lost = 0

    def lose(table: str, batch: pa.RecordBatch) -> None:
        nonlocal lost
        poisoned(table, batch)
        if table == "spans" and batch.num_rows > 1 and lost < 3:
            lost += 1
            segment = batch.column("segment")[0].as_py()
            tables.rows["spans"] += [segment] * batch.num_rows
            tables.names[segment] = batch.column("name").to_pylist()
            raise StoreError("Code: 99. the answer was lost")

    tables.refuse = lose
    until_done(ingest, journal, others=1)
    assert lost == 3
    assert [name for name in tables.all_names() if name != "work"] == names(64)


def test_ledger_that_is_refused_is_put_aside_row_by_row_and_the_spans_are_stored(
    journal: Path,
) -> None:
    put_ledger(journal, LINES, spans=3)
    tables = MemoryTables()

    def refuse(table: str, batch: pa.RecordBatch) -> None:
        if table == "ledger" and "malformed" in batch.column("reason").to_pylist():
            raise StoreError("Code: 469. no such reason")

    tables.refuse = refuse
    until_done(Ingest(journal, tables), journal, others=1)
    assert len(tables.rows["ledger"]) == 1
    (letter,) = letters(journal)
    assert letter["kind"] == "ledger"
    (content,) = (journal / "dead-letter").glob("*.jsonl")
    assert json.loads(content.read_text())["reason"] == "malformed"


def test_segment_of_which_everything_is_refused_ends_in_few_inserts(journal: Path) -> None:
    put_named(journal, [POISON] * 3000)
    tables = poisoned_tables()
    until_done(Ingest(journal, tables, limits=Limits(dead=10)), journal, passes=2000, others=1)
    assert sum(int(str(letter["count"])) for letter in letters(journal)) == 3000
    sound = sum(1 for held in tables.names.values() if held == ["work"])
    assert tables.inserts - sound < 200


def test_damaged_file_of_pieces_puts_the_segment_aside_with_it(journal: Path) -> None:
    segment = put_named(journal, names(20, 3))
    (journal / f"{segment.hex()}.pieces").write_text("")
    tables = poisoned_tables()
    Ingest(journal, tables).drain()
    (letter,) = letters(journal)
    assert letter["kind"] == "segment"
    assert "pieces" in str(letter["reason"])
    kept = sorted(path.suffix for path in (journal / "dead-letter").iterdir())
    assert kept == [".json", ".pieces", ".seg"]
    assert not tables.names


def test_pieces_that_another_version_numbered_differently_are_stored_anew(journal: Path) -> None:
    segment = put_named(journal, names(20, 3))
    tables = poisoned_tables()
    ingest = Ingest(journal, tables)
    while len(tables.all_names()) < 10:
        ingest.drain()
    file = journal / f"{segment.hex()}.pieces"
    content = json.loads(file.read_text())
    content["spans"] += 1
    content["pieces"].append(["spans", content["spans"] - 1, 1, "stored", 0, ""])
    file.write_text(json.dumps(content))
    until_done(Ingest(journal, tables), journal, others=1)
    assert [name for name in tables.all_names() if name != "work"] == names(20)
