"""How commands talk: data on standard output, everything else on standard error.

Text that came from a trace is never written raw: control characters could drive the terminal.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

# A column that gives way keeps so much.
_NARROWEST = 8

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Failure(Exception):
    """The command failed: what, with the value, and what to do. Exit status 1."""


@dataclass(frozen=True)
class Screen:
    """What the stream that gets the data can show."""

    stream: TextIO
    colour: bool
    unicode: bool
    width: int | None  # None: not a terminal, so nothing is cut

    @classmethod
    def of(cls, stream: TextIO) -> Screen:
        terminal = stream.isatty()
        return cls(
            stream,
            # These two describe the terminal, see no-color.org; they are no settings of Clew.
            colour=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
            unicode="utf" in (stream.encoding or "").lower(),
            width=shutil.get_terminal_size().columns if terminal else None,
        )

    def paint(self, text: str, style: str) -> str:
        return f"\033[{_CODES[style]}m{text}\033[0m" if self.colour and text else text

    def write(self, line: str = "") -> None:
        if not self.unicode:
            encoding = self.stream.encoding or "ascii"
            line = line.encode(encoding, "backslashreplace").decode(encoding)
        print(line, file=self.stream)


def note(text: str) -> None:
    """Progress and explanations."""
    print(text, file=sys.stderr, flush=True)


def write_json(data: bytes) -> None:
    """A JSON document as it came, in UTF-8 whatever the locale says."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")
    sys.stdout.buffer.flush()


def write_document(document: dict[str, Any]) -> None:
    """An answer of the API for programs: JSON on one line."""
    import orjson

    write_json(orjson.dumps(document))


def printable(text: str) -> str:
    """Control, formatting and other invisible characters as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def clip(text: str, width: int, mark: str = "…") -> str:
    """The text in at most `width` columns, with a mark when something is missing."""
    if columns(text) <= width:
        return text
    kept, used = [], columns(mark)
    for character in text:
        used += columns(character)
        if used > width:
            break
        kept.append(character)
    return ("".join(kept) + mark) if width >= columns(mark) else ""


def marked(text: str, position: int, width: int = 76) -> str:
    """The text on one line, as much of it as fits, and under it a caret at this character."""
    position = min(position, len(text))
    first = max(0, position - width // 2) if len(text) > width else 0
    before = printable(text[first:position].replace("\n", " ").replace("\t", " "))
    after = printable(text[position : first + width].replace("\n", " ").replace("\t", " "))
    return f"  {before}{after}\n  {' ' * columns(before)}^"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text filled up with blanks; `right` puts them before it."""
    blanks = " " * (width - columns(text))
    return blanks + text if right else text + blanks


@dataclass(frozen=True)
class Column:
    """One column of a table; what gives way does so on a narrow terminal, the widest first."""

    title: str
    right: bool = False
    gives_way: bool = False


def table(screen: Screen, header: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns, two blanks apart, one line a row."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [
        max([columns(printable(column.title)), *(columns(row[index]) for row in cells)])
        for index, column in enumerate(header)
    ]
    if screen.width is not None:
        too_wide = sum(widths) + 2 * (len(widths) - 1) - screen.width
        giving = [index for index, column in enumerate(header) if column.gives_way]
        while too_wide > 0 and any(widths[index] > _NARROWEST for index in giving):
            widths[max(giving, key=lambda index: widths[index])] -= 1
            too_wide -= 1
    mark = "…" if screen.unicode else "..."

    def line(row: Sequence[str]) -> str:
        return "  ".join(
            pad(clip(cell, width, mark), width, right=column.right)
            for cell, width, column in zip(row, widths, header, strict=True)
        ).rstrip()

    screen.write(screen.paint(line([printable(column.title) for column in header]), "bold"))
    for row in cells:
        screen.write(line(row))
