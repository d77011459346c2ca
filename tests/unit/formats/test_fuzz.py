"""Files that nobody should have written, made out of real ones by changes anywhere.

Whatever is read is a sound message, and the other forms can write it; nothing takes long.
"""

from __future__ import annotations

import gzip
import io
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from clew.formats import Format, Item, Source, Unreadable, read
from tests.fuzz import briefly, changed

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").iterdir())]
WORDS = (
    *(b'{"', b'"}', b"[", b"]", b"null", b"-1", b"1e400", b'"traceId":', b'"spans":', b'"data":'),
    *(b'"resourceSpans":', b'"id":', b'"timestamp":', b'"references":', b'"processes":', b"\n"),
    *(b"\xef\xbb\xbf", b"\x1f\x8b\x08", b"\xff", b"\\ud800", b"99999999999999999999", b"NaN"),
)


def items(data: bytes, form: Format | None) -> list[Item]:
    return list(read(Source(io.BytesIO(data)), form))


@briefly
@given(data=changed(SAMPLES, WORDS), form=st.sampled_from([None, *Format]), packed=st.booleans())
def test_changed_files_are_read_or_named_unreadable(
    data: bytes, form: Format | None, packed: bool
) -> None:
    begun = time.process_time()
    found = items(gzip.compress(data, 1) if packed else data, form)
    for item in found:
        if isinstance(item, Unreadable):
            assert str(item)
        else:
            assert isinstance(item, ResourceSpans)
            # Sound for the reference, which is not so of everything that can be assigned.
            ResourceSpans.FromString(item.SerializeToString())
    assert time.process_time() - begun < 2 + len(data) / 20_000


@briefly
@given(data=changed([gzip.compress(sample, 1) for sample in SAMPLES], (b"\x1f\x8b",)))
def test_damaged_gzip_is_named_or_read(data: bytes) -> None:
    for item in items(data, None):
        assert isinstance(item, ResourceSpans | Unreadable)


@pytest.mark.parametrize("form", Format)
def test_long_nonsense_ends_soon(form: Format) -> None:
    for piece in (b"[", b'{"a":', b"1", b'"', b"\n", b"{}\n", b"\\", b"[{},", b"\x0a\x00"):
        data = piece * (30_000 // len(piece))
        begun = time.process_time()
        for item in items(data, form):
            assert isinstance(item, ResourceSpans | Unreadable)
        assert time.process_time() - begun < 3, piece
