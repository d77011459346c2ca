"""What the filters of the UI write is a query that means what they show.

`written_by_ui.json` is compared with what they write by `web/src/pages/explorer/query`, which makes
it anew with `npx vitest run -u src/pages/explorer/query`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clew.query.language import Attribute, Binary, Field, Literal, Scalar, Type, Unary, parse
from clew.query.language.tree import Combine, Filter, Pipeline, Spanset
from clew.query.language.words import INTRINSICS

WRITTEN = json.loads(Path(__file__).with_name("written_by_ui.json").read_text(encoding="utf-8"))


def test_every_query_is_read_and_has_the_field_and_the_value() -> None:
    assert len(WRITTEN) > 500
    wrong = [one["query"] for one in WRITTEN if not _says(one)]
    assert wrong == []


def _says(one: dict[str, Any]) -> bool:
    query = parse(one["query"])
    assert isinstance(query, Pipeline)
    wanted = (_field(one["field"]), _literal(one["value"]))
    return any(
        {*wanted} == {comparison.left, comparison.right}
        for comparison in _comparisons(_first(query.source))
    )


def _first(source: Spanset) -> Filter:
    while not isinstance(source, Filter):
        source = source.left if isinstance(source, Combine) else source.source
    return source


def _comparisons(node: Filter | Scalar | None) -> Iterator[Binary]:
    match node:
        case Filter(condition):
            yield from _comparisons(condition)
        case Unary("!", operand):
            yield from _comparisons(operand)
        case Binary("&&" | "||", left, right):
            yield from _comparisons(left)
            yield from _comparisons(right)
        case Binary():
            yield node


def _field(said: dict[str, Any]) -> Attribute | Field:
    if said["scope"] == "intrinsic":
        return Field(INTRINSICS[said["key"]])
    return Attribute(said["scope"], said["key"])


def _literal(said: dict[str, str]) -> Literal:
    kind = Type(said["type"])
    if kind is Type.STRING:
        return Literal(kind, said["value"])
    text = said["text"]
    match kind:
        case Type.INT | Type.DURATION:
            return Literal(kind, int(text))
        case Type.FLOAT:
            return Literal(kind, float(text))
        case Type.BOOL:
            return Literal(kind, text == "true")
        case _:
            return Literal(kind, text)
