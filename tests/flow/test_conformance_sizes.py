"""OTLP's compression and size limits (docs/reference/otlp.md, items 22 to 39)."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tests.build import request, span
from tests.flow.door import (
    JSON,
    PROTOBUF,
    Calls,
    Refused,
    body,
    json_body,
    post,
    serving,
    stored,
)
from tests.flow.server import Clew

try:
    from compression import zstd  # type: ignore[import-not-found] # from Python 3.14 on
except ImportError:
    from backports import zstd

MIB = 1 << 20
LIMIT = MIB
SUCCESS = ExportTraceServiceResponse()


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("sizes"), max_request_bytes="1MiB") as server:
        yield server


@pytest.fixture(scope="module")
def default_clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("default")) as server:
        yield server


def of_size(name: str, size: int) -> bytes:
    """One span, and an unknown field that fills the request up to exactly this size."""
    content = body(name)
    room = size - len(content) - 1
    length = room - next(n for n in range(1, 6) if (room - n).bit_length() <= 7 * n)
    varint = bytearray()
    left = length
    while left >= 0x80:
        varint.append(left & 0x7F | 0x80)
        left >>= 7
    varint.append(left)
    content += bytes([15 << 3 | 2]) + bytes(varint) + bytes(length)
    assert len(content) == size
    return content


def bomb(size: int) -> bytes:
    """One gzip member of about a thousandth of its content's size, made without compressing it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * (size // MIB) + b"\x03\0" + bytes(8)


def test_plain_and_gzip_are_taken_on_both_transports(clew: Clew) -> None:
    assert post(clew, body("plain http")).status == 200
    assert post(clew, body("identity http"), Content_Encoding="identity").status == 200
    zipped = gzip.compress(body("gzip http"))
    assert post(clew, zipped, Content_Encoding="gzip").status == 200
    zipped = gzip.compress(json_body(name="gzip json"))
    assert post(clew, zipped, JSON, Content_Encoding="GZIP").status == 200
    with Calls(clew) as calls:
        assert calls.export(body("plain grpc")) == SUCCESS
        assert calls.export(body("gzip grpc"), compression=grpc.Compression.Gzip) == SUCCESS
    for name in ("plain http", "gzip http", "gzip json", "plain grpc", "gzip grpc"):
        assert len(stored(clew, name)) == 1


def test_zstd_is_taken_and_bounded_as_gzip_is(clew: Clew) -> None:
    packed = zstd.compress(body("zstd http"))
    assert post(clew, packed, Content_Encoding="zstd").status == 200
    packed = zstd.compress(json_body(name="zstd json"))
    assert post(clew, packed, JSON, Content_Encoding="zstd").status == 200
    assert len(stored(clew, "zstd http")) == len(stored(clew, "zstd json")) == 1
    intake = clew.children()["intake"]
    before = peak_bytes(intake)
    large = zstd.compress(bytes(64 * MIB)) * 16
    assert len(large) < LIMIT
    answer = post(clew, large, Content_Encoding="zstd")
    assert (answer.status, answer.said().code) == (413, 8)
    assert peak_bytes(intake) - before < 16 * MIB
    for broken in (packed[:-3], b"no zstd", packed + b"x"):
        answer = post(clew, broken, Content_Encoding="zstd")
        assert (answer.status, answer.said().code) == (400, 3)
    many = zstd.compress(b"") * 10_000
    assert "frames" in post(clew, many, Content_Encoding="zstd").said().message


@pytest.mark.parametrize("coding", ["br", "foo", "deflate", "gzip, gzip"])
def test_other_encodings_are_refused_for_good(clew: Clew, coding: str) -> None:
    answer = post(clew, body("coded"), Content_Encoding=coding)
    assert answer.status == 415
    assert "gzip" in answer.headers["Accept-Encoding"]
    assert coding in answer.said().message


def test_other_encodings_of_grpc_are_unimplemented(clew: Clew) -> None:
    with Calls(clew) as calls:
        answer = calls.export(body("deflated"), compression=grpc.Compression.Deflate)
    assert isinstance(answer, Refused)
    assert answer.code == grpc.StatusCode.UNIMPLEMENTED
    assert answer.delay_s() == []


def test_damaged_gzip_is_400_and_the_server_lives(clew: Clew) -> None:
    whole = gzip.compress(body("damaged"))
    flipped = bytearray(whole)
    flipped[-6] ^= 1  # in the checksum
    for broken in (whole[:-8], whole[: len(whole) // 2], bytes(flipped), b"no gzip", whole + b"x"):
        answer = post(clew, broken, Content_Encoding="gzip")
        assert (answer.status, answer.said().code) == (400, 3)
    assert post(clew, body("after damage")).status == 200


def test_gzip_members_are_joined_and_their_number_is_bounded(clew: Clew) -> None:
    content = body("members", spans=3)
    parts = [gzip.compress(content[:50]), gzip.compress(b""), gzip.compress(content[50:])]
    assert post(clew, b"".join(parts), Content_Encoding="gzip").status == 200
    assert len(stored(clew, "members", 3)) == 3
    many = gzip.compress(b"") * 10_000
    answer = post(clew, many, Content_Encoding="gzip")
    assert answer.status == 400
    assert "members" in answer.said().message


def test_answers_are_never_compressed(clew: Clew) -> None:
    for content in (b"{}", b"["):
        answer = post(clew, content, JSON, Accept_Encoding="gzip")
        assert "Content-Encoding" not in answer.headers
        json.loads(answer.body)


def test_a_gigabyte_in_a_megabyte_is_413_and_costs_no_memory(clew: Clew) -> None:
    intake = clew.children()["intake"]
    packed = bomb(1024 * MIB)
    assert len(packed) < 1.1 * MIB
    before = peak_bytes(intake)
    # Its last hundredth would make it too large before it is inflated.
    answer = post(clew, packed[: LIMIT - 1], Content_Encoding="gzip")
    assert (answer.status, answer.said().code) == (413, 8)
    assert peak_bytes(intake) - before < 16 * MIB
    assert post(clew, body("after the bomb")).status == 200


def peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
@pytest.mark.parametrize("form", ["plain", "gzip", "chunked", "chunked gzip"])
def test_body_over_the_limit_is_413_with_a_status(clew: Clew, kind: str, form: str) -> None:
    content = b" " * (LIMIT + 1)
    headers = {}
    if "gzip" in form:
        content, headers["Content_Encoding"] = gzip.compress(content), "gzip"
    if "chunked" in form:
        headers["Transfer_Encoding"] = "chunked"
        pieces = (content[at : at + 65_536] for at in range(0, len(content), 65_536))
        answer = post(clew, pieces, kind, **headers)
    else:
        answer = post(clew, content, kind, **headers)
    assert (answer.status, answer.type, answer.said().code) == (413, kind, 8)
    assert f"{LIMIT} bytes" in answer.said().message
    assert "Retry-After" not in answer.headers


def test_body_of_exactly_the_limit_is_taken(clew: Clew) -> None:
    assert post(clew, of_size("limit http", LIMIT)).status == 200
    with Calls(clew) as calls:
        assert calls.export(of_size("limit grpc", LIMIT)) == SUCCESS


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_grpc_message_over_the_limit_is_resource_exhausted_for_good(
    clew: Clew, compression: grpc.Compression
) -> None:
    with Calls(clew) as calls:
        answer = calls.export(of_size("large", LIMIT + 1), compression=compression)
        assert calls.export(body("after the large")) == SUCCESS
    assert isinstance(answer, Refused)
    assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert f"{LIMIT} bytes" in answer.message
    assert answer.delay_s() == []


def test_sixty_mebibytes_are_taken_unless_told_otherwise(default_clew: Clew) -> None:
    assert post(default_clew, of_size("60 http", 60 * MIB)).status == 200
    with Calls(default_clew) as calls:
        assert calls.export(of_size("60 grpc", 60 * MIB)) == SUCCESS
    too_large = post(default_clew, bytes(64 * MIB + 1))
    assert too_large.status == 413
    assert f"{64 * MIB} bytes" in too_large.said().message
    assert len(stored(default_clew, "60 http")) == len(stored(default_clew, "60 grpc")) == 1


def test_answer_to_many_rejected_spans_is_short_and_exact(default_clew: Clew) -> None:
    spans = [span(trace_id=bytes(number % 15)) for number in range(100_000)]
    answer = post(default_clew, request(*spans).SerializeToString())
    assert len(answer.body) < 4_096
    rejected, message = answer.rejected()
    assert rejected == 100_000
    assert message
