"""Any shape of trace becomes rows: every span once, in the order of a tree."""

from __future__ import annotations

from typing import Any

from clew.cli.spantree import Row, Span, rows, spans


def raw(span_id: str, parent: str = "", start: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": span_id,
        **({"parentSpanId": parent} if parent else {}),
        "name": span_id,
        "kind": 2,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 10),
        "status": {},
        **fields,
    }


def parsed(*found: dict[str, Any]) -> list[Span]:
    attributes = [{"key": "service.name", "value": {"stringValue": "shop"}}]
    return spans(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": attributes},
                    "scopeSpans": [{"scope": {}, "spans": list(found)}],
                }
            ]
        }
    )


def shape(*found: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(row.span.span_id, row.depth, row.note) for row in rows(parsed(*found))]


def test_children_follow_their_parent_in_order_of_start() -> None:
    assert shape(raw("c", "a", 3), raw("d", "b", 2), raw("b", "a", 1), raw("a")) == [
        ("a", 0, ""),
        ("b", 1, ""),
        ("d", 2, ""),
        ("c", 1, ""),
    ]


def test_several_roots_stand_side_by_side() -> None:
    assert shape(raw("b", start=2), raw("a", start=1)) == [("a", 0, ""), ("b", 0, "")]


def test_span_without_its_parent_stands_at_the_top_and_says_so() -> None:
    note = "its parent ff is not in this trace"
    assert shape(raw("b", "ff", 5), raw("a")) == [("a", 0, ""), ("b", 0, note)]


def test_cycle_is_shown_once_from_its_earliest_span() -> None:
    assert shape(raw("a", "c", 1), raw("b", "a", 2), raw("c", "b", 3)) == [
        ("a", 0, "it is its own ancestor"),
        ("b", 1, ""),
        ("c", 2, ""),
    ]


def test_span_that_is_its_own_parent_is_shown() -> None:
    assert shape(raw("a", "a")) == [("a", 0, "it is its own ancestor")]


def test_spans_with_the_same_id_are_both_shown_and_share_no_children() -> None:
    assert shape(raw("a", start=1), raw("a", start=2), raw("b", "a", 3)) == [
        ("a", 0, ""),
        ("b", 1, ""),
        ("a", 0, ""),
    ]


def test_second_span_with_the_id_of_a_cycle_is_shown() -> None:
    found = [row[0] for row in shape(raw("a", "b"), raw("b", "a"), raw("a", "b", 9))]
    assert sorted(found) == ["a", "a", "b"]


def test_chain_of_ten_thousand_spans_needs_no_recursion_and_little_memory() -> None:
    chain = [raw(f"{n:04x}", f"{n - 1:04x}" if n else "", n) for n in range(10_000)]
    found = list(rows(parsed(*chain)))
    assert [row.depth for row in found] == list(range(10_000))
    assert max(len(row.rails) for row in found) < 30


def test_rails_tell_which_ancestors_have_more_below() -> None:
    found = rows(parsed(raw("a"), raw("b", "a", 1), raw("c", "b", 2), raw("d", "a", 3)))
    rails: dict[str, Row] = {row.span.span_id: row for row in found}
    assert rails["c"].rails == (True, False)
    assert rails["d"].rails == (False,)


def test_resource_without_a_name_is_unknown_service() -> None:
    (span,) = spans({"resourceSpans": [{"scopeSpans": [{"spans": [raw("a")]}]}]})
    assert span.service == "unknown_service"


def test_empty_document_has_no_spans() -> None:
    assert spans({"resourceSpans": []}) == []
    assert list(rows([])) == []
