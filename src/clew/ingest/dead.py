"""The dead-letter folder: what cannot be stored, each with a `.json` that says why.

Everything is durable when a function returns, and written again with the same name after a kill.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from clew import counters

MAX_BYTES = 1 << 30
_REASON = 2_000


class FullError(OSError):
    """The folder takes nothing more until somebody has looked at it."""


class DeadLetters:
    """One a journal."""

    def __init__(self, journal: Path) -> None:
        self._folder = journal / "dead-letter"

    def put(self, name: str, kind: str, content: bytes, described: Mapping[str, object]) -> None:
        """Keeps the content as `NAME.otlp`, or `.jsonl` for the ledger's rows."""
        self._folder.mkdir(exist_ok=True)
        is_new = not (self._folder / f"{name}.json").exists()
        held = sum(file.stat().st_size for file in self._folder.iterdir()) if is_new else 0
        if held + len(content) > MAX_BYTES:
            raise FullError(
                f"{self._folder} holds {held} bytes: look at what could not be stored, empty it"
            )
        suffix = "jsonl" if kind == "ledger" else "otlp"
        why = _json({"kind": kind, **described, "bytes": len(content)})
        for file, data in ((f"{name}.{suffix}", content), (f"{name}.json", why)):
            write(self._folder / file, data)
        sync(self._folder)
        if is_new:
            counters.add("clew_store_dead_letters_total", kind=kind)

    def move(self, path: Path, described: Mapping[str, object], *others: Path) -> None:
        """A whole segment and the files beside it. Nothing is copied: what cannot be read today may
        be readable tomorrow.
        """
        self._folder.mkdir(exist_ok=True)
        why = _json({"kind": "segment", **described, "bytes": path.stat().st_size})
        write(self._folder / f"{path.stem}.json", why)
        path.rename(self._folder / path.name)
        sync(path.parent)
        for other in others:
            if other.exists():
                other.rename(self._folder / other.name)
        sync(self._folder)
        counters.add("clew_store_dead_letters_total", kind="segment")


def write(path: Path, content: bytes) -> None:
    """The file is durable; its name is after `sync` of the folder."""
    with path.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def sync(folder: Path) -> None:
    """Names that were made, changed or taken away are durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _json(described: Mapping[str, object]) -> bytes:
    reason = str(described["reason"])[:_REASON]
    return json.dumps({**described, "reason": reason}).encode()
