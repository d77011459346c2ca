"""What a reader can do to the store and the machine: read, within limits."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clew.sql import Statement
from clew.store import StoreError
from clew.store.reader import STREAM_BLOCK_ROWS
from tests import build
from tests.engine.conftest import FilledStore

READONLY = 164


def statement(text: str, *parameters: str) -> Statement:
    return Statement("test", text, frozenset(parameters))


@pytest.mark.parametrize(
    "text",
    [
        "select * from file('/etc/passwd', 'LineAsString')",
        "insert into function file('/tmp/clew-escape', 'LineAsString') select 'x'",
        "select * from url('http://127.0.0.1:1/', 'LineAsString')",
        "select * from remote('127.0.0.1:1', system.one)",
        "insert into meta (key, value, version) select 'a', 'b', 1",
        "alter table spans delete where 1",
        "drop table spans",
        "create table t (a Int8) engine = Memory",
        "select 1 settings max_execution_time = 100",
        "select 1 settings readonly = 0",
        "set readonly = 0",
    ],
)
def test_reader_cannot_leave_the_tables_or_its_limits(store: FilledStore, text: str) -> None:
    with pytest.raises(StoreError) as raised:
        store.reader().query(statement(text))
    assert raised.value.code == READONLY


def test_query_has_a_memory_limit(store: FilledStore) -> None:
    with pytest.raises(StoreError) as raised:
        store.reader().query(statement("select groupArray(number) from numbers(1000000000)"))
    assert raised.value.memory
    assert raised.value.transient


def test_answer_has_a_row_limit(store: FilledStore) -> None:
    with pytest.raises(StoreError) as raised:
        store.reader().query(statement("select number from numbers(2000000)"))
    assert raised.value.memory


@pytest.mark.parametrize(
    "failing",
    [
        "select number from numbers(2000000)",
        "select groupArray(number) from numbers(1000000000)",
        "select number, throwIf(number = 900000) from numbers(1000000)",
        "select no_such_column from numbers(1)",
    ],
)
def test_failed_query_leaves_nothing_in_the_next_answer(store: FilledStore, failing: str) -> None:
    reader = store.reader()
    with pytest.raises(StoreError):
        reader.query(statement(failing))
    # The pool gives out the connection that was used last.
    assert reader.query(statement("select 7 as seven")).to_pylist() == [{"seven": 7}]


def test_threads_share_the_pool(store: FilledStore) -> None:
    reader = store.reader()
    store.take(build.request(*[build.span(span_id=number) for number in range(1, 101)]))
    ask = statement("select count() as n from spans")
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: reader.query(ask).to_pylist(), range(64)))
    assert answers == [[{"n": 100}]] * 64


def test_stream_comes_in_blocks_and_frees_its_connection_when_left(store: FilledStore) -> None:
    reader = store.reader()
    ask = statement("select number from numbers(100000)")
    for _ in range(2 * reader.streams):
        blocks = reader.stream(ask)
        assert [block.num_rows <= STREAM_BLOCK_ROWS for block in islice(blocks, 3)] == [True] * 3
        blocks.close()
    assert sum(block.num_rows for block in reader.stream(ask)) == 100_000


def test_stream_that_fails_frees_its_connection(store: FilledStore) -> None:
    reader = store.reader()
    ask = statement("select throwIf(number = 50000) from numbers(100000)")
    for _ in range(2 * reader.streams):
        with pytest.raises(StoreError):
            list(reader.stream(ask))


def test_missing_and_unknown_parameters_are_errors(store: FilledStore) -> None:
    ask = statement("select {a:String}", "a")
    with pytest.raises(ValueError, match="parameters missing: a; unknown: b"):
        store.reader().query(ask, b="x")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(), number=st.integers(0, 2**64 - 1))
def test_parameters_arrive_as_they_are(store: FilledStore, text: str, number: int) -> None:
    ask = statement("select {text:String} as text, {number:UInt64} as number", "text", "number")
    answer = store.reader().query(ask, text=text, number=number)
    assert answer.to_pylist() == [{"text": text.encode(), "number": number}]


def test_strings_that_are_no_utf8_come_back(store: FilledStore) -> None:
    spans, ranges, _ = build.batches(build.request(build.span(attrs={"raw": b"\xff\x00\xfe"})))
    store.insert("trace_ranges", ranges)
    store.insert("spans", spans)
    answer = store.reader().query(statement("select attr_other from spans"))
    assert answer.to_pylist() == [{"attr_other": [(b"raw", b"\x3a\x03\xff\x00\xfe")]}]
    assert pa.types.is_dictionary(answer.schema.field("attr_other").type.key_type)


@pytest.mark.parametrize("rows", [200_000])
def test_words_that_differ_from_block_to_block_come_back(store: FilledStore, rows: int) -> None:
    """Arrow files hold one dictionary per column; answers of many blocks have many."""
    words = "select toLowCardinality(toString(number)) as word from numbers({rows:UInt32})"
    ask = statement(words, "rows")
    expected = [str(number).encode() for number in range(rows)]
    assert store.reader().query(ask, rows=rows)["word"].to_pylist() == expected
    streamed = [word for block in store.reader().stream(ask, rows=rows) for word in block["word"]]
    assert [word.as_py() for word in streamed] == expected
