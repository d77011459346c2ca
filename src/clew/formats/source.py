"""Bytes of a file from its beginning to its end, decompressed, with a look ahead.

`OSError` is the disk's; `Damaged` says that compressed data cannot be read on, `ValueError` that it
cannot be opened here.
"""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from typing import Any, BinaryIO, cast

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
PEEK_BYTES = 64 << 10
_CHUNK_BYTES = 256 << 10


class Damaged(Exception):
    """Nothing more can be read. No `ValueError`: readers take that for one bad span and go on."""


class Source:
    """A stream read once. `offset` counts the decompressed bytes that were taken."""

    def __init__(self, stream: BinaryIO) -> None:
        self.offset = 0
        self._stream = stream
        self._ahead = b""
        self._damage: Damaged | None = None
        start = self.peek(4)
        if start.startswith(GZIP):
            # The stream is typed for writing too; only `read` is used.
            joined = cast(BinaryIO, _Joined(self._ahead, stream))
            self._stream, self._ahead = cast(BinaryIO, gzip.GzipFile(fileobj=joined)), b""
        elif start == ZSTD:
            self._stream, self._ahead = zstd_stream(_Joined(self._ahead, stream)), b""

    def peek(self, size: int = PEEK_BYTES) -> bytes:
        """The next bytes, which stay; fewer than `size` only at the end."""
        try:
            while len(self._ahead) < size and (more := self._take(size - len(self._ahead))):
                self._ahead += more
        except Damaged as error:
            # Told when the bytes before the damage are used up.
            self._damage = error
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """The next bytes, at least one unless it is the end."""
        if self._ahead:
            taken, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            taken = self._take(size)
        self.offset += len(taken)
        return taken

    def read_line(self, size: int) -> bytes:
        """At most `size` bytes, up to and with the end of the line."""
        if not self._ahead:
            self._ahead = self._take(_CHUNK_BYTES)
        end = self._ahead.find(b"\n", 0, size) + 1
        return self.read(end or min(size, len(self._ahead)))

    def _take(self, size: int) -> bytes:
        if self._damage is not None:
            raise self._damage
        # Unlike `read`, `read1` gives what there is before the damage.
        take = getattr(self._stream, "read1", self._stream.read)
        try:
            return cast(bytes, take(size))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Damaged(f"its compressed data is damaged or cut off ({error})") from None
        except OSError:
            raise
        except Exception as error:
            # The class is in a module that may not be there.
            if type(error).__name__ != "ZstdError":
                raise
            raise Damaged(f"its zstd data is damaged ({error})") from None


class _Joined(io.RawIOBase):
    """Bytes that were read already, then the rest of the stream."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._start:
            end = len(self._start) if size < 0 else size
            taken, self._start = self._start[:end], self._start[end:]
            return taken
        return self._rest.read(size)

    def readinto(self, buffer: Any) -> int:
        taken = self.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)


def zstd_stream(stream: Any) -> BinaryIO:
    """A reader of zstd data: Python has one from 3.14 on, else a package must be there."""
    # Not zstandard: it takes data that is cut off for the end.
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return cast(BinaryIO, module.ZstdFile(stream))
    raise ValueError(
        "it is compressed with zstd, which this Python cannot read: run pip install "
        "backports.zstd, or decompress it first with zstd -d"
    )
