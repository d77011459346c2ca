"""The write path against tables that fail in every way; the segments are real files, the kernel
decodes them.
"""

from __future__ import annotations

import json
import struct
import uuid
from pathlib import Path

import pytest

from clew.ingest import Ingest
from clew.store.errors import StoreError
from tests import segments
from tests.memory_tables import Killed, MemoryTables, body, put


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return folder


def test_segment_is_stored_and_deleted(journal: Path) -> None:
    segment = put(journal, 3, 4)
    tables = MemoryTables()
    assert Ingest(journal, tables).drain() == 1
    assert tables.rows["spans"] == [segment] * 7
    assert len(tables.rows["trace_ranges"]) == 7
    assert not list(journal.glob("*.seg"))


@pytest.mark.parametrize(
    "point",
    [
        "store.before_insert",
        "store.after_trace_ranges",
        "store.after_attribute_index",
        "store.after_insert",
        "store.before_delete",
    ],
)
def test_kill_at_any_point_leaves_every_span_exactly_once_after_the_next_start(
    journal: Path, point: str
) -> None:
    segment = put(journal, 5)
    tables = MemoryTables()

    def kill(here: str) -> None:
        if here == point:
            raise Killed

    with pytest.raises(Killed):
        Ingest(journal, tables, fault=kill).drain()
    Ingest(journal, tables).drain()
    assert tables.rows["spans"] == [segment] * 5
    assert not list(journal.glob("*.seg"))


def test_rows_of_a_half_stored_segment_are_deleted_before_it_is_inserted_again(
    journal: Path,
) -> None:
    segment = put(journal, 5)
    tables = MemoryTables()
    tables.rows["spans"] = [segment] * 2
    Ingest(journal, tables).drain()
    assert tables.rows["spans"] == [segment] * 5


def test_transient_failure_keeps_the_segment_and_looks_before_it_tries_again(journal: Path) -> None:
    segment = put(journal, 5)
    tables = MemoryTables()
    ingest = Ingest(journal, tables)

    def stored_but_the_answer_was_lost(table: str, rows: int) -> None:
        if table == "spans":
            tables.rows["spans"] += [segment] * 5
            raise StoreError("the connection was lost", transient=True)

    tables.fail = stored_but_the_answer_was_lost
    assert ingest.drain() == 0
    tables.fail = lambda table, rows: None
    assert ingest.drain() == 1
    assert tables.rows["spans"] == [segment] * 5


def test_store_that_refused_everything_for_a_while_gets_every_segment_afterwards(
    journal: Path,
) -> None:
    waiting = [put(journal, 3) for _ in range(6)]
    tables = MemoryTables()
    ingest = Ingest(journal, tables)

    def refuse(table: str, rows: int) -> None:
        raise StoreError("table spans does not exist")

    tables.fail = refuse
    for _ in range(10):
        assert ingest.drain() == 0
    tables.fail = lambda table, rows: None
    assert ingest.drain() == 6
    assert len(tables.rows["spans"]) == 3 * len(waiting)
    assert not (journal / "dead-letter").exists()


def test_process_that_is_told_to_end_during_an_insert_is_no_fault_of_the_segment(
    journal: Path,
) -> None:
    segment = put(journal, 3)
    tables = MemoryTables()
    ingest = Ingest(journal, tables)
    seen = []

    def stopped(table: str, rows: int) -> None:
        seen.append((journal / f"{segment.hex()}.tries").exists())
        ingest.excuse()
        seen.append((journal / f"{segment.hex()}.tries").exists())

    tables.fail = stopped
    ingest.drain()
    assert seen[:2] == [True, False]


def test_segment_at_which_a_process_died_goes_last(journal: Path) -> None:
    suspect = put(journal, 5)
    sound = put(journal, 3)
    (journal / f"{suspect.hex()}.tries").write_text("0 at hand")
    tables = MemoryTables()
    assert Ingest(journal, tables).drain() == 2
    assert tables.rows["spans"][:3] == [sound] * 3
    assert len(tables.rows["spans"]) == 8
    assert not list(journal.glob("*.tries"))


def test_segment_that_cannot_be_read_now_is_tried_again(journal: Path) -> None:
    segment = put(journal, 5)
    path = journal / f"{segment.hex()}.seg"
    hidden = path.rename(journal / "hidden")
    path.mkdir()  # reading a folder fails as a bad disk does: with an OSError
    ingest = Ingest(journal, tables := MemoryTables())
    assert ingest.drain() == 0
    path.rmdir()
    hidden.rename(path)
    assert ingest.drain() == 1
    assert tables.rows["spans"] == [segment] * 5


def test_segment_older_than_the_process_is_looked_up_although_it_was_sealed_later(
    journal: Path,
) -> None:
    tables = MemoryTables()
    ingest = Ingest(journal, tables)
    segment = put(journal, 5)  # its id says 1970: recovered and sealed after this process started
    tables.rows["spans"] = [segment] * 5
    assert ingest.drain() == 1
    assert tables.rows["spans"] == [segment] * 5


def test_damaged_record_ends_as_dead_letter_and_the_others_are_stored(journal: Path) -> None:
    segment = put(journal, 3, 4, damage=64 + 64 + 2)
    tables = MemoryTables()
    Ingest(journal, tables).drain()
    assert tables.rows["spans"] == [segment] * 4
    reasons = [json.loads(path.read_text()) for path in (journal / "dead-letter").glob("*.json")]
    assert [reason["offset"] for reason in reasons] == [64]
    assert "checksum" in reasons[0]["reason"]


def test_full_dead_letter_folder_holds_up_only_what_has_to_go_there(journal: Path) -> None:
    put(journal, 3, 4, damage=64 + 64 + 2)
    sound = put(journal, 2)
    folder = journal / "dead-letter"
    folder.mkdir()
    with (folder / "large").open("wb") as large:
        large.truncate(1 << 30)
    tables = MemoryTables()
    ingest = Ingest(journal, tables)
    assert ingest.drain() == 1
    assert tables.rows["spans"].count(sound) == 2
    (folder / "large").unlink()
    assert ingest.drain() == 1
    assert len(tables.rows["spans"]) == 2 + 4


def test_record_that_cannot_be_decoded_ends_as_dead_letter_and_the_others_are_stored(
    journal: Path,
) -> None:
    segment_id = uuid.uuid4().bytes
    records = segments.sealed((b"\x0a\x7f", 1), (body(2), 2))
    segments.write(journal, segments.segment(*records, segment_id=segment_id), segment_id)
    tables = MemoryTables()
    Ingest(journal, tables).drain()
    assert tables.rows["spans"] == [segment_id] * 2
    (dead,) = (journal / "dead-letter").glob("*.otlp")
    assert dead.read_bytes() == b"\x0a\x7f"


def test_newer_segment_format_is_put_aside_with_both_versions_named(journal: Path) -> None:
    segment = put(journal, 1, version=2)
    Ingest(journal, MemoryTables()).drain()
    reason = json.loads((journal / "dead-letter" / f"{segment.hex()}.json").read_text())["reason"]
    assert "format 2" in reason
    assert "format 1" in reason


def test_copy_of_a_segment_under_another_name_is_put_aside_and_stored_once(journal: Path) -> None:
    segment = put(journal, 5)
    path = journal / f"{segment.hex()}.seg"
    copy = journal / f"{uuid.uuid4().hex}.seg"
    copy.write_bytes(path.read_bytes())
    tables = MemoryTables()
    Ingest(journal, tables).drain()
    assert tables.rows["spans"] == [segment] * 5
    said = json.loads((journal / "dead-letter" / f"{copy.stem}.json").read_text())["reason"]
    assert segment.hex() in said


def test_foreign_files_in_the_journal_are_left_alone(journal: Path) -> None:
    names = ("README.md", "short.seg", "Z" * 32 + ".seg", "my.tries", "my.pieces")
    for name in names:
        (journal / name).write_text("mine")
    Ingest(journal, MemoryTables()).drain()
    assert len(list(journal.iterdir())) == len(names)


def test_damaged_note_of_deaths_counts_as_none(journal: Path) -> None:
    segment = put(journal, 5)
    (journal / f"{segment.hex()}.tries").write_bytes(b"\xff\x00")
    tables = MemoryTables()
    assert Ingest(journal, tables).drain() == 1
    assert tables.rows["spans"] == [segment] * 5


LINES = b'{"ledger":1}\n{"reason":"wrong_path","count":2,"last_ns":5}\n{"reason":"malformed"}'


def put_ledger(journal: Path, lines: bytes, spans: int = 0) -> bytes:
    """A sealed segment with a record of the ledger, and one of spans if there are any."""
    segment_id = uuid.uuid4().bytes
    records = [segments.record(lines, kind=2)]
    if spans:
        records.append(segments.record(body(spans), spans))
    seal = segments.record(struct.pack("<QQ", len(records), spans), kind=segments.SEAL)
    content = segments.segment(*records, seal, segment_id=segment_id)
    segments.write(journal, content, segment_id)
    return segment_id


def test_segment_that_holds_only_the_ledger_is_stored_and_is_no_spans(journal: Path) -> None:
    segment = put_ledger(journal, LINES)
    tables = MemoryTables()
    assert Ingest(journal, tables).drain() == 1
    assert tables.rows["ledger"] == [segment] * 2
    assert tables.rows["spans"] == []
    assert not list(journal.glob("*.seg"))
    assert not (journal / "dead-letter").exists()


def test_ledger_beside_spans_is_stored_before_the_commit_mark(journal: Path) -> None:
    segment = put_ledger(journal, LINES, spans=3)
    tables = MemoryTables()
    order: list[str] = []
    tables.fail = lambda table, rows: order.append(table)
    Ingest(journal, tables).drain()
    assert tables.rows["spans"] == [segment] * 3
    assert order.index("ledger") < order.index("spans")


def test_ledger_of_a_newer_clew_is_put_aside(journal: Path) -> None:
    put_ledger(journal, b'{"ledger":2}\n{}')
    tables = MemoryTables()
    Ingest(journal, tables).drain()
    (described,) = (journal / "dead-letter").glob("*.json")
    assert "version 2" in json.loads(described.read_text())["reason"]
