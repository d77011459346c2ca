"""Operations, attributes, histograms and comparisons, as clients see them."""

from typing import Literal

from pydantic import Field

from clew.api.types import Model, Nanoseconds, SampleCovered

AttributeScope = Literal["intrinsic", "span", "resource", "instrumentation", "event"]
AttributeType = Literal["string", "int", "float", "bool", "other", "kind", "status"]


class Operation(Model):
    """Spans of one service with one name and kind."""

    service_name: str
    name: str
    kind: str = Field(
        description="unspecified, internal, server, client, producer, consumer, or the number of "
        "none of them.",
        examples=["server"],
    )
    span_count: int
    error_count: int = Field(description="Spans with status error.")


class OperationsAnswer(Model):
    """Operations, the one with the most spans first."""

    operations: list[Operation]
    complete: bool = Field(description="Whether these are all; else there are more than `limit`.")


class AttributeKey(Model):
    """A key, in one scope and one type: one key can have several."""

    scope: AttributeScope = Field(
        description="`intrinsic` for what OTLP itself says of a span: no scope in queries."
    )
    key: str
    type: AttributeType = Field(
        description="`other`: arrays, maps, bytes and empty values; `kind` and `status`: words."
    )
    span_count: int = Field(description="Spans that have it.")


class AttributeKeysAnswer(Model):
    """Keys: the intrinsic ones, then those with the most spans first."""

    attributes: list[AttributeKey]
    complete: bool = Field(
        description="Whether these are all keys of the range: false when there are more than "
        "`limit`, when the answer comes from a sample, and when the index does not have all."
    )
    covered: SampleCovered


class AttributeValue(Model):
    """A value of a key."""

    value: str = Field(
        description="As text: numbers in decimal, true and false, arrays and maps as JSON."
    )
    type: AttributeType
    span_count: int = Field(
        description="Spans that have it; at least so many when the answer is not complete."
    )


class AttributeValuesAnswer(Model):
    """Values, the most frequent first."""

    values: list[AttributeValue]
    complete: bool = Field(description="Whether these are all values of the range; see the keys.")
    covered: SampleCovered


class Bucket(Model):
    """Matching spans that start within one stretch of time."""

    start_time_unix_nano: Nanoseconds = Field(
        description="Where it begins; at the edges of the range only the part within counts."
    )
    span_count: int
    unset_count: int = Field(description="Spans whose status is neither ok nor error.")
    ok_count: int
    error_count: int
    duration_counts: list[int] = Field(
        description="Spans whose duration is at least `durationBoundsNanos[i]` and less than the "
        "next bound."
    )
    error_duration_counts: list[int] = Field(
        description="The same of spans with status error; empty if there are none."
    )
    p50_duration_nanos: Nanoseconds = Field(description="The median.")
    p95_duration_nanos: Nanoseconds
    p99_duration_nanos: Nanoseconds


class HistogramAnswer(Model):
    """Matching spans over time. Buckets without a span are left out.

    Quantiles come from counts in 64 steps per power of two: exact below 128 ns, else within 0.8 %.
    """

    bucket_nanos: Nanoseconds = Field(
        description="Width of a bucket. Each begins at a multiple of it since 1970."
    )
    duration_bounds_nanos: list[Nanoseconds] = Field(
        description="Bounds of the rows of the heatmap, one more than rows: 1, 5/4, 3/2 and 7/4 "
        "times each power of two, from the shortest duration to the longest."
    )
    buckets: list[Bucket]
    covered: SampleCovered


class AttributeRef(Model):
    """One value of one key."""

    scope: AttributeScope
    key: str
    type: AttributeType
    value: str = Field(description="As text, like the values of a key.")


class Difference(AttributeRef):
    """A value that the selection has more often than the baseline."""

    selection_count: int = Field(description="Spans of the selection's sample that have it.")
    baseline_count: int = Field(description="Spans of the baseline's sample that have it.")
    selection_share: float = Field(description="Of the selection's sample, 0 to 1.")
    baseline_share: float = Field(description="Of the baseline's sample, 0 to 1.")
    score: float = Field(
        description="Lower bound of the 95 % confidence interval of the difference of the shares, "
        "by Newcombe's method from two Wilson intervals: above 0, at most 1."
    )
    same_spans: list[AttributeRef] = Field(
        description="Other values that exactly the same spans of both samples have."
    )


class ComparedSide(Model):
    """The spans of one side."""

    query: str = Field(description="What they match, as the query language spells it.")
    matched_spans: int = Field(description="Matching spans in the part of time looked at.")
    sampled_spans: int = Field(description="Those compared: all spans of a sample of the traces.")


class CompareAnswer(Model):
    """Attribute values by how much more frequent they are in the selection.

    Values longer than 256 bytes, values of a single span, and keys that the selection is made by
    are left out.
    """

    differences: list[Difference]
    outcomes: list[Difference] = Field(
        description="Values that tell how spans ended, such as exceptions and response codes: they "
        "say what happened rather than why, so they are ranked apart."
    )
    selection: ComparedSide
    baseline: ComparedSide = Field(description="Spans of the selection are never in it.")
    time_share: float = Field(
        description="The part of the range that was looked at, spread evenly over it; 1: all. The "
        "time from selectStart to selectEnd is looked through whole if it has few spans."
    )
    covered: SampleCovered
