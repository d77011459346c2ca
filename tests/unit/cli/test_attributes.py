from __future__ import annotations

from typing import Any

import pytest

from clew.cli.attributes import key_rows, value_rows, why_not_all


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
        (None, None, False, "-q '{ }'"),
    ],
)
def test_what_is_left_out_is_said(
    sampled: int | None, limited_by: str | None, full: bool, words: str
) -> None:
    assert words in why_not_all(answer(sampled, limited_by), full)
