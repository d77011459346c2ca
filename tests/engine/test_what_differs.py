"""*What differs* names the planted cause first, at the API and on the real engine."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from clew import _kernel
from clew.api import create_app
from clew.query.compare import Said
from tests import build, segments
from tests.engine.api import NOW_NS, Client, Status, no_keys
from tests.engine.conftest import FilledStore
from tests.engine.plantings import SECONDS, Planting, planting
from tests.thorough import rounds

PLANTINGS = rounds(40, 100)


def insert(store: FilledStore, folder: Path, planted: list[Planting]) -> None:
    bodies = [(one.request.SerializeToString(), one.spans) for one in planted]
    content = segments.segment(
        *segments.sealed(*bodies), segment_id=build.SEGMENT, receive_day=build.RECEIVE_DAY
    )
    segment = _kernel.decode_segment(str(segments.write(folder, content, build.SEGMENT)))
    for table in ("trace_ranges", "attribute_index", "spans"):
        store.insert(table, pa.record_batch(getattr(segment, table)))


def asked(one: Planting) -> dict[str, Any]:
    given = {"q": one.q, "select": one.select, "start": one.start_ns, "end": one.end_ns}
    if one.window is not None:
        given |= {"selectStart": one.window[0], "selectEnd": one.window[1]}
    return given


def said(ref: dict[str, Any]) -> Said:
    return Said(ref["scope"], ref["key"], ref["type"], ref["value"])


@pytest.mark.embedded_only("what is counted is compared on both engines in test_compare")
def test_planted_cause_is_named_first(store: FilledStore, tmp_path: Path) -> None:
    planted = [
        planting(seed, build.START_NS + seed * SECONDS * build.SECOND_NS)
        for seed in range(PLANTINGS)
    ]
    insert(store, tmp_path, planted)
    client = Client(create_app(store.reader(), Status(), no_keys(), now_ns=lambda: NOW_NS))
    missed = []
    for seed, one in enumerate(planted):
        differences = client.get("/api/v1/compare", **asked(one)).json()["differences"]
        assert all(found["key"] != "request.id" for found in differences)
        # Values of exactly the same spans, as of a zone that has one host, cannot be told apart.
        first = [said(ref) for ref in (differences[0], *differences[0]["sameSpans"])]
        if one.cause not in first:
            missed.append((seed, one.cause, [said(found) for found in differences[:3]]))
    print(f"named first: {PLANTINGS - len(missed)} of {PLANTINGS}")
    assert len(missed) <= PLANTINGS // 20, missed
