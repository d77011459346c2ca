from __future__ import annotations

from typing import Any

import pytest

from clew.cli.attributes import (
    key_rows,
    nothing_found,
    value_rows,
    why_not_all,
    without_scope,
)


def answer(sampled: int | None = None, limited_by: str | None = None) -> dict[str, Any]:
    return {"complete": False, "covered": {"sampledSpans": sampled, "limitedBy": limited_by}}


def test_a_line_for_each_key_or_value() -> None:
    key = {"scope": "span", "key": "http.route", "type": "string", "spanCount": 4}
    value = {"value": "/cart", "type": "string", "spanCount": 3}
    assert key_rows({"attributes": [key]}) == [["http.route", "span", "string", "4"]]
    assert value_rows({"values": [value]}) == [["/cart", "string", "3"]]


@pytest.mark.parametrize(
    ("sampled", "limited_by", "full", "words"),
    [
        (20_000, "limit", True, "newest 20000 matching spans"),
        (None, None, True, "--limit"),
        (None, None, False, "rare and long values are left out; -q '{ }' counts in the newest"),
    ],
)
def test_what_is_left_out_is_said(
    sampled: int | None, limited_by: str | None, full: bool, words: str
) -> None:
    assert words in why_not_all(answer(sampled, limited_by), full)


@pytest.mark.parametrize(
    ("key", "scope", "expected"),
    [
        ("span.http.route", None, ("span", "http.route")),
        ("resource.service.name", "resource", ("resource", "service.name")),
        ("span.http.route", "resource", None),
        ("http.route", None, None),
        ("span", None, None),
        ("span.", None, None),
    ],
)
def test_scope_before_a_key_is_told(
    key: str, scope: str | None, expected: tuple[str, str] | None
) -> None:
    assert without_scope(key, scope) == expected


def test_empty_answer_says_what_is_missing() -> None:
    assert nothing_found(None, "", "").startswith("no attribute in that time; look further back")
    said = nothing_found("db.name", "a", "{ status = error }")
    assert said.startswith(
        "no value that begins with 'a' of 'db.name' in that time among the spans"
    )
    assert "clew attributes lists the keys" in said
