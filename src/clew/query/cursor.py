"""Where a page of search results ended, as opaque text for the next request.

It holds the range of the first page too, so that "the last hour" does not move while someone pages.
"""

import base64
import binascii
import struct
from dataclasses import dataclass

_FORMAT = struct.Struct(">BQQQ16s")
_VERSION = 1


@dataclass(frozen=True)
class Cursor:
    """The next page begins after this trace; both ends of the range are included."""

    start_ns: int
    end_ns: int
    newest_ns: int
    trace_id: bytes

    def encode(self) -> str:
        packed = _FORMAT.pack(_VERSION, self.start_ns, self.end_ns, self.newest_ns, self.trace_id)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises `ValueError` for text that no `encode` has made."""
        try:
            packed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            version, *fields = _FORMAT.unpack(packed)
        except (binascii.Error, UnicodeEncodeError, struct.error) as error:
            raise ValueError(f"{text[:80]!r} is not a cursor") from error
        if version != _VERSION:
            raise ValueError(f"{text[:80]!r} is a cursor of another version of Clew")
        return cls(*fields)
