"""Which attributes spans have, and which values: for editors that complete a query.

Without a query the attribute index answers for all spans of a range, and at its edges for more: a
row of it covers the seconds of one batch. With one, the newest matching spans answer, `SAMPLE` at
most. What is not everything is not `complete`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from clew.query import any_values
from clew.query.bounds import seconds
from clew.query.compile import Condition
from clew.query.newest import Newest, newest
from clew.query.operations import KINDS, STATUSES, word
from clew.query.per_span import SpanQuery
from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader

SAMPLE = 20_000
# Longer values are left out: nobody completes them.
MAX_VALUE_BYTES = 128
INDEXED = ("span", "resource", "instrumentation", "event")
SCOPES = ("intrinsic", *INDEXED)

# Of a span itself: key → type.
INTRINSICS = {
    "name": "string",
    "kind": "kind",
    "status": "status",
    "event:name": "string",
    "instrumentation:name": "string",
    "instrumentation:version": "string",
}
# Those that every span has one of → column.
_COLUMNS = {
    "name": "name",
    "kind": "kind",
    "status": "status_code",
    "instrumentation:name": "scope_name",
    "instrumentation:version": "scope_version",
}
_WORDS = {"kind": KINDS, "status": STATUSES}
# More values than are answered, because those that do not begin with the prefix go.
_MOST_VALUES = 10_000


@dataclass(frozen=True)
class Key:
    """An attribute, or an intrinsic, in one type; `spans` that have it."""

    scope: str
    key: str
    type: str
    spans: int


@dataclass(frozen=True)
class Value:
    """One value as text: numbers in decimal, arrays and maps as JSON."""

    value: str
    type: str
    spans: int


@dataclass(frozen=True)
class Keys:
    """The most frequent first. `sample` says which spans answered; None: all of the range."""

    keys: list[Key]
    complete: bool
    sample: Newest | None


@dataclass(frozen=True)
class Values:
    """See `Keys`."""

    values: list[Value]
    complete: bool
    sample: Newest | None


@dataclass(frozen=True)
class Wanted:
    """Start times of spans, both ends included; names or values that begin with `prefix`."""

    start_ns: int
    end_ns: int
    scopes: Collection[str] = SCOPES
    prefix: str = ""
    most: int = 1000

    @property
    def range(self) -> tuple[int, int]:
        return self.start_ns, self.end_ns


def keys(reader: Reader, query: SpanQuery | None, wanted: Wanted) -> Keys:
    """The keys in use, intrinsics first."""
    if query is None:
        sample, spans = None, _count(reader, wanted)
        found = _keys(reader, "query/attribute_keys", None, wanted, wanted)
        # A row without a key says that others have none.
        complete = _index_covers(reader, wanted) and all(key.key for key in found)
        found = [key for key in found if key.key]
    else:
        sample = newest(reader, query, *query.range(reader, *wanted.range), SAMPLE)
        spans, complete = sample.spans, sample.limited_by is None
        matching = query.condition(reader)
        found = (
            _keys(reader, "query/attribute_keys_sampled", matching, wanted, sample) if spans else []
        )
    own = [
        Key("intrinsic", key, type, spans)
        for key, type in INTRINSICS.items()
        if "intrinsic" in wanted.scopes and key.startswith(wanted.prefix) and spans
    ]
    listed = [*own, *found]
    return Keys(listed[: wanted.most], complete and len(listed) <= wanted.most, sample)


def values(reader: Reader, query: SpanQuery | None, key: str, wanted: Wanted) -> Values:
    """The values of one key."""
    if query is not None:
        sample = newest(reader, query, *query.range(reader, *wanted.range), SAMPLE)
        matching = query.condition(reader)
        found = _sampled_values(reader, matching, key, wanted, sample) if sample.spans else []
        return _values(found, wanted, sample.limited_by is None, sample)
    if "intrinsic" in wanted.scopes and key in INTRINSICS:
        return _values(_intrinsic_values(reader, key, wanted), wanted, True, None)
    found, complete = _indexed_values(reader, key, wanted)
    return _values(found, wanted, complete and _index_covers(reader, wanted), None)


def _values(found: list[Value], wanted: Wanted, complete: bool, sample: Newest | None) -> Values:
    fitting = [value for value in found if value.value.startswith(wanted.prefix)]
    cut = len(fitting) > wanted.most or len(found) >= _MOST_VALUES
    return Values(fitting[: wanted.most], complete and not cut, sample)


def _keys(
    reader: Reader,
    statement: str,
    matching: Condition | None,
    wanted: Wanted,
    span: Wanted | Newest,
) -> list[Key]:
    parts, parameters = _matching(matching, span)
    table = reader.query(
        load(statement, **parts),
        **parameters,
        scopes=_indexed(wanted),
        prefix=wanted.prefix,
        limit=wanted.most + 2,  # one tells that keys are missing, one that there are more
    )
    return [
        Key(text(row["scope"]), text(row["key"]), text(row["type"]), row["spans"])
        for row in records(table)
    ]


def _sampled_values(
    reader: Reader, matching: Condition, key: str, wanted: Wanted, sample: Newest
) -> list[Value]:
    parts, parameters = _matching(matching, sample)
    table = reader.query(
        load("query/attribute_values_sampled", **parts),
        **parameters,
        key=key,
        scopes=",".join(wanted.scopes),
        prefix=wanted.prefix,
        longest=MAX_VALUE_BYTES,
        limit=_MOST_VALUES,
    )
    return [
        Value(shown(text(row["scope"]), text(row["type"]), row["value"]), kind, row["spans"])
        for row in records(table)
        for kind in [text(row["type"])]
    ]


def _intrinsic_values(reader: Reader, key: str, wanted: Wanted) -> list[Value]:
    where = load("query/part/seconds").text
    if key in _COLUMNS:
        statement = load("query/attribute_intrinsic", column=_COLUMNS[key], seconds=where)
    else:
        statement = load("query/attribute_event_names", seconds=where)
    table = reader.query(
        statement,
        **seconds(wanted.start_ns, wanted.end_ns),
        first_ns=wanted.start_ns,
        last_ns=wanted.end_ns,
        limit=_MOST_VALUES,
    )
    return [
        Value(
            word(_WORDS[key], row["value"]) if key in _WORDS else text(row["value"]),
            INTRINSICS[key],
            row["spans"],
        )
        for row in records(table)
    ]


def _indexed_values(reader: Reader, key: str, wanted: Wanted) -> tuple[list[Value], bool]:
    parameters = {
        **seconds(wanted.start_ns, wanted.end_ns),
        "scopes": _indexed(wanted),
        "key": key,
    }
    table = reader.query(
        load("query/attribute_values"), **parameters, prefix=wanted.prefix, limit=_MOST_VALUES
    )
    missing = reader.query(load("query/attribute_values_missing"), **parameters)
    found = [
        # A row that counts no spans has the value nevertheless.
        Value(shown("", text(row["type"]), row["value"]), text(row["type"]), max(1, row["spans"]))
        for row in records(table)
    ]
    return found, missing.column("rows")[0].as_py() == 0


def shown(scope: str, type: str, value: bytes) -> str:
    """A value of `part/entries.sql` as text."""
    if type == "kind":
        return word(KINDS, int(value))
    if type == "status":
        return word(STATUSES, int(value))
    if type == "other" or (scope == "event" and type != "string"):
        return any_values.as_text(value)
    if type == "float":
        return any_values.float_text(float(value))
    return text(value)


def _count(reader: Reader, wanted: Wanted) -> int:
    table = reader.query(
        load("query/count_spans", seconds=load("query/part/seconds").text),
        **seconds(wanted.start_ns, wanted.end_ns),
        first_ns=wanted.start_ns,
        last_ns=wanted.end_ns,
    )
    counted: int = table.column("spans")[0].as_py()
    return counted


def _index_covers(reader: Reader, wanted: Wanted) -> bool:
    """Whether all spans of the range were stored since there is an index."""
    began = records(reader.query(load("store/read_meta"), key="attribute_index_from"))
    if not began:
        return True
    table = reader.query(
        load("query/attribute_unindexed", seconds=load("query/part/seconds").text),
        **seconds(wanted.start_ns, wanted.end_ns),
        first_ns=wanted.start_ns,
        last_ns=wanted.end_ns,
        day=text(began[0]["value"]),
    )
    return not table.num_rows


def _indexed(wanted: Wanted) -> str:
    return ",".join(scope for scope in wanted.scopes if scope in INDEXED)


def _matching(
    matching: Condition | None, span: Wanted | Newest
) -> tuple[dict[str, str], dict[str, str | int]]:
    """Fragments and parameters for a look at the index, or at the spans of a sample."""
    if matching is None or isinstance(span, Wanted):
        return {}, seconds(span.start_ns, span.end_ns)
    where, parameters = span.where()
    parts = {
        "condition": matching.text,
        "entries": load("query/part/entries").text,
        "seconds": where,
    }
    return parts, {
        **matching.parameters,
        **parameters,
        "first_ns": span.start_ns,
        "last_ns": span.end_ns,
    }
