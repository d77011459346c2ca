"""Which attribute values a selection of spans has more often than other spans.

Ranked by the lower bound of the 95 % confidence interval of the difference of the two shares
(Newcombe's hybrid of two Wilson intervals): what is in all of 3 spans ranks below what is in most
of 3,000, and what is no more frequent than chance explains is not listed.

What says how a span ended is ranked apart: it tells what happened, not why.

Both sides are sampled by trace and, in a large store, by time, alike: a span is taken if the hash
of its trace and of its time unit say so, whatever it says itself.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import sqrt
from time import monotonic
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clew.query.attributes import shown
from clew.query.bounds import seconds
from clew.query.compile import Condition
from clew.query.newest import Limited
from clew.query.outcomes import is_outcome
from clew.query.per_span import SpanQuery
from clew.query.rows import records, text
from clew.query.time_sample import TimeSample, time_sample
from clew.sql import load
from clew.store import Reader, StoreError

# Spans of one side whose attributes are looked at: shares are then known to 1 %.
SAMPLE = 10_000
# Longer values are not compared.
MAX_VALUE_BYTES = 256
# Spans that are looked through at first, and how often that grows while the selection has few. The
# samples come from all of these, so that all their columns are read.
FIRST_SPANS = 250_000
GROWTH = 4
ENOUGH = 2_000
# A window with no more spans is looked through whole, however small a part of the rest is.
WHOLE_WINDOW = 1_000_000
SECONDS = 3.0
# Below this a value says little about a selection.
MIN_SPANS = 2

_Z = 1.959964  # 95 % of a normal distribution lie within so many standard deviations
_CANDIDATES = 2_000
# Of values of the same spans, what people call them by comes first.
_KNOWN = (("resource", "service.name"), ("intrinsic", "name"))
# Groups that are looked at beyond those asked for, because some may be left out.
_SPARE = 100

Numbers = NDArray[Any]
Window = tuple[int, int]


@dataclass(frozen=True)
class Said:
    """An attribute value; an intrinsic has the scope `intrinsic`."""

    scope: str
    key: str
    type: str
    value: str


@dataclass(frozen=True)
class Difference:
    """A value and how many spans of the two samples have it; `same`: others of the same spans."""

    said: Said
    selection: int
    baseline: int
    score: float
    same: list[Said]


@dataclass(frozen=True)
class Side:
    """`matched` in the part of time that was looked at; `sampled` of them were compared."""

    matched: int
    sampled: int


@dataclass(frozen=True)
class Comparison:
    """The differences, the greatest first; `outcomes` are those that tell how spans ended."""

    differences: list[Difference]
    outcomes: list[Difference]
    selection: Side
    baseline: Side
    time_share: float
    limited_by: Limited


@dataclass(frozen=True)
class _Sides:
    """Where the two sides are, and how they are told apart."""

    reader: Reader
    selection: Condition
    baseline: Condition
    start_ns: int
    end_ns: int
    window: Window | None = None

    def query(
        self, name: str, sample: TimeSample, *parts: str, **parameters: str | int
    ) -> pa.Table:
        fragments = {"selection": self.selection.text, "baseline": self.baseline.text}
        units = sample.text
        if self.window is not None:
            # What is selected there is not sampled by time: only the baseline is.
            fragments["baseline"] = f"({self.baseline.text}) and {units}"
            units = load("query/part/units_or_window", units=units).text
            first, last = seconds(*self.window).values()
            parameters |= {"window_first_second": first, "window_last_second": last}
        values = {**self.selection.parameters}
        if "baseline" in parts:
            values |= self.baseline.parameters
        if "entries" in parts:
            fragments["entries"] = load("query/part/entries").text
        return self.reader.query(
            load(
                name,
                units=units,
                seconds=load("query/part/seconds").text,
                **{part: fragments[part] for part in ("selection", *parts)},
            ),
            **values,
            **sample.parameters,
            **seconds(self.start_ns, self.end_ns),
            first_ns=self.start_ns,
            last_ns=self.end_ns,
            **parameters,
        )


def compare(
    reader: Reader,
    selection: SpanQuery,
    baseline: SpanQuery,
    start_ns: int,
    end_ns: int,
    most: int,
    *,
    left_out: Collection[tuple[str, str]] | None = None,
    window: Window | None = None,
) -> Comparison:
    """At most `most` differences between spans that start in the range, both ends included.

    What is in the selection is not in the baseline. Keys that the selection is made by, or those
    in `left_out`, are left out: they would only say what was asked. With a `window` the selection
    is only what starts within it, both ends included.
    """
    selected = selection.condition(reader, "q")
    if window is not None:
        text = load("query/part/window", condition=selected.text).text
        bounds = {"window_first_ns": window[0], "window_last_ns": window[1]}
        selected = Condition(text, {**selected.parameters, **bounds})
    sides = _Sides(reader, selected, baseline.condition(reader, "b"), start_ns, end_ns)
    if window is not None and _stored(reader, *window)["spans"] <= WHOLE_WINDOW:
        sides = replace(sides, window=window)
    unwanted = selection.left_out() if left_out is None else left_out
    tried = _time_samples(sides)
    limited_by = tried[-1].limited_by
    while True:
        one = tried.pop()
        try:
            return _compared(sides, one.sample, one.counts, limited_by, unwanted, most)
        except StoreError as error:
            # A smaller part of the time needs less of both.
            if not (error.timeout or error.memory) or not tried:
                raise
            limited_by = "memory" if error.memory else "time"


def _compared(
    sides: _Sides,
    sample: TimeSample,
    counts: pa.Table,
    limited_by: Limited,
    left_out: Collection[tuple[str, str]],
    most: int,
) -> Comparison:
    found, others = _side(counts, "selection"), _side(counts, "baseline")
    if not found.side.sampled or not others.side.sampled:
        return Comparison([], [], found.side, others.side, sample.share, limited_by)
    masks = {"selection_mask": found.mask, "baseline_mask": others.mask}
    counted = _counted(
        sides.query(
            "query/compare_hashes", sample, "baseline", "entries", longest=MAX_VALUE_BYTES, **masks
        )
    )
    said = _said(sides, counted, _candidates(counted, most))
    ranked = _ranked(counted, said, left_out)
    return Comparison(
        [one for one in ranked if not _is_outcome(one.said)][:most],
        [one for one in ranked if _is_outcome(one.said)][:most],
        Side(found.side.matched, counted.selection),
        Side(others.side.matched, counted.baseline),
        sample.share,
        limited_by,
    )


def score(selection: int, of_selection: int, baseline: int, of_baseline: int) -> float:
    """The lower bound of the difference of two shares; above 0: more than chance explains."""
    share, lower, _ = wilson(selection, of_selection)
    other, _, upper = wilson(baseline, of_baseline)
    return share - other - sqrt((share - lower) ** 2 + (upper - other) ** 2)


def wilson(count: int, of: int) -> tuple[float, float, float]:
    """A share, and the bounds of its 95 % confidence interval."""
    share = count / of
    centre = share + _Z**2 / (2 * of)
    width = _Z * sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    scale = 1 + _Z**2 / of
    return share, (centre - width) / scale, (centre + width) / scale


@dataclass(frozen=True)
class _Chosen:
    side: Side
    mask: int


@dataclass(frozen=True)
class _Tried:
    """A part of the time, the spans of both sides in it, and why it is not all."""

    sample: TimeSample
    counts: pa.Table
    limited_by: Limited


def _time_samples(sides: _Sides) -> list[_Tried]:
    """Growing parts of the time; the last is all of it, or has a sample of the selection."""
    began = monotonic()
    stored = _stored(sides.reader, sides.start_ns, sides.end_ns)
    tried: list[_Tried] = []
    looked_through = FIRST_SPANS
    while True:
        # Of the time in which there is something: in a young store that is little of the range.
        sample = time_sample(
            stored["first_second"], stored["last_second"], looked_through / max(1, stored["spans"])
        )
        try:
            counts = sides.query("query/compare_counts", sample, "baseline")
        except StoreError as error:
            if not (error.timeout or error.memory) or not tried:
                raise
            tried[-1] = replace(tried[-1], limited_by="memory" if error.memory else "time")
            return tried
        if sample.share >= 1:
            return [*tried, _Tried(sample, counts, None)]
        enough = _is_enough(sides, records(counts))
        tried.append(_Tried(sample, counts, "limit" if enough else "time"))
        if enough or (monotonic() - began) * GROWTH > SECONDS:
            return tried
        looked_through *= GROWTH


def _stored(reader: Reader, start_ns: int, end_ns: int) -> dict[str, Any]:
    """How many spans there are, and the first and last second with any."""
    table = reader.query(
        load("query/count_spans", seconds=load("query/part/seconds").text),
        **seconds(start_ns, end_ns),
        first_ns=start_ns,
        last_ns=end_ns,
    )
    (stored,) = records(table)
    return stored


def _is_enough(sides: _Sides, counts: list[dict[str, Any]]) -> bool:
    """Whether more time would tell little more: of a window that is read whole, nothing."""
    grows = "selection" if sides.window is None else "baseline"
    found: int = sum(row[grows] for row in counts)
    return found >= ENOUGH


def _side(counts: pa.Table, name: str) -> _Chosen:
    """Every 2^n-th trace, with the smallest n that leaves no more than the sample."""
    by_level = {row["level"]: row[name] for row in records(counts)}
    matched = left = sum(by_level.values())
    level = 0
    while left > SAMPLE and level < 63:
        left -= by_level.get(level, 0)
        level += 1
    return _Chosen(Side(matched, left), 2**level - 1)


@dataclass(frozen=True)
class _Counted:
    """What the spans of both samples say.

    For each hash: spans of either sample that say it, and a mark of these spans together. For each
    span: its own hash, its second, whether it is of the selection, and where in `at`, indexes of
    hashes, begins and ends what it says.
    """

    hashes: Numbers
    in_selection: Numbers
    in_baseline: Numbers
    mark: Numbers
    spans: Numbers
    seconds: Numbers
    selected: Numbers
    at: Numbers
    offsets: Numbers

    @property
    def selection(self) -> int:
        return int(np.count_nonzero(self.selected))

    @property
    def baseline(self) -> int:
        return len(self.selected) - self.selection


def _counted(table: pa.Table) -> _Counted:
    selected = table.column("selected").to_numpy().astype(bool)
    spans = table.column("span").to_numpy()
    chunks = table.column("hashes").chunks
    lists = np.concatenate([chunk.flatten().to_numpy() for chunk in chunks])
    sizes = np.concatenate([np.diff(chunk.offsets.to_numpy()) for chunk in chunks])
    hashes, at = np.unique(lists, return_inverse=True)
    total = np.bincount(at, minlength=len(hashes))
    chosen = np.bincount(at[np.repeat(selected, sizes)], minlength=len(hashes))
    mark = np.zeros(len(hashes), np.uint64)
    np.add.at(mark, at, np.repeat(spans, sizes))
    return _Counted(
        hashes,
        chosen,
        total - chosen,
        mark,
        spans,
        table.column("second").to_numpy(),
        selected,
        at,
        np.concatenate([[0], np.cumsum(sizes)]),
    )


def _candidates(counted: _Counted, most: int) -> list[int]:
    """Indexes of the hashes of the greatest differences, and of some more, the greatest first."""
    gap = counted.in_selection / counted.selection - counted.in_baseline / counted.baseline
    worth = np.flatnonzero((gap > 0) & (counted.in_selection >= MIN_SPANS))
    # With the same sizes of samples, a greater gap has a greater lower bound, but for its width.
    greatest = worth[np.argsort(-gap[worth], kind="stable")][:_CANDIDATES].tolist()
    scores = {at: _score_of(counted, at) for at in greatest}
    found: list[int] = []
    groups: set[tuple[float, int]] = set()
    for at in sorted(greatest, key=lambda at: -scores[at]):
        groups.add((scores[at], int(counted.mark[at])))
        if scores[at] <= 0 or len(groups) > most + _SPARE:
            break
        found.append(at)
    return found


def _score_of(counted: _Counted, at: int) -> float:
    return score(
        int(counted.in_selection[at]),
        counted.selection,
        int(counted.in_baseline[at]),
        counted.baseline,
    )


def _said(sides: _Sides, counted: _Counted, wanted: list[int]) -> dict[int, Said]:
    """What hashes stand for, by their index."""
    if not wanted:
        return {}
    spans = _witnesses(counted, wanted)
    listed = sorted({int(second) for second in counted.seconds[spans]})
    table = sides.reader.query(
        load(
            "query/compare_entries",
            entries=load("query/part/entries").text,
            seconds=load("query/part/each_second").text,
        ),
        each_second=",".join(map(str, listed)),
        spans=",".join(map(str, counted.spans[spans].tolist())),
        hashes=",".join(map(str, counted.hashes[wanted].tolist())),
        longest=MAX_VALUE_BYTES,
    )
    index = {int(counted.hashes[at]): at for at in wanted}
    found = {}
    for row in records(table):
        scope, key, type, value = row["said"].values()
        said = Said(text(scope), text(key), text(type), shown(text(scope), text(type), value))
        found[index[row["hash"]]] = said
    return found


def _witnesses(counted: _Counted, wanted: list[int]) -> list[int]:
    """A few spans that say all that is wanted."""
    is_wanted = np.zeros(len(counted.hashes), bool)
    is_wanted[wanted] = True
    places = np.flatnonzero(is_wanted[counted.at])
    said, first = np.unique(counted.at[places], return_index=True)
    owners = np.searchsorted(counted.offsets, places[first], side="right") - 1
    owner = dict(zip(said.tolist(), owners.tolist(), strict=True))
    covered: set[int] = set()
    spans = []
    for at in wanted:
        if at not in covered:
            span = owner[at]
            spans.append(span)
            covered.update(counted.at[counted.offsets[span] : counted.offsets[span + 1]].tolist())
    return spans


def _ranked(
    counted: _Counted, said: dict[int, Said], left_out: Collection[tuple[str, str]]
) -> list[Difference]:
    groups: dict[tuple[int, int, int], Difference] = {}
    for at, one in said.items():
        if (one.scope, one.key) in left_out:
            continue
        selection, baseline = int(counted.in_selection[at]), int(counted.in_baseline[at])
        same_spans = (int(counted.mark[at]), selection, baseline)
        new = Difference(one, selection, baseline, _score_of(counted, at), same=[])
        groups.setdefault(same_spans, new).same.append(one)
    differences = []
    for group in groups.values():
        first, *same = sorted(group.same, key=_plainest)
        differences.append(Difference(first, group.selection, group.baseline, group.score, same))
    return sorted(differences, key=lambda found: (-found.score, _plainest(found.said)))


def _plainest(said: Said) -> tuple[Any, ...]:
    order = ("span", "intrinsic", "event", "resource", "instrumentation")
    is_known = (said.scope, said.key) in _KNOWN
    return _is_outcome(said), not is_known, order.index(said.scope), said.key, said.value


def _is_outcome(said: Said) -> bool:
    return is_outcome(said.scope, said.key, said.value)
