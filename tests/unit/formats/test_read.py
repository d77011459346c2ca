"""Files as other tools write them, and files that nobody should have written."""

from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from clew.cli import export, import_
from clew.formats import WRITERS, Format, Item, Source, Unreadable, read
from clew.formats.otlp_write import attributes
from tests import build

SAMPLES = Path(__file__).parent / "samples"
thoroughly = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def items(data: bytes, format: Format | None = None) -> list[Item]:
    return list(read(Source(io.BytesIO(data)), format))


def sorted_out(found: list[Item]) -> tuple[list[tuple[str, Span]], list[Unreadable]]:
    """Spans with the name of their service, and what cannot be read."""
    spans = [
        (group.resource.attributes[0].value.string_value, span)
        for group in found
        if isinstance(group, ResourceSpans)
        for scoped in group.scope_spans
        for span in scoped.spans
    ]
    return spans, [item for item in found if isinstance(item, Unreadable)]


def plain(span: Span) -> dict[str, str]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in attributes(span.attributes)}


def test_lines_of_the_collector() -> None:
    data = (SAMPLES / "collector-lines.json").read_bytes()
    for form in (data, gzip.compress(data), b"\xef\xbb\xbf" + data):
        spans, wrong = sorted_out(items(form))
        assert [(service, span.name) for service, span in spans] == [
            ("storefront", "GET /cart"),
            ("cart", "SELECT carts"),
        ]
        assert spans[0][1].flags == 256
        assert (spans[1][1].kind, spans[1][1].status.code) == (3, 2)
        assert spans[1][1].start_time_unix_nano == 1_795_348_800_010_000_000
        assert wrong[:2] == [
            Unreadable("line 2, resourceMetrics", "only spans can be imported"),
            Unreadable(
                "line 3, resourceSpans[0], scopeSpans[0], spans[1]",
                "traceId is 'not hex', not hex digits",
            ),
        ]
        assert wrong[2].where.startswith("line 4, byte ")


def test_download_of_jaegers_ui() -> None:
    data = (SAMPLES / "jaeger-ui.json").read_bytes()
    [(front, first), (driver, second)], wrong = sorted_out(items(data))
    assert (front, driver) == ("frontend", "driver")
    assert first.trace_id.hex() == "1a2b3c4d5e6f".rjust(32, "0")
    assert (first.kind, first.status.code, first.flags) == (2, 2, 1)
    assert plain(first) == {
        "http.status_code": "500",
        "ratio": 0.5,
        "big": "9223372036854775807",
    }
    assert first.end_time_unix_nano - first.start_time_unix_nano == 735_000_000
    assert first.events[0].name == "dispatching"
    assert plain(first.events[0]) == {"attempt": "2"}  # type: ignore[arg-type]
    assert second.parent_span_id == first.span_id
    assert [link.trace_id[-1] for link in second.links] == [0x99]
    assert wrong == [Unreadable("data[0], spans[2]", "there is no process 'p3'")]


def test_spans_of_zipkin() -> None:
    data = (SAMPLES / "zipkin.json").read_bytes()
    [(front, client), (back, server)], wrong = sorted_out(items(data))
    assert (front, back) == ("frontend", "backend")
    assert (client.kind, client.status.code, client.status.message) == (3, 2, "refused")
    assert plain(client) == {
        "http.path": "/api",
        "peer.service": "backend",
        "network.local.address": "10.0.0.1",
        "network.local.port": "8081",
        "network.peer.address": "2001:db8::c001",
    }
    assert client.events[0].name == "wire send"
    assert server.span_id == client.span_id
    assert plain(server) == {"zipkin.shared": "true"}
    assert [item.where for item in wrong] == ["[2]"]
    assert "'zz', not an id of 1 to 16 hex digits" in wrong[0].why


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b'{"resourceSpans":[]}', Format.OTLP_JSON),
        (b' {\n "batches": [', Format.OTLP_JSON),
        (b"{}", Format.OTLP_JSON),
        (b'{"data":[{', Format.JAEGER),
        (b'{"traceID":"1","spans":', Format.JAEGER),
        (b'[{"traceID":"1","spans":', Format.JAEGER),
        (b'[{"traceId":"1","id":', Format.ZIPKIN),
        (b'[[{"traceId":"1"', Format.ZIPKIN),
        (b"[]", Format.ZIPKIN),
        (b"\n\x02\x0a\x00", Format.OTLP_PROTO),
        (b"\n{\x0a\x00", Format.OTLP_PROTO),
        (b"\0\0\1\0\n\xfd", Format.OTLP_PROTO_PREFIXED),
        (b'{"unknown":1}', None),
        (b"PK\3\4", None),
        (b"[1,2]", None),
    ],
)
def test_format_shows_in_the_first_bytes(data: bytes, format: Format | None) -> None:
    from clew.formats.read import recognise

    assert recognise(data) is format


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        (b"", "byte 0", "it is empty"),
        (b"PK\3\4", "byte 0", "no format that can be imported"),
        (
            gzip.compress(b'{"resourceSpans":[]}', mtime=0)[:-9],
            "byte 20",
            "compressed data is damaged or cut off",
        ),
        (b'{"resourceSpans":[{"resource":5}]}', "resourceSpans[0]", "resource is 5, not an object"),
        (b'{"resourceSpans":7}', "byte 17", "resourceSpans is no array"),
        (b'{"data":[{"spans":7}]}', "data[0]", "spans is 7, not an array"),
        (b"\n\x05\x0a", "resourceSpans[0]", "it has 5 bytes, but the file ends 4 before"),
        (b"\0\0\0\x09\n\x00", "request 0", "the file ends 7 bytes before the request does"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, where: str, why: str) -> None:
    _, [*_, wrong] = sorted_out(items(data))
    assert where in wrong.where
    assert why in wrong.why


def test_compression_that_this_python_lacks_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match="decompress it first with zstd -d"):
        Source(io.BytesIO(b"\x28\xb5\x2f\xfd rest"))


def test_what_comes_before_damaged_compression_is_kept() -> None:
    lines = (SAMPLES / "collector-lines.json").read_bytes()
    damaged = gzip.compress(lines + lines)[:-9]
    spans, wrong = sorted_out(items(damaged))
    assert len(spans) >= 2
    assert "compressed data is damaged or cut off" in wrong[-1].why


def test_broken_span_in_protobuf_costs_itself() -> None:
    request = build.request(build.span("a"), build.span("XX"), build.span("c"))
    broken = request.SerializeToString().replace(b"XX", b"\xff\xff")
    spans, [wrong] = sorted_out(items(broken))
    assert [span.name for _, span in spans] == ["a", "c"]
    assert wrong.where == "resourceSpans[0], scopeSpans[0], spans[1]"


def test_piece_larger_than_the_limit_is_left_out_and_the_rest_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from clew.formats import cursor

    monkeypatch.setattr(cursor.Cursor.__init__, "__defaults__", (0, 70_000))
    long = build.span("long", attrs={"a": "x" * 1_000_000})
    group = build.request(build.span("a"), long, build.span("c")).resource_spans[0]
    writer = WRITERS["otlp-json"]()
    data = b"".join([writer.begin(), *writer.trace([group]), writer.end()])
    spans, [wrong] = sorted_out(items(data))
    assert [span.name for _, span in spans] == ["a", "c"]
    assert wrong.where.endswith("scopeSpans[0].spans[1]")
    assert "MiB, the most for one piece" in wrong.why


def documents() -> list[bytes]:
    request = build.request(
        build.span("a", attrs={"s": "x", "n": 1, "l": [1.5, None], "m": {"k": b"b"}}, error=True),
        build.span("b", span_id=2, parent=1),
    )
    found = [request.SerializeToString()]
    found.append(len(found[0]).to_bytes(4, "big") + found[0])
    for name in ("otlp-json", "jaeger", "zipkin"):
        writer = WRITERS[name]()
        traced = writer.trace(list(request.resource_spans))
        found.append(b"".join([writer.begin(), *traced, writer.end()]))
    return [*found, *(path.read_bytes() for path in SAMPLES.iterdir()), gzip.compress(found[2])]


DOCUMENTS = documents()


@pytest.mark.parametrize("format", list(Format))
def test_damaged_compression_ends_every_reader(format: Format) -> None:
    wrong = items(gzip.compress(b'[{"id": "1"}, {' * 1000)[:-9], format)
    assert len(wrong) <= 1001  # the test is that it ends
    assert isinstance(wrong[-1], Unreadable)


@thoroughly
@given(st.binary(max_size=200), st.sampled_from([None, *Format]))
def test_random_bytes_give_named_errors_only(data: bytes, format: Format | None) -> None:
    for item in items(data, format):
        assert isinstance(item, ResourceSpans) or item.why


@thoroughly
@given(st.sampled_from(DOCUMENTS), st.integers(0, 2**32), st.sampled_from([None, *Format]))
def test_damaged_documents_give_named_errors_only(
    document: bytes, seed: int, format: Format | None
) -> None:
    chance = random.Random(seed)
    damaged = bytearray(document)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(damaged) + 1)
        cut = at + chance.choice([0, 0, 1, 2, 9])
        damaged[at:cut] = chance.choice(
            [b"", b"\0", b'"', b"{", b"]", b",", b"-1", b"null", b"1e999", b"\\", b"\xff", b"[[["]
        )
    for item in items(bytes(damaged), format):
        assert isinstance(item, ResourceSpans) or item.why


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@thoroughly
@given(st.sampled_from(DOCUMENTS[2:8]), st.integers(0, 2**32), _JSON)
def test_values_of_wrong_types_give_named_errors_only(
    document: bytes, seed: int, value: object
) -> None:
    import json

    chance = random.Random(seed)
    try:
        root = json.loads(document.splitlines()[0] if b"Metrics" in document else document)
    except ValueError:
        return
    place = root
    while isinstance(place, dict | list) and place:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.2:
            place[key] = value
            break
        place = inner
    for item in items(json.dumps(root).encode()):
        assert isinstance(item, ResourceSpans) or item.why


def test_commands_offer_what_there_is() -> None:
    assert [form.value for form in import_.Form] == [form.value for form in Format]
    assert [form.value for form in export.Form] == list(WRITERS)
