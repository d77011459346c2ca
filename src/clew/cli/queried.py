"""The values that a query asks for, by `by()` and `select()`, as cells of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Different values of one field that a trace's cell shows.
MOST = 3


def queried(traces: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """The fields, as the query writes them, and a cell each for every trace.

    A cell has the different values of the trace's listed sets and spans, `MOST` of them.
    """
    found = [_values(trace) for trace in traces]
    fields = list(dict.fromkeys(field for one in found for field in one))
    return fields, [[_cell(one.get(field, [])) for field in fields] for one in found]


def _values(trace: dict[str, Any]) -> dict[str, list[str]]:
    values: dict[str, dict[str, None]] = {}
    for field, value in _named(trace["spanSets"]):
        values.setdefault(field, {})[value] = None
    return {field: list(different) for field, different in values.items()}


def _named(sets: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in sets:
        for group in one["by"]:
            yield group["field"], "nil" if group["value"] is None else text_of(group["value"])
        for span in one["spans"]:
            for attribute in span["attributes"]:
                yield attribute["key"], text_of(attribute["value"])


def _cell(values: list[str]) -> str:
    return ", ".join([*values[:MOST], *(["..."] if len(values) > MOST else [])]) or "-"


def text_of(value: Mapping[str, Any]) -> str:
    """An OTLP value for people: text as it is, lists and maps as JSON."""
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Mapping[str, Any]) -> Any:
    match dict(value):
        case {"arrayValue": inner}:
            return [_plain(one) for one in inner.get("values", ())]
        case {"kvlistValue": inner}:
            return {one["key"]: _plain(one.get("value", {})) for one in inner.get("values", ())}
        case {"intValue": number}:
            return int(number)
        case {**rest}:
            return next(iter(rest.values()), None)
