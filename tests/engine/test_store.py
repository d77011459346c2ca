"""What `Store` promises the write path, on the real engine."""

from pathlib import Path

import pyarrow as pa
import pytest

from clew.sql import Statement
from clew.store import SchemaError, Store, StoreError
from clew.store.upgrade import SCHEMA_VERSION
from tests import build
from tests.engine.conftest import MEMORY_BYTES, FilledStore, Home

OTHER = bytes(range(16))


def ask(store: Store, text: str) -> list[dict[str, object]]:
    return store.reader().query(Statement("test", text, frozenset())).to_pylist()


def many(rows: int, segment: bytes = build.SEGMENT) -> pa.RecordBatch:
    """One span many times: the engine does not mind equal ids."""
    spans, _, _ = build.batches(build.request(build.span(attrs={"a": "b"})), segment=segment)
    table = pa.Table.from_batches([spans])
    while table.num_rows < rows:
        table = pa.concat_tables([table, table]).combine_chunks()
    return table.slice(0, rows).combine_chunks().to_batches()[0]


def test_rows_are_counted_by_segment(store: FilledStore) -> None:
    store.take(build.request(build.span(), build.span(span_id=2)))
    assert store.stored_rows([build.SEGMENT, OTHER]) == {
        build.SEGMENT: {"spans": 2},
        OTHER: {"spans": 0},
    }


@pytest.mark.parametrize("zeros", [1, 3, 16])
def test_segment_whose_id_ends_in_zeros_is_counted_and_deleted(
    store: FilledStore, zeros: int
) -> None:
    segment = bytes(range(1, 17 - zeros)) + bytes(zeros)
    store.take(build.request(build.span()), segment=segment)
    assert store.stored_rows([segment, OTHER]) == {segment: {"spans": 1}, OTHER: {"spans": 0}}
    store.delete_segment(segment, build.RECEIVE_DAY, "spans")
    assert store.stored_rows([segment]) == {segment: {"spans": 0}}


def test_nothing_is_asked_of_no_segments(store: FilledStore) -> None:
    assert store.stored_rows([]) == {}


def test_300_000_rows_make_one_part(store: FilledStore) -> None:
    store.insert("spans", many(300_000))
    parts = "select rows from system.parts where table = 'spans' and active"
    assert ask(store, parts) == [{"rows": 300_000}]


def test_repeated_insert_is_kept(store: FilledStore) -> None:
    for _ in range(2):
        store.take(build.request(build.span()))
    assert store.stored_rows([build.SEGMENT])[build.SEGMENT] == {"spans": 2}


def test_repeated_trace_ranges_fold_into_one(store: FilledStore) -> None:
    for _ in range(2):
        store.take(build.request(build.span()))
    ranges = "select count() as n from trace_ranges final"
    assert ask(store, ranges) == [{"n": 1}]


def test_deleted_segment_is_gone_and_the_other_stays(store: FilledStore) -> None:
    store.insert("spans", many(100_000))
    store.insert("spans", many(1_000, OTHER))
    store.delete_segment(build.SEGMENT, build.RECEIVE_DAY, "spans")
    assert store.stored_rows([build.SEGMENT, OTHER]) == {
        build.SEGMENT: {"spans": 0},
        OTHER: {"spans": 1_000},
    }


def test_deleted_segment_can_be_inserted_again(store: FilledStore) -> None:
    store.insert("spans", many(5))
    store.delete_segment(build.SEGMENT, build.RECEIVE_DAY, "spans")
    store.insert("spans", many(7))
    assert store.stored_rows([build.SEGMENT])[build.SEGMENT] == {"spans": 7}


def test_segment_is_deleted_from_a_merged_part(store: FilledStore) -> None:
    store.insert("spans", many(50))
    store.insert("spans", many(60, OTHER))
    merge = Statement("test", "optimize table spans final", frozenset())
    store._writer.command(merge, {})
    store.delete_segment(build.SEGMENT, build.RECEIVE_DAY, "spans")
    assert store.stored_rows([build.SEGMENT, OTHER]) == {
        build.SEGMENT: {"spans": 0},
        OTHER: {"spans": 60},
    }


def test_rows_of_a_table_without_segments_cannot_be_deleted(store: FilledStore) -> None:
    with pytest.raises(StoreError, match="trace_ranges carry no segment"):
        store.delete_segment(build.SEGMENT, build.RECEIVE_DAY, "trace_ranges")


def test_rows_survive_reopening(home: Home) -> None:
    home.path = home.path.with_name("a store é")
    store = home.open()
    store.take(build.request(build.span()))
    store.close()
    store = home.open()
    stored = store.stored_rows([build.SEGMENT])
    store.close()
    assert stored[build.SEGMENT] == {"spans": 1}


def test_closing_twice_is_fine(home: Home) -> None:
    store = home.open()
    store.close()
    store.close()


def test_newer_schema_is_refused_and_nothing_is_touched(home: Home) -> None:
    store = home.open()
    newer = SCHEMA_VERSION + 1
    store.write_meta("schema_version", str(newer), version=newer)
    store.close()
    said = f"schema version {newer}, this Clew knows up to {SCHEMA_VERSION}"
    with pytest.raises(SchemaError, match=said):
        home.open()


@pytest.mark.embedded_only("a server has no path")
def test_path_that_would_change_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is in its path"):
        Store.open(tmp_path / "a?readonly=0", memory_bytes=MEMORY_BYTES)


def test_batch_with_other_columns_is_refused(store: FilledStore) -> None:
    spans, ranges, _ = build.batches(build.request(build.span()))
    with pytest.raises(StoreError, match="differs in attr_int") as raised:
        store.insert("spans", spans.drop_columns(["attr_int"]))
    assert not raised.value.transient
    with pytest.raises(StoreError, match="does not fit table spans"):
        store.insert("spans", ranges)


@pytest.mark.embedded_only("the part is broken by hand")
def test_detached_part_is_reported(home: Home) -> None:
    store = home.open()
    assert store.detached_parts() == []
    store.take(build.request(build.span()))
    part = ask(store, "select path from system.parts where table = 'spans' and active")[0]["path"]
    store.close()
    (Path(bytes(part).decode()) / "columns.txt").write_bytes(b"")  # type: ignore[arg-type]
    store = home.open()
    detached = store.detached_parts()
    store.close()
    assert [(one.table, one.reason) for one in detached] == [("spans", "broken-on-start")]


def test_tables_are_synced_and_replaced_parts_kept(store: FilledStore) -> None:
    engine = (
        "select engine_full from system.tables where database = currentDatabase() and name = '{}'"
    )
    for table in ("meta", "spans", "trace_ranges", "attribute_index"):
        text = str(ask(store, engine.format(table))[0]["engine_full"])
        for setting in (
            "fsync_after_insert = 1",
            "fsync_part_directory = 1",
            "min_rows_to_fsync_after_merge = 1",
            "min_compressed_bytes_to_fsync_after_merge = 1",
            "old_parts_lifetime = 480",
        ):
            assert setting in text
