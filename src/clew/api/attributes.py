"""`/api/v1/attributes` and `…/{key}/values`: what editors offer to complete a query."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Query

from clew.api.ask import Ask
from clew.api.errors import ApiError
from clew.api.explore_types import (
    AttributeKey,
    AttributeKeysAnswer,
    AttributeScope,
    AttributeValue,
    AttributeValuesAnswer,
)
from clew.api.searches import End, Start
from clew.api.span_queries import covered, parse_span_query
from clew.api.times import Range, parse_range
from clew.api.types import SampleCovered
from clew.query.attributes import INTRINSICS, SAMPLE, SCOPES, Wanted, keys, values
from clew.query.language import MAX_LENGTH
from clew.query.newest import Newest
from clew.query.per_span import SpanQuery

Scope = Annotated[AttributeScope | None, Query(description="Only of this scope.")]
Key = Annotated[
    str,
    Path(
        description="The key; a slash in it may be sent as it is or as %2F.",
        examples=["http.request.method"],
        json_schema_extra={"minLength": 1},
    ),
]
KeyPrefix = Annotated[str, Query(description="Only keys that begin with this.")]
ValuePrefix = Annotated[str, Query(description="Only values whose text begins with this.")]
Filter = Annotated[
    str | None,
    Query(
        description="A query that each span answers alone. With it the answer is made from the "
        f"newest {SAMPLE} matching spans; without it from the attribute index. A trace id is found "
        "whatever the time.",
        examples=["service.name = checkout"],
        json_schema_extra={"format": "traceql", "maxLength": MAX_LENGTH},
    ),
]
KeyLimit = Annotated[int, Query(ge=1, le=10_000, description="Most keys to list.")]
ValueLimit = Annotated[int, Query(ge=1, le=1000, description="Most values to list.")]


def keys_endpoint(
    ask: Ask, now_ns: Callable[[], int]
) -> Callable[..., Awaitable[AttributeKeysAnswer]]:
    """The handler."""

    async def list_attributes(
        q: Filter = None,
        scope: Scope = None,
        prefix: KeyPrefix = "",
        start: Start = None,
        end: End = None,
        limit: KeyLimit = 1000,
    ) -> AttributeKeysAnswer:
        """Attribute keys with scope, type and the number of spans that have them."""
        asked = parse_range(start, end, now_ns())
        wanted = _wanted(asked, scope, prefix, limit)
        found = await ask(keys, _matching(q), wanted)
        return AttributeKeysAnswer(
            attributes=[
                AttributeKey.model_validate({**asdict(one), "span_count": one.spans})
                for one in found.keys
            ],
            complete=found.complete,
            covered=_covered(asked, found.sample),
        )

    return list_attributes


def values_endpoint(
    ask: Ask, now_ns: Callable[[], int]
) -> Callable[..., Awaitable[AttributeValuesAnswer]]:
    """The handler."""

    async def list_attribute_values(
        key: Key,
        q: Filter = None,
        scope: Scope = None,
        prefix: ValuePrefix = "",
        start: Start = None,
        end: End = None,
        limit: ValueLimit = 100,
    ) -> AttributeValuesAnswer:
        """Values of a key with the number of spans that have them."""
        if scope == "intrinsic" and key not in INTRINSICS:
            hint = f"Intrinsics whose values are listed are: {', '.join(INTRINSICS)}."
            message = f"There is no list of values of an intrinsic {key[:100]!r}."
            raise ApiError(404, "no_values", message, hint)
        asked = parse_range(start, end, now_ns())
        wanted = _wanted(asked, scope, prefix, limit)
        found = await ask(values, _matching(q), key, wanted)
        return AttributeValuesAnswer(
            values=[
                AttributeValue.model_validate({**asdict(one), "span_count": one.spans})
                for one in found.values
            ],
            complete=found.complete,
            covered=_covered(asked, found.sample),
        )

    return list_attribute_values


def _wanted(asked: Range, scope: str | None, prefix: str, limit: int) -> Wanted:
    scopes = SCOPES if scope is None else (scope,)
    return Wanted(asked.start_ns, asked.end_ns, scopes, prefix, limit)


def _matching(q: str | None) -> SpanQuery | None:
    if q is None or not q.strip():
        return None
    return parse_span_query(q, "a list of attributes")


def _covered(asked: Range, sample: Newest | None) -> SampleCovered:
    if sample is None:
        return covered(asked.start_ns, asked.end_ns, None, None)
    return covered(sample.start_ns, sample.end_ns, sample.limited_by, sample.spans)
