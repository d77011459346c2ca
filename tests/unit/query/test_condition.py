"""Tree → SQL: user text is bound, never part of the statement."""

from clew.query.condition import condition
from clew.query.language import parse


def test_everything_needs_no_value() -> None:
    assert condition(parse("")).text.strip() == "true"


def test_value_is_bound() -> None:
    made = condition(parse("service.name = `x' or 1 = 1 --`"))
    assert made.text == "service = {service:String}\n"
    assert made.parameters == {"service": "x' or 1 = 1 --"}
