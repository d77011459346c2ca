"""A pull parser: walks through JSON of any size, and hands out small values as bytes.

Memory holds one value of at most `LIMIT_BYTES` and a chunk. What is inside of a value handed out is
not checked here; whoever parses it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import orjson

from clew.formats.item import LIMIT_BYTES

_CHUNK_BYTES = 64 << 10

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\\n]++|\\.)*+"', re.DOTALL)
_TEXT = re.compile(rb'(?:[^"\\\n]++|\\.)*+', re.DOTALL)
_SCALAR = re.compile(rb'[^\s,:"{}\[\]]+')


def _flat(levels: int) -> bytes:
    """Everything but brackets that belong together, and those too down to some levels."""
    plain = rb'[^"{}\[\]]++|"(?:[^"\\\n]++|\\.)*+"'
    if not levels:
        return plain
    inner = _flat(levels - 1)
    return plain + rb"|\{(?:" + inner + rb")*+\}|\[(?:" + inner + rb")*+\]"


# An attribute has two levels: one step for it instead of four.
_INSIDE = re.compile(rb"(?:" + _flat(2) + rb")*+", re.DOTALL)


class Syntax(ValueError):
    """This is not JSON."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at


class TooLong(ValueError):
    """The value does not fit into memory; the cursor still stands before it."""


class Cursor:
    """A place in a JSON text. `read` gives the next bytes, none at the end."""

    def __init__(
        self, read: Callable[[int], bytes], base: int = 0, limit: int = LIMIT_BYTES
    ) -> None:
        self._read = read
        self._limit = limit
        self._buffer = b""
        self._at = 0
        self._base = base  # offset of the buffer
        self._ended = False

    @property
    def offset(self) -> int:
        return self._base + self._at

    def wrong(self, what: str) -> Syntax:
        """An error at this place."""
        return Syntax(self.offset, what)

    def peek(self) -> bytes:
        """The first byte of what comes next; none at the end."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._more():
                return b""

    def raw(self) -> bytes:
        """The next value. `TooLong` if it is one."""
        self.peek()
        end = self._end(keep=True)
        value = self._buffer[self._at : end]
        self._at = end
        return value

    def skip(self) -> None:
        """Over the next value, of any length."""
        self.peek()
        self._at = self._end(keep=False)

    def members(self) -> Iterator[str]:
        """The names in an object; the value of each must be taken before the next."""
        self._expect(b"{", "an object")
        if self.peek() == b"}":
            self._at += 1
            return
        while True:
            if self.peek() != b'"':
                raise self.wrong(f"a name in quotes is expected, not {self._shown()}")
            text = self.raw()
            try:
                name = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise self.wrong(f"a name is no string ({error})") from None
            self._expect(b":", "a colon")
            yield name
            if not self._goes_on(b"}"):
                return

    def items(self) -> Iterator[int]:
        """The positions in an array; each value must be taken before the next."""
        self._expect(b"[", "an array")
        if self.peek() == b"]":
            self._at += 1
            return
        index = 0
        while True:
            yield index
            if not self._goes_on(b"]"):
                return
            index += 1

    def end(self) -> None:
        """Nothing may follow."""
        if self.peek():
            raise self.wrong(f"the document is over, but {self._shown()} follows")

    def _goes_on(self, closing: bytes) -> bool:
        found = self.peek()
        if found not in (b",", closing):
            raise self.wrong(f"a comma or {closing.decode()} is expected, not {self._shown()}")
        self._at += 1
        return found == b","

    def _expect(self, wanted: bytes, name: str) -> None:
        if self.peek() != wanted:
            raise self.wrong(f"{name} is expected, not {self._shown()}")
        self._at += 1

    def _shown(self) -> str:
        found = self._buffer[self._at : self._at + 1]
        return ascii(found.decode(errors="replace")) if found else "the end"

    def _end(self, *, keep: bool) -> int:
        """The place in the buffer where the value that begins here ends."""
        first = self.peek()
        if first in (b"{", b"["):
            return self._end_of_brackets(keep=keep)
        if first == b'"':
            return self._end_of_string()
        if not first or not _SCALAR.match(self._buffer, self._at):
            raise self.wrong(f"a value is expected, not {self._shown()}")
        while True:
            found = _SCALAR.match(self._buffer, self._at)
            assert found
            if found.end() < len(self._buffer) or not self._grow():
                return found.end()

    def _end_of_string(self) -> int:
        while not (found := _STRING.match(self._buffer, self._at)):
            if b"\n" in self._buffer[self._at :] or not self._grow():
                raise self.wrong("a string does not end")
        return found.end()

    def _skip_string(self) -> None:
        """Over a string of any length."""
        self._at += 1
        while True:
            found = _TEXT.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            next_ = self._buffer[self._at : self._at + 1]
            if next_ == b'"':
                self._at += 1
                return
            if next_ == b"\n" or not self._more():
                raise self.wrong("a string does not end")

    def _end_of_brackets(self, *, keep: bool) -> int:
        depth, here = 1, self._at + 1
        while True:
            found = _INSIDE.match(self._buffer, here)
            here = found.end() if found else here
            next_ = self._buffer[here : here + 1]
            if next_ in (b"{", b"["):
                depth += 1
            elif next_ in (b"}", b"]"):
                depth -= 1
                if depth == 0:
                    return here + 1
            else:
                # The end of the buffer, or a string of which the end is not there yet.
                if next_ and b"\n" in self._buffer[here:]:
                    self._at = here
                    raise self.wrong("a string does not end on its line")
                if not keep:
                    self._at = here
                    if next_:
                        self._skip_string()
                        here = self._at
                        continue
                before = self._at
                if not self._grow():
                    raise self.wrong("the text ends in the middle of a value")
                here -= before - self._at
                continue
            here += 1

    def _grow(self) -> bool:
        """More bytes behind those from here on; False at the end."""
        if len(self._buffer) - self._at >= self._limit:
            raise TooLong(f"a value is longer than {self._limit} bytes")
        return self._more()

    def _more(self) -> bool:
        if self._ended:
            return False
        # As much as there is: so a long value is looked through a few times, not once a chunk.
        more = self._read(max(_CHUNK_BYTES, len(self._buffer) - self._at))
        self._ended = not more
        self._buffer = self._buffer[self._at :] + more
        self._base += self._at
        self._at = 0
        return bool(more)
