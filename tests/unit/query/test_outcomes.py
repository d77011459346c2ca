"""How a span ended is told from why."""

import pytest

from clew.query.outcomes import is_outcome


@pytest.mark.parametrize(
    ("scope", "key", "value"),
    [
        ("intrinsic", "status", "error"),
        ("intrinsic", "event:name", "exception"),
        ("event", "exception.type", "Timeout"),
        ("span", "exception.message", "no"),
        ("span", "error.type", "Timeout"),
        ("span", "http.response.status_code", "500"),
    ],
)
def test_end_of_a_span(scope: str, key: str, value: str) -> None:
    assert is_outcome(scope, key, value)


@pytest.mark.parametrize(
    ("scope", "key", "value"),
    [
        ("intrinsic", "event:name", "retry"),
        ("intrinsic", "name", "status"),
        ("event", "retry.count", "3"),
        ("span", "http.route", "/error"),
        ("span", "exceptional", "1"),
        ("resource", "error.type", "Timeout"),
    ],
)
def test_anything_else(scope: str, key: str, value: str) -> None:
    assert not is_outcome(scope, key, value)
