"""The test trace is the same in both encodings."""

from __future__ import annotations

from clew.cli.sample import SPAN_COUNT, as_protobuf, trace_json

NOW_NS = 1_795_348_800_000_000_000


def test_json_and_protobuf_say_the_same() -> None:
    trace_id, request = trace_json("shop", NOW_NS)
    (group,) = as_protobuf(request).resource_spans
    spans = group.scope_spans[0].spans
    raw = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert len(spans) == len(raw) == SPAN_COUNT
    for span, said in zip(spans, raw, strict=True):
        assert span.trace_id.hex() == said["traceId"] == trace_id
        assert span.span_id.hex() == said["spanId"]
        assert span.parent_span_id.hex() == said.get("parentSpanId", "")
        assert str(span.start_time_unix_nano) == said["startTimeUnixNano"]
        assert len(span.attributes) == len(said["attributes"])


def test_spans_form_one_tree_that_ends_now() -> None:
    _, request = trace_json("shop", NOW_NS)
    spans = as_protobuf(request).resource_spans[0].scope_spans[0].spans
    ids = {span.span_id for span in spans}
    assert [span.parent_span_id in ids for span in spans] == [False, True, True, True]
    assert max(span.end_time_unix_nano for span in spans) == NOW_NS


def test_every_trace_is_a_new_one() -> None:
    assert trace_json("shop")[0] != trace_json("shop")[0]
