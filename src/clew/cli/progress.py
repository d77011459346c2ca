"""A bar on standard error while something takes long; nothing when that is no terminal."""

from __future__ import annotations

import sys
import time

from clew.cli.output import Screen, clip

_EVERY_S = 0.1
_CELLS = 24


class Progress:
    """One line that is drawn again and again; `clear` takes it away."""

    def __init__(self) -> None:
        self._screen = Screen.of(sys.stderr)
        self._drawn_s = 0.0
        self._shown = False

    def show(self, text: str, share: float | None = None) -> None:
        """`share` is how much is done, from 0 to 1; None: nobody knows."""
        if self._screen.width is None or time.monotonic() - self._drawn_s < _EVERY_S:
            return
        self._drawn_s, self._shown = time.monotonic(), True
        full, empty = ("━", " ") if self._screen.unicode else ("=", " ")
        bar = ""
        if share is not None:
            done = round(_CELLS * min(1.0, max(0.0, share)))
            bar = f"[{full * done}{empty * (_CELLS - done)}] {min(1.0, share):4.0%}  "
        line = clip(bar + text, self._screen.width - 1, "…" if self._screen.unicode else "...")
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._shown = False
