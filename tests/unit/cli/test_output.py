from __future__ import annotations

import io

import pytest

from clew.cli.output import Column, Screen, clip, columns, marked, pad, printable, table

HEADER = (Column("TRACE"), Column("SPANS", right=True), Column("ROOT", gives_way=True))


def drawn(rows: list[list[str]], *, width: int | None = None, unicode: bool = True) -> list[str]:
    stream = io.StringIO()
    table(Screen(stream, False, unicode, width), HEADER, rows)
    return stream.getvalue().splitlines()


def test_table_is_aligned() -> None:
    assert drawn([["ab", "7", "GET /"], ["c", "1234", "POST /orders"]]) == [
        "TRACE  SPANS  ROOT",
        "ab         7  GET /",
        "c       1234  POST /orders",
    ]


def test_narrow_terminal_cuts_only_the_column_that_gives_way() -> None:
    lines = drawn([["a" * 32, "7", "GET /" + "x" * 100]], width=60)
    assert max(len(line) for line in lines) == 60
    assert "a" * 32 in lines[1]
    assert lines[1].endswith("…")


def test_without_a_terminal_nothing_is_cut() -> None:
    assert drawn([["a", "7", "x" * 500]])[1].endswith("x" * 500)


def test_wide_characters_count_twice() -> None:
    assert columns("商品") == 4
    assert pad("商品", 6) == "商品  "
    assert clip("商品を検索", 5) == "商品…"


def test_combining_characters_count_nothing() -> None:
    assert columns("e\u0301") == 1


@pytest.mark.parametrize("width", [0, 1, 2, 10])
def test_clipped_text_never_exceeds_its_width(width: int) -> None:
    assert columns(clip("hello world of traces", width)) <= width


@pytest.mark.parametrize("text", ["plain", "Größe", "商品 🧶"])
def test_ordinary_text_stays(text: str) -> None:
    assert printable(text) == text


def test_invisible_characters_become_escapes() -> None:
    assert printable("a\033[2Jb\u200bc\ud800d") == "a\\x1b[2Jb\\u200bc\\ud800d"


def test_encoding_that_lacks_a_character_gets_an_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    Screen.of(stream).write("Größe")
    stream.flush()
    assert raw.getvalue() == b"Gr\\xf6\\xdfe\n"


def test_pipe_is_neither_coloured_nor_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    screen = Screen.of(io.StringIO())
    assert (screen.colour, screen.width) == (False, None)
    assert screen.paint("x", "red") == "x"


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment] # a constant is enough here

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_terminal_is_coloured_unless_it_asks_not_to(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    for name, value in {"TERM": "xterm", "NO_COLOR": "", **environ}.items():
        monkeypatch.setenv(name, value)
    assert Screen.of(Terminal()).colour is coloured


def test_place_in_a_query_is_marked() -> None:
    assert marked("{ nam = 1 }", 2) == "  { nam = 1 }\n    ^"
    assert marked("é\n= x", 9).endswith("\n       ^")


def test_mark_in_a_long_query_shows_what_is_around_it() -> None:
    text, caret = marked("a" * 500 + "!" + "b" * 500, 500, 40).splitlines()
    assert len(text) == 42
    assert text[caret.index("^")] == "!"
