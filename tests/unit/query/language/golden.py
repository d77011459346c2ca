"""The corpus: queries with what the parser makes of them, and how to write that anew.

`python -m tests.unit.query.language.golden` rewrites what follows each query in
`corpus/valid.txt` (its canonical text) and `corpus/invalid.txt` (position, message, hint); review
the difference as code. A query is a line that is not indented; lines with # are headings.
"""

from dataclasses import dataclass
from pathlib import Path

from clew.query.language.errors import QueryError
from clew.query.language.parser import parse
from clew.query.language.text import show

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Entry:
    """A query and the lines that the file says of it."""

    query: str
    said: tuple[str, ...]


def valid(query: str) -> tuple[str, ...]:
    return (show(parse(query)),)


def invalid(query: str) -> tuple[str, ...]:
    try:
        parse(query)
    except QueryError as error:
        return (f"{error.position}: {error}", error.hint)
    raise ValueError(f"This query is valid: {query}")


def entries(name: str) -> list[Entry]:
    found: list[Entry] = []
    for line in (CORPUS / name).read_text().splitlines():
        if line.startswith("    "):
            last = found[-1]
            found[-1] = Entry(last.query, (*last.said, line.strip()))
        elif line and not line.startswith("#"):
            found.append(Entry(line, ()))
    return found


def rewrite() -> None:
    for name, say in (("valid.txt", valid), ("invalid.txt", invalid)):
        path = CORPUS / name
        lines = []
        for line in path.read_text().splitlines():
            if not line.startswith("    "):
                lines.append(line)
            if line and not line.startswith(("    ", "#")):
                lines += [f"    {said}" for said in say(line)]
        path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    rewrite()
