"""The tree in the terminal: with and without a terminal, Unicode, width and colour."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import typer

from clew.cli.output import Screen, columns
from clew.cli.spantree import Event, Span
from clew.cli.trace import BAR_COLUMNS, draw_bar, parse_trace_id, render

TRACE = "5b8efff798038103d269b633813fc60c"
MS = 1_000_000


def screen(*, colour: bool = False, unicode: bool = True, width: int | None = None) -> Screen:
    return Screen(io.StringIO(), colour, unicode, width)


def span(span_id: str = "a", parent: str = "", start: int = 0, end: int = 10, **more: Any) -> Span:
    fields = {
        "service": "shop",
        "name": f"do {span_id}",
        "kind": 2,
        "status": 0,
        "status_message": "",
        "events": (),
        "links": (),
    }
    return Span(
        span_id=span_id,
        parent_id=parent,
        start_ns=start * MS,
        end_ns=end * MS,
        **{**fields, **more},
    )


CHECKOUT = [
    span("a", "", 0, 100, service="storefront", name="POST /orders"),
    span("b", "a", 10, 90, service="checkout", name="POST /orders"),
    span(
        *("c", "b", 20, 30),
        service="checkout",
        name="INSERT orders",
        kind=3,
        status=2,
        status_message="deadlock detected",
        events=(
            Event("exception", 25 * MS, {"exception.type": "E40P01", "exception.message": "no"}),
        ),
    ),
    span("d", "a", 92, 99, service="storefront", name="render", kind=1),
    span("e", "ff", 95, 96, service="cart", name="GET", links=(("ab" * 16, "cd" * 8),)),
]


def test_tree_shows_position_duration_service_name_and_errors() -> None:
    assert list(render(TRACE, CHECKOUT, screen())) == [
        f"trace {TRACE}  5 spans  3 services  1 error",
        "1970-01-01 00:00:00.000Z  100 ms in all",
        "",
        "  100 ms ━━━━━━━━━━━━━━━━━━━━ storefront POST /orders (server)",
        "   80 ms   ━━━━━━━━━━━━━━━━   ├ checkout POST /orders (server)",
        "   10 ms     ━━               │ └ checkout INSERT orders (client) ERROR",
        "                                    ! deadlock detected",
        "                                    * exception: E40P01: no after 5 ms",
        "    7 ms                   ━━ └ storefront render",
        "    1 ms                    ━ cart GET (server)",
        "                                ! its parent ff is not in this trace",
        f"                                > linked to span {'cd' * 8} of trace {'ab' * 16}",
    ]


def test_without_unicode_the_tree_is_plain_ascii() -> None:
    text = "\n".join(render(TRACE, CHECKOUT, screen(unicode=False)))
    assert text.isascii()
    assert "|-checkout" in text
    assert "`-checkout" in text


def test_no_line_is_wider_than_the_terminal() -> None:
    long = [
        span("a", service="servicio-de-búsqueda" * 4, name="GET /äöü/" * 30, status=2),
        span("b", "a", name="商品を検索する" * 20, status_message="x" * 300),
    ]
    lines = list(render(TRACE, long, screen(width=80)))
    assert max(columns(line) for line in lines) <= 80
    assert any("…" in line for line in lines)


@pytest.mark.parametrize("width", [38, 40, 54, 55, 60, 79])
@pytest.mark.parametrize("unicode", [True, False])
def test_narrow_terminal_is_not_exceeded(width: int, unicode: bool) -> None:
    chain = [
        span(f"{n:03x}", f"{n - 1:03x}" if n else "", n, n + 1, status=2, status_message="x" * 99)
        for n in range(30)
    ]
    lines = list(render(TRACE, chain, screen(width=width, unicode=unicode)))
    assert max(columns(line) for line in lines) <= width
    assert lines[0].startswith(f"trace {TRACE}")
    assert any("shop" in line for line in lines)


def test_nothing_is_cut_when_there_is_no_terminal() -> None:
    name = "GET /" + "x" * 500
    assert any(name in line for line in render(TRACE, [span(name=name)], screen()))


def test_colour_only_adds_escape_sequences() -> None:
    coloured = "\n".join(render(TRACE, CHECKOUT, screen(colour=True)))
    plain = "\n".join(render(TRACE, CHECKOUT, screen()))
    assert coloured != plain
    assert re.sub(r"\033\[\d+m", "", coloured).replace(" \n", "\n") == plain


def test_names_cannot_drive_the_terminal() -> None:
    evil = "\033]0;owned\007\033[2J\u202eabc\n"
    found = [span(service=evil, name=evil, status_message=evil)]
    text = "".join(render(TRACE, found, screen()))
    assert not any(bad in text for bad in ("\033", "\007", "\u202e", "\n"))
    assert "\\x1b]0;owned" in text


def test_odd_times_are_shown_as_they_are() -> None:
    odd = [span("a", "", 0, 2**64 // MS), span("b", "a", 50, 40, name="backwards")]
    lines = list(render(TRACE, odd, screen()))
    assert any("-10 ms" in line for line in lines)
    assert any("it ends before it starts" in line for line in lines)


def test_empty_name_is_said() -> None:
    assert any("(no name)" in line for line in render(TRACE, [span(name="")], screen()))


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (100, 100), (99, 100), (0, 100), (100, 50), (37, 38)]
)
def test_bar_is_there_and_within_its_columns(start: int, end: int) -> None:
    bar = draw_bar(span(start=start, end=end), 0, 100 * MS, screen())
    assert 1 <= len(bar) <= BAR_COLUMNS
    assert bar.strip()


def test_many_events_are_counted() -> None:
    events = tuple(Event(f"event {n}", 0, {}) for n in range(9))
    text = "\n".join(render(TRACE, [span(events=events)], screen()))
    assert "event 2" in text
    assert "event 3" not in text
    assert "and 6 more events" in text


def test_deep_chain_stays_narrow_and_says_its_depth() -> None:
    chain = [span(f"{n:03x}", f"{n - 1:03x}" if n else "", n, n + 1) for n in range(300)]
    lines = list(render(TRACE, chain, screen(width=80)))
    assert max(columns(line) for line in lines) <= 80
    assert any("[299]" in line for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        TRACE,
        TRACE.upper(),
        f" {TRACE}\n",
        f"00-{TRACE}-00f067aa0ba902b7-01",
        "5b8efff7-9803-8103-d269-b633813fc60c",
    ],
)
def test_trace_id_is_read_in_the_forms_people_paste(text: str) -> None:
    assert parse_trace_id(text) == TRACE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 32 hex digits, this has 0"),
        (TRACE[1:], "has 32 hex digits, this has 31"),
        (TRACE + "0", "has 32 hex digits, this has 33"),
        (TRACE[:-1] + "g", "'g' is none of its 32 hex digits"),
    ],
)
def test_wrong_trace_id_is_a_usage_error_that_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        parse_trace_id(text)


def test_repeated_span_ids_are_said_below_the_tree() -> None:
    twice = [span(one, "", start) for one in "abcde" for start in (0, 1)]
    lines = list(render(TRACE, [*twice, span("a")], screen()))
    assert lines[-5:] == [
        "",
        "! span id a is that of 3 spans; its children are below the earliest",
        "! span id b is that of 2 spans; its children are below the earliest",
        "! span id c is that of 2 spans; its children are below the earliest",
        "! and 2 more repeated span ids",
    ]
