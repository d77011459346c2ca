"""Inputs made out of real ones by changes anywhere, for the parsers in Python.

Few in a run of all tests; `make fuzz SECONDS=…` tries as many as that time is enough for, about.
Hypothesis shrinks what it finds and prints how to repeat it.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_SECONDS = int(os.environ.get("CLEW_FUZZ_SECONDS") or 0)
# One takes about 5 ms, most of it in making the input.
briefly = settings(
    max_examples=200 * _SECONDS or 40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@st.composite
def changed(draw: st.DrawFn, samples: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the samples with up to five changes: cuts, repetitions, words, pieces of others."""
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        end = min(at + draw(st.integers(0, 12)), len(data))
        match draw(st.integers(0, 6)):
            case 0:
                data[at:end] = b""
            case 1:
                data[at:at] = data[at:end] * draw(st.integers(1, 50))
            case 2:
                data[at:end] = draw(st.binary(max_size=8))
            case 3:
                other = draw(st.sampled_from(samples))
                begin = draw(st.integers(0, len(other)))
                data[at:end] = other[begin : begin + draw(st.integers(0, 200))]
            case 4:
                del data[at:]
            case _:
                data[at:end] = draw(st.sampled_from(words))
    return bytes(data)


def changed_text(samples: Sequence[str], words: Sequence[str]) -> st.SearchStrategy[Any]:
    """The same of text; what is cut within a character stands as U+FFFD."""
    made = changed([one.encode() for one in samples], [one.encode() for one in words])
    return made.map(lambda data: data.decode(errors="replace"))


def refusal(work: Callable[[], object], kind: type[Exception] = ValueError) -> Any:
    """The error of this kind with which it ends, or None."""
    try:
        work()
    except kind as error:
        return error
    return None
