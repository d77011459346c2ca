"""Journal segments written from `docs/formats/journal.md` alone: the specification is tested, not
the kernel's code.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

TRACES, SEAL = 1, 255


def record(body: bytes, spans: int = 0, *, kind: int = TRACES, received_ns: int = 1) -> bytes:
    head = struct.pack(
        "<IIBxxxQ16s16sII",
        zlib.crc32(body),
        len(body),
        kind,
        received_ns,
        zlib.crc32(body).to_bytes(16, "little"),
        bytes(16),
        spans,
        0,
    )
    return struct.pack("<I", zlib.crc32(head)) + head + body


def segment(
    *records: bytes, segment_id: bytes, receive_day: int = 20_000, version: int = 1
) -> bytes:
    head = struct.pack("<8sHHHxx16sQ20x", b"CLEWJRNL", version, 64, receive_day, segment_id, 1)
    return head + struct.pack("<I", zlib.crc32(head)) + b"".join(records)


def sealed(*records: tuple[bytes, int]) -> list[bytes]:
    """Records for (body, spans) pairs with the seal behind them."""
    return [
        *(record(body, spans) for body, spans in records),
        record(struct.pack("<QQ", len(records), sum(spans for _, spans in records)), kind=SEAL),
    ]


def write(folder: Path, content: bytes, segment_id: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{segment_id.hex()}.seg"
    path.write_bytes(content)
    return path
