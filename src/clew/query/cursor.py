"""Where a page of search results ended, as opaque text for the next request.

It holds the range of the first page too, so that "the last hour" does not move while someone pages,
and a check over itself and the query: with another query its place would mean nothing.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from hashlib import blake2b

_FORMAT = struct.Struct(">BQQQ16s")
_VERSION = 2
# Against mistakes, not against forgery: a cursor gives no right.
_CHECK_BYTES = 6


@dataclass(frozen=True)
class Cursor:
    """The next page begins after this trace; both ends of the range are included."""

    start_ns: int
    end_ns: int
    newest_ns: int
    trace_id: bytes

    def encode(self, query: str) -> str:
        """The text of the cursor for the pages of this query."""
        packed = _FORMAT.pack(_VERSION, self.start_ns, self.end_ns, self.newest_ns, self.trace_id)
        return base64.urlsafe_b64encode(packed + _check(packed, query)).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str, query: str) -> "Cursor":
        """Raises `ValueError` for text that no `encode` with this query has made."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            whole = base64.b64decode(padded, altchars=b"-_", validate=True)
            packed, check = whole[: _FORMAT.size], whole[_FORMAT.size :]
            version, *fields = _FORMAT.unpack(packed)
        except (binascii.Error, UnicodeEncodeError, struct.error) as error:
            raise ValueError(f"{text[:80]!r} is not a cursor") from error
        if version != _VERSION:
            raise ValueError(f"{text[:80]!r} is a cursor of another version of Clew")
        if check != _check(packed, query):
            raise ValueError(f"{text[:80]!r} is damaged, or the cursor of another query")
        return cls(*fields)


def _check(packed: bytes, query: str) -> bytes:
    whole = packed + query.encode("utf-8", "surrogatepass")
    return blake2b(whole, digest_size=_CHECK_BYTES).digest()
