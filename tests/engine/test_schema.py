"""The table of spans is the same in the DDL, in `spans.py` and in the batches that go in."""

import pyarrow as pa

from clew import _kernel, spans
from clew.sql import Statement
from tests import build
from tests.engine.conftest import FilledStore
from tests.engine.test_trace import full_span

_COLUMNS = "select name, type from system.columns where table = '{}' and default_kind = '{}'"


def columns(store: FilledStore, table: str, kind: str = "") -> dict[str, str]:
    statement = Statement("test", _COLUMNS.format(table, kind), frozenset())
    rows = store.reader().query(statement).to_pylist()
    return {row["name"].decode(): row["type"].decode() for row in rows}


def test_ddl_and_spans_py_agree(store: FilledStore) -> None:
    assert columns(store, "spans") == dict(spans.COLUMNS)
    assert list(columns(store, "spans")) == list(spans.COLUMNS)


def test_ddl_and_batches_agree(store: FilledStore) -> None:
    assert list(columns(store, "spans")) == build.SPANS_SCHEMA.names
    assert list(columns(store, "trace_ranges")) == build.TRACE_RANGES_SCHEMA.names
    assert list(columns(store, "attribute_index")) == build.ATTRIBUTE_INDEX_SCHEMA.names


def test_computed_columns_are_few(store: FilledStore) -> None:
    assert columns(store, "spans", "ALIAS") == {"duration_ns": "UInt64"}


def test_duration_of_a_span_that_ends_before_it_starts_is_0(store: FilledStore) -> None:
    store.take(
        build.request(
            build.span(start_ns=10, end_ns=4),
            build.span(start_ns=0, end_ns=2**64 - 1),
            build.span(start_ns=2**64 - 1, end_ns=0),
        )
    )
    ask = Statement("test", "select duration_ns from spans order by duration_ns", frozenset())
    durations = [row["duration_ns"] for row in store.reader().query(ask).to_pylist()]
    assert durations == [0, 0, 2**64 - 1]


def test_fields_name_columns() -> None:
    assert set(spans.FIELDS.values()) <= set(spans.COLUMNS)


def test_kernel_and_ddl_agree(store: FilledStore) -> None:
    kernel = pa.schema(_kernel.spans_schema())
    assert kernel.names == list(columns(store, "spans"))
    assert pa.schema(_kernel.trace_ranges_schema()).names == list(columns(store, "trace_ranges"))
    index = pa.schema(_kernel.attribute_index_schema())
    assert index.names == list(columns(store, "attribute_index"))
    assert pa.schema(_kernel.ledger_schema()).names == list(columns(store, "ledger"))


def test_kernel_decodes_what_the_reference_decodes() -> None:
    request = build.request(full_span(), resource={"pid": 42, "args": ["-v", None]})
    decoded = _kernel.decode_request(request.SerializeToString())
    expected = build.batches(request, segment=bytes(16), receive_day=0)
    # The attribute index has tests of its own.
    for batch, reference in zip(decoded[:2], expected[:2], strict=True):
        # As text, because a NaN equals nothing.
        assert repr(pa.record_batch(batch).to_pylist()) == repr(reference.to_pylist())
