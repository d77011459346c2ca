"""A trace in columns, and the details of some of its spans."""

import asyncio
import json
import zlib
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from clew.api.otlp_types import OtlpTraces
from clew.api.skeleton_types import SkeletonAnswer, SomeSpansAnswer
from clew.query.skeleton import (
    HAS_EVENTS,
    HAS_EXCEPTION,
    HAS_LINKS,
    PARENT_CUT,
    PARENT_MISSING,
    REPEATED_ID,
    arrange,
    skeleton_json,
)
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

HEX = build.TRACE_ID.hex()
SKELETON = f"/api/v1/traces/{HEX}/skeleton"
SPANS = f"/api/v1/traces/{HEX}/spans"


def answer(store: FilledStore) -> Any:
    document = json.loads(b"".join(skeleton_json(store.reader(), build.TRACE_ID)))
    SkeletonAnswer.model_validate(document)
    return document


def span_id(number: int) -> str:
    return f"{number:016x}"


def test_spans_come_depth_first_by_start(store: FilledStore) -> None:
    at = build.START_NS
    store.take(
        build.request(
            build.span("late", span_id=4, parent=1, start_ns=at + 30, kind=3, error=True),
            build.span("early", span_id=3, parent=1, start_ns=at + 10, duration_ns=7),
            build.span("root", span_id=1, start_ns=at),
        ),
        build.request(build.span("deep", span_id=2, parent=3, start_ns=at + 40), service="cart"),
    )
    found = answer(store)
    spans = found["spans"]
    assert [found["names"][index] for index in spans["name"]] == ["root", "early", "deep", "late"]
    assert [found["services"][index] for index in spans["service"]] == [
        *("shop", "shop", "cart", "shop")
    ]
    assert found["startTimeUnixNano"] == str(at)
    assert found["spanCount"] == 4
    del spans["name"], spans["service"]
    assert spans == {
        "id": [span_id(number) for number in (1, 3, 2, 4)],
        "parent": [-1, 0, 1, 0],
        "startOffsetNanos": [0, 10, 40, 30],
        "durationNanos": [1_000_000, 7, 1_000_000, 1_000_000],
        "kind": [2, 2, 2, 3],
        "status": [0, 0, 0, 2],
        "flags": [0, 0, 0, 0],
    }
    assert found["missingParents"] == []


def test_children_of_a_missing_parent_stand_together(store: FilledStore) -> None:
    at = build.START_NS
    store.take(
        build.request(
            build.span(span_id=1, parent=99, start_ns=at),
            build.span(span_id=2, start_ns=at + 1),
            build.span(span_id=3, parent=99, start_ns=at + 2),
        )
    )
    found = answer(store)
    assert found["spans"]["id"] == [span_id(1), span_id(3), span_id(2)]
    assert found["spans"]["parent"] == [-1, -1, -1]
    assert found["spans"]["flags"] == [PARENT_MISSING, PARENT_MISSING, 0]
    assert found["missingParents"] == [{"spanId": span_id(99), "children": [0, 1]}]


def test_circles_and_repeated_ids_are_marked(store: FilledStore) -> None:
    at = build.START_NS
    store.take(
        build.request(
            build.span("own parent", span_id=1, parent=1, start_ns=at),
            build.span("b", span_id=3, parent=2, start_ns=at + 2),
            build.span("a", span_id=2, parent=3, start_ns=at + 1),
            build.span("below", span_id=4, parent=3, start_ns=at),
            build.span("twin", span_id=5, start_ns=at + 5),
            build.span("twin", span_id=5, start_ns=at + 6),
            build.span("child", span_id=6, parent=5, start_ns=at + 7),
        )
    )
    found = answer(store)
    named = [found["names"][index] for index in found["spans"]["name"]]
    assert named == ["own parent", "a", "b", "below", "twin", "child", "twin"]
    assert found["spans"]["parent"] == [-1, -1, 1, 2, -1, 4, -1]
    twin = REPEATED_ID
    assert found["spans"]["flags"] == [PARENT_CUT, PARENT_CUT, 0, 0, twin, 0, twin]


def test_flags_tell_what_details_there_are(store: FilledStore) -> None:
    spans = [build.span(span_id=number) for number in (1, 2, 3)]
    spans[0].events.add().name = "retry"
    spans[1].events.add().name = "exception"
    spans[2].links.add()
    store.take(build.request(*spans))
    assert answer(store)["spans"]["flags"] == [HAS_EVENTS, HAS_EVENTS | HAS_EXCEPTION, HAS_LINKS]


def test_numbers_that_doubles_cannot_hold_are_strings(store: FilledStore) -> None:
    odd = [build.span(span_id=1, start_ns=0), build.span(span_id=2, start_ns=2**64 - 1, end_ns=5)]
    store.take(build.request(*odd))
    spans = answer(store)["spans"]
    assert spans["startOffsetNanos"] == [0, str(2**64 - 1)]
    assert spans["durationNanos"] == [1_000_000, 0]


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 9), st.integers(0, 4)), min_size=1))
def test_any_parents_give_a_forest_of_all_spans(given: list[tuple[int, int, int]]) -> None:
    ids, parents, starts = (
        np.array(column, dtype=np.uint64) for column in zip(*given, strict=True)
    )
    found = arrange(ids, parents, starts)
    assert sorted(found.rows.tolist()) == list(range(len(given)))
    for place, (row, parent) in enumerate(zip(found.rows, found.parents, strict=True)):
        flags = found.flags[place]
        assert -1 <= parent < place
        if parent >= 0:
            assert ids[found.rows[parent]] == parents[row]
        else:
            assert parents[row] == 0 or flags & (PARENT_MISSING | PARENT_CUT)
        assert bool(flags & PARENT_MISSING) == (parents[row] != 0 and parents[row] not in ids)
        assert bool(flags & REPEATED_ID) == (np.count_nonzero(ids == ids[row]) > 1)
    siblings: dict[int, list[tuple[int, int]]] = {}
    for row, parent in zip(found.rows, found.parents, strict=True):
        if parent >= 0:
            siblings.setdefault(int(parent), []).append((int(starts[row]), int(ids[row])))
    assert all(group == sorted(group) for group in siblings.values())
    # Depth first: the open spans at each place are a chain of parents.
    path: list[int] = []
    for place, parent in enumerate(found.parents.tolist()):
        while path and path[-1] != parent:
            path.pop()
        assert path or parent == -1
        path.append(place)


def test_skeleton_of_an_unknown_trace_is_404(client: Client) -> None:
    assert client.error(SKELETON, 404)["code"] == "trace_not_found"
    assert client.error(SPANS, 404, ids=span_id(1))["code"] == "trace_not_found"
    assert "is not a trace id" in client.error("/api/v1/traces/1/skeleton", 400)["message"]


def test_details_of_some_spans(store: FilledStore, client: Client) -> None:
    store.take(build.request(*[build.span(span_id=number) for number in range(1, 6)]))
    ids = ",".join(span_id(number) for number in (0xABC, 4, 2))
    document = client.get(SPANS, ids=ids.upper()).json()
    SomeSpansAnswer.model_validate(document)
    assert document.pop("unknownSpanIds") == [span_id(0xABC)]
    (group,) = OtlpTraces.model_validate(document).resource_spans
    assert [span.span_id for span in group.scope_spans[0].spans] == [span_id(2), span_id(4)]
    nothing = client.get(SPANS, ids=span_id(77)).json()
    assert nothing == {"resourceSpans": [], "unknownSpanIds": [span_id(77)]}


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ("", "'', 0 characters long, is not a span id"),
        (span_id(1) + ",x", "'x', 1 characters long"),
        (",".join([span_id(1)] * 501), "501 span ids are given, 500 are allowed"),
    ],
)
def test_ids_that_make_no_sense_are_400(client: Client, ids: str, words: str) -> None:
    assert words in client.error(SPANS, 400, ids=ids)["message"]


def test_large_answers_are_compressed_on_request(store: FilledStore, client: Client) -> None:
    store.take(build.request(*[build.span(span_id=number) for number in range(1, 3000)]))
    for path in (SKELETON, f"/api/v1/traces/{HEX}"):
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        packed = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert packed.content == plain.content
    assert "content-encoding" not in client.get("/api/v1/services").headers


def test_compressed_stream_is_not_held_back(store: FilledStore, app: FastAPI) -> None:
    spans = [build.span(span_id=number, attrs={"n": number}) for number in range(1, 6_001)]
    store.take(build.request(*spans))
    bodies: list[bytes] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        bodies.append(message.get("body", b""))

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/v1/traces/{HEX}",
        "raw_path": b"",
        "query_string": b"",
        "headers": [(b"accept-encoding", b"gzip")],
        "http_version": "1.1",
    }
    asyncio.run(app(scope, receive, send))
    pieces = [body for body in bodies if body]
    inflate = zlib.decompressobj(31)
    # Each piece can be read as soon as it has come.
    assert all(inflate.decompress(piece) for piece in pieces[:-1])
    assert len(pieces) > 1


def test_events_stand_where_they_happened(store: FilledStore) -> None:
    at = build.START_NS
    root, child = build.span("root", span_id=1, start_ns=at), build.span("b", span_id=2, parent=1)
    child.start_time_unix_nano = at + 10
    child.events.add(time_unix_nano=at + 30, name="late")
    child.events.add(time_unix_nano=at + 20, name="exception")
    root.events.add(time_unix_nano=at - 5, name="before all")
    store.take(build.request(child, root))
    events = answer(store)["events"]
    assert events == {
        "span": [0, 1, 1],
        "offsetNanos": [-5, 20, 30],
        "exceptions": [1],
        "complete": True,
    }


def test_words_of_other_traces_stay_out(store: FilledStore) -> None:
    store.take(
        build.request(build.span("mine", span_id=1)),
        build.request(build.span("foreign", span_id=2, trace_id=b"f" * 16), service="foreign"),
    )
    found = answer(store)
    assert found["names"] == ["mine"]
    assert "foreign" not in found["services"]
