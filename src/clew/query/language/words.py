"""The words of the language: names of intrinsics, units, functions, and what others call them."""

import difflib
from collections.abc import Iterable, Mapping

from clew.query.language.tree import Intrinsic, Scope, Type

# Spelled without a scope; every intrinsic has its spelling with scope and colon besides.
SHORT: Mapping[str, Intrinsic] = {
    "name": Intrinsic.NAME,
    "duration": Intrinsic.DURATION,
    "kind": Intrinsic.KIND,
    "status": Intrinsic.STATUS,
    "statusMessage": Intrinsic.STATUS_MESSAGE,
    "rootName": Intrinsic.ROOT_NAME,
    "rootServiceName": Intrinsic.ROOT_SERVICE,
    "traceDuration": Intrinsic.TRACE_DURATION,
    "childCount": Intrinsic.CHILD_COUNT,
}
SHORT_OF: Mapping[Intrinsic, str] = {intrinsic: word for word, intrinsic in SHORT.items()}
INTRINSICS: Mapping[str, Intrinsic] = {
    **{intrinsic.value: intrinsic for intrinsic in Intrinsic},
    "span:statusMessage": Intrinsic.STATUS_MESSAGE,
    "trace:rootServiceName": Intrinsic.ROOT_SERVICE,
    **SHORT,
}
INTRINSIC_SCOPES = frozenset(name.partition(":")[0] for name in INTRINSICS if ":" in name)
ROOT_TEST = "nestedSetParent"

SCOPES: Mapping[str, Scope] = {scope.value: scope for scope in Scope if scope is not Scope.ANY}

STATUSES = ("unset", "ok", "error")
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
CONSTANTS: Mapping[str, tuple[Type, str | int | bool | None]] = {
    "true": (Type.BOOL, True),
    "false": (Type.BOOL, False),
    "nil": (Type.NIL, None),
    "minInt": (Type.INT, -(2**63)),
    "maxInt": (Type.INT, 2**63 - 1),
    **{word: (Type.STATUS, word) for word in STATUSES},
    **{word: (Type.KIND, word) for word in KINDS},
}

# Attributes that are text by OpenTelemetry's conventions, also when it looks like a number.
TEXTS = frozenset(
    {
        "container.id",
        "deployment.environment",
        "deployment.environment.name",
        "host.id",
        "host.name",
        "service.instance.id",
        "service.name",
        "service.namespace",
        "service.version",
        "telemetry.sdk.version",
    }
)

# In nanoseconds. `µs` is written with either of the two characters that look like that.
UNITS: Mapping[str, int] = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ns": 1,
}
UNITS_SAID = "ns, us, ms, s, m, h and d"

AGGREGATES = ("count", "avg", "min", "max", "sum", "quantile")
STAGES = (*AGGREGATES, "by", "select", "coalesce")
METRICS = (
    "rate",
    "count_over_time",
    "quantile_over_time",
    "histogram_over_time",
    "min_over_time",
    "max_over_time",
    "avg_over_time",
    "sum_over_time",
    "topk",
    "bottomk",
    "compare",
)

# What people write for a field, and how it is spelled here.
_FIELD_HABITS: Mapping[str, str] = {
    "service": "service.name",
    "servicename": "service.name",
    "operation": "name",
    "operationname": "name",
    "spanname": "name",
    "latency": "duration",
    "spankind": "kind",
    "statuscode": "status",
    "traceid": "trace:id",
    "spanid": "span:id",
    "parentid": "span:parentID",
    "parentspanid": "span:parentID",
    "rootservice": "rootServiceName",
    "rootspan": "rootName",
    "eventname": "event:name",
    "events": "event:name",
    "scopename": "instrumentation:name",
    "method": "span.http.request.method",
    "url": "span.url.full",
}
# What people write for a status.
STATUS_HABITS: Mapping[str, str] = {
    **dict.fromkeys(("failed", "failure", "fail", "err", "exception", "statuscodeerror"), "error"),
    **dict.fromkeys(("success", "successful", "succeeded", "statuscodeok"), "ok"),
    **dict.fromkeys(("none", "unknown", "statuscodeunset"), "unset"),
}
# Words where an operator or a function should stand, and the sentence that helps.
HABITS: Mapping[str, str] = {
    "and": "Write && for and.",
    "or": "Write || for or.",
    "not": "Write != before a value, or !( … ) around a condition.",
    "like": 'Write a regular expression for the whole value: =~ ".*word.*".',
    "ilike": 'Write a regular expression for the whole value: =~ "(?i).*word.*".',
    "contains": 'Write a regular expression for the whole value: =~ ".*word.*".',
    "startswith": 'Write a regular expression for the whole value: =~ "word.*".',
    "endswith": 'Write a regular expression for the whole value: =~ ".*word".',
    "matches": 'Write a regular expression for the whole value: =~ "a|b".',
    "regexp": 'Write a regular expression for the whole value: =~ "a|b".',
    "in": 'Write =~ "a|b" for one of several strings, or join comparisons with ||.',
    "between": "Write two comparisons: duration > 1s && duration < 2s.",
    "is": "Write = nil for a field that is missing, != nil for one that is there.",
    "exists": "Write != nil: span.http.route != nil.",
    "has": "Write != nil: span.http.route != nil.",
    "exist": "Write != nil: span.http.route != nil.",
    "missing": "Write = nil: span.http.route = nil.",
    "eq": "Write =.",
    "ne": "Write !=.",
    "gt": "Write >.",
    "gte": "Write >=.",
    "lt": "Write <.",
    "lte": "Write <=.",
    "where": "Put the condition in braces: { duration > 1s }.",
    "nestedsetleft": "Write a relation between filters: { … } >> { … }.",
    "nestedsetright": "Write a relation between filters: { … } >> { … }.",
}
# What others call a stage of a pipeline.
STAGE_HABITS: Mapping[str, str] = {
    "limit": "The number of traces is no part of the query: set it with the limit parameter.",
    "head": "The number of traces is no part of the query: set it with the limit parameter.",
    "tail": "The number of traces is no part of the query: set it with the limit parameter.",
    "top": "The number of traces is no part of the query: set it with the limit parameter.",
    "sort": "Traces come newest first; leave the stage out.",
    "order": "Traces come newest first; leave the stage out.",
    "where": "Put the condition in braces: | { duration > 1s }.",
    "filter": "Put the condition in braces: | { duration > 1s }.",
    "having": "Write the aggregate itself: | count() > 2.",
    "group": "Write | by(resource.service.name).",
    "groupby": "Write | by(resource.service.name).",
    "fields": "Write | select(name, duration).",
    "project": "Write | select(name, duration).",
    "mean": "Write avg(duration) > 1s.",
    "average": "Write avg(duration) > 1s.",
    "median": "Write quantile(duration, 0.5) > 1s.",
    "percentile": "Write quantile(duration, 0.95) > 1s.",
    "p50": "Write quantile(duration, 0.5) > 1s.",
    "p90": "Write quantile(duration, 0.9) > 1s.",
    "p95": "Write quantile(duration, 0.95) > 1s.",
    "p99": "Write quantile(duration, 0.99) > 1s.",
    "distinct": "Write | by(name) | count() > 0 to get one group for each value.",
}


def plain(word: str) -> str:
    """A word without case and separators, as the tables of habits have it."""
    return word.replace("_", "").replace("-", "").replace(".", "").lower()


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant, if one is close."""
    if len(word) > 40:
        return None
    folded = {plain(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(plain(word), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


def words_hint(intrinsic: Intrinsic, name: str, operator: str, value: object) -> str:
    """What to write for a value that is no word of a status or a kind."""
    is_status = intrinsic is Intrinsic.STATUS
    words = STATUSES if is_status else KINDS
    meant = None
    if isinstance(value, str):
        said = value.removeprefix("SPAN_KIND_").removeprefix("STATUS_CODE_")
        meant = (STATUS_HABITS.get(plain(said)) if is_status else None) or nearest(said, words)
        if meant:
            return f"Write {name} {operator} {meant}, without quotes."
    elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(words):
        return f"Write {name} {operator} {words[value]}."
    hint = f"The {'status' if is_status else 'kind'} is one of {', '.join(words)}."
    if is_status and isinstance(value, int) and value >= 100:
        hint += " For the status of HTTP write span.http.response.status_code."
    return hint


def field_meant(word: str) -> str | None:
    """The field that was probably meant by a word that is none."""
    names = [*SHORT, *(name for name in INTRINSICS if ":" in name)]
    return _FIELD_HABITS.get(plain(word)) or nearest(word, names)
