"""How candidates become traces of an answer. What a finder promises, and what it gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from clew.query.candidates import Candidate
from clew.query.compile import Condition
from clew.query.language import Pipeline, Scalar, Select
from clew.query.language.text import show_scalar
from clew.query.matched import SpanSet
from clew.query.trace_summary import Summarised, Summary


@dataclass(frozen=True)
class FoundTrace:
    """One trace of the answer, and what the query matched in it.

    `newest_ns` is what it is placed by; `set_count` may be more than there are `span_sets`.
    """

    summary: Summary
    newest_ns: int
    set_count: int
    span_sets: tuple[SpanSet, ...]


@dataclass(frozen=True)
class Hit:
    """A candidate that is in the answer, and what is known of it by then."""

    trace_id: bytes
    newest_ns: int
    seen: Summarised | None = None
    set_count: int = 1
    span_sets: tuple[SpanSet, ...] = ()


class TooLargeError(Exception):
    """The engine cannot give out this trace within its limits."""


class Finder(Protocol):
    """`matching` is what candidates are found by.

    `ask_for` is how many to ask for in a window, `portion` how many of them `hits` takes at once,
    `wanted` how many hits are still needed. Evaluating here ends with `OutOfTimeError` after
    `deadline`, by `time.monotonic`.
    """

    matching: Condition
    ask_for: int
    portion: int
    wanted: float
    deadline: float

    def hits(self, candidates: list[Candidate]) -> dict[bytes, Hit]:
        """Those that are in the answer and belong where they were found."""

    def complete(self, hits: list[Hit]) -> tuple[FoundTrace, ...]:
        """With all that the answer shows of them."""


def selected(query: Pipeline) -> list[tuple[str, Scalar]]:
    """The fields that the query shows, by the names under which it shows them."""
    fields = dict.fromkeys(_selected(query))
    return [(show_scalar(field), field) for field in fields]


def _selected(query: Pipeline) -> Iterator[Scalar]:
    for stage in query.stages:
        if isinstance(stage, Select):
            yield from stage.fields
