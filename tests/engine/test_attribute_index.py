"""The three questions to the attribute index, asked of the engine over rows of the kernel."""

from typing import Any

import pyarrow as pa
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew import _kernel
from clew.sql import load
from tests.build import SECOND_NS, START_NS, request, span
from tests.engine.conftest import FilledStore

SECOND = START_NS // SECOND_NS
MANY = [f"value {n}" for n in range(200)]


def put(store: FilledStore, message: ExportTraceServiceRequest) -> None:
    batch = _kernel.decode_request(message.SerializeToString())[2]
    store.insert("attribute_index", pa.record_batch(batch))


def ask(store: FilledStore, question: str, key: str, **given: Any) -> list[tuple[int, int]]:
    """Ranges of seconds after SECOND."""
    rows = load("query/part/index_rows").text
    where: dict[str, Any] = {"scope": "span", "first_second": 0, "last_second": 2**32 - 1}
    table = store.reader().query(
        load(f"query/{question}", rows=rows), **{**where, "key": key, **given}
    )
    assert table.column_names == ["time", "last_time"]
    assert [str(field.type) for field in table.schema] == ["uint32", "uint32"]
    found = table.to_pylist()
    assert found == sorted(found, key=lambda row: -row["time"])
    return [(row["time"] - SECOND, row["last_time"] - SECOND) for row in found]


@pytest.fixture
def filled(store: FilledStore) -> FilledStore:
    """Second 0 has many values, second 5 one of each type."""
    spans = [span(attrs={"many": value, "n": n}) for n, value in enumerate(MANY)]
    later = {"many": "ü", "n": -7, "f": 0.5, "yes": True, "list": [1], "nan": float("nan")}
    put(store, request(*spans, span(start_ns=START_NS + 5 * SECOND_NS, attrs=later)))
    return store


def test_every_value_in_a_filter_is_found_and_most_others_are_not(filled: FilledStore) -> None:
    for value in MANY:
        assert (0, 0) in ask(filled, "index_equal", "many", value=value, types="string")
    others = [
        ask(filled, "index_equal", "many", value=f"other {n}", types="string") for n in range(200)
    ]
    # 256 bytes for 200 values: one probe in forty is wrong.
    assert sum(bool(found) for found in others) < 20


def test_engine_and_definition_hash_alike(filled: FilledStore) -> None:
    for text in ["", "a", "abcd", "12345678", "ü" * 20, "x" * 31, "x" * 32, "x" * 77]:
        spans = [span(attrs={"hashed": f"{text}{n}"}) for n in range(40)]
        put(filled, request(*spans))
        assert ask(filled, "index_equal", "hashed", value=f"{text}33", types="string")


@pytest.mark.parametrize(
    ("key", "value", "types"),
    [
        ("many", "ü", "string"),
        ("n", "-7", "int,float"),
        ("f", "0.5", "int,float"),
        ("yes", "true", "bool"),
        ("list", "anything", "string,other"),
    ],
)
def test_value_is_found_in_its_second(
    filled: FilledStore, key: str, value: str, types: str
) -> None:
    assert ask(filled, "index_equal", key, value=value, types=types) == [(5, 5)]


@pytest.mark.parametrize(
    ("key", "value", "types", "scope"),
    [
        ("f", "0.75", "float", "span"),
        ("yes", "true", "string", "span"),
        ("no such key", "true", "bool", "span"),
        ("yes", "true", "bool", "resource"),
    ],
)
def test_value_that_is_not_there_has_no_second(
    filled: FilledStore, key: str, value: str, types: str, scope: str
) -> None:
    assert ask(filled, "index_equal", key, value=value, types=types, scope=scope) == []


def test_key_is_found_whatever_its_type(filled: FilledStore) -> None:
    assert ask(filled, "index_exists", "many") == [(5, 5), (0, 0)]
    assert ask(filled, "index_exists", "list") == [(5, 5)]
    assert ask(filled, "index_exists", "no such key") == []
    assert ask(filled, "index_exists", "service.name", scope="resource") == [(5, 5), (0, 0)]


def test_seconds_are_those_asked_for(filled: FilledStore) -> None:
    window = {"first_second": SECOND + 1, "last_second": SECOND + 5}
    assert ask(filled, "index_exists", "many", **window) == [(5, 5)]
    assert ask(filled, "index_exists", "many", first_second=SECOND, last_second=SECOND) == [(0, 0)]


@pytest.mark.parametrize(
    ("key", "low", "high", "found"),
    [
        ("n", -7.0, -7.0, [(5, 5)]),
        ("n", 199.0, 1e9, [(0, 0)]),
        ("n", -1e9, 1e9, [(5, 5), (0, 0)]),
        ("n", 200.0, float("inf"), []),
        ("f", 0.25, 0.75, [(5, 5)]),
        ("nan", -1e300, 1e300, []),
        ("many", 0.0, 1e9, []),
        ("list", 0.0, 1.0, [(5, 5)]),
    ],
)
def test_numbers_are_found_by_their_range(
    filled: FilledStore, key: str, low: float, high: float, found: list[tuple[int, int]]
) -> None:
    assert ask(filled, "index_range", key, low=low, high=high) == found


def test_seconds_with_keys_that_have_no_row_are_always_looked_at(filled: FilledStore) -> None:
    put(filled, request(span(start_ns=START_NS + 9 * SECOND_NS, attrs={"": "x"})))
    assert ask(filled, "index_exists", "no such key") == [(9, 9)]
    assert ask(filled, "index_range", "no such key", low=0.0, high=0.0) == [(9, 9)]
    assert ask(filled, "index_equal", "no such key", value="x", types="string") == [(9, 9)]
    assert ask(filled, "index_exists", "no such key", scope="event") == []
