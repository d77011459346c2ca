"""Sealed segment → decode → store → delete: the whole write path of the store process, in one file.

Exactly once by looking. Every stored row carries its segment's id. A segment that this process did
not see arrive, or whose insert failed, is *doubtful*: before it is inserted the store is asked how
many of its rows are there. `spans` is inserted last and is the commit mark; the other tables' rows
are idempotent. The file is deleted after the commit mark.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from clew import _kernel, counters
from clew.store.errors import StoreError

LOOK_EVERY_S = 0.05
LOOK_UP_AT_ONCE = 256
# A segment is at fault, not the store, when it was refused this often and each time others were
# stored since the time before …
PERMANENT_ATTEMPTS = 5
# … or after this many processes died at it; from the first one on the others go before it.
DEATHS = 5
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
DEAD_LETTER_MAX_BYTES = 1 << 30

FAULT_POINTS = (
    "store.before_insert",
    "store.after_ledger",
    "store.after_trace_ranges",
    "store.after_attribute_index",
    "store.after_insert",
    "store.before_delete",
    "store.after_delete",
)


class Tables(Protocol):
    """What the write path needs of the store (`clew.store.Store` is one)."""

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """Durable and whole when it returns; at most one block in one partition."""

    def stored_rows(self, segments: list[bytes]) -> dict[bytes, dict[str, int]]:
        """Rows per segment and table; a segment without rows may be missing."""

    def delete_segment(self, segment: bytes, receive_day: int, table: str) -> None:
        """No row of the segment is left in the table when it returns."""


class Turn(Enum):
    """How an attempt at a segment ended."""

    DONE = "stored, or put aside for good"
    SKIP = "refused: others may go before it"
    WAIT = "nothing can be stored now"


class Ingest:
    """Moves segments until `stop` is set. One instance a journal."""

    def __init__(
        self,
        journal: Path,
        tables: Tables,
        *,
        fault: Callable[[str], None] = lambda point: None,
        turn: AbstractContextManager[Any] | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._journal = journal
        self._tables = tables
        self._fault = fault
        # Held from a segment's first insert to its last: no day is dropped between them.
        self._turn = nullcontext() if turn is None else turn
        self._now_ns = now_ns
        self._started_ms = now_ns() // 1_000_000
        # Rows found per doubtful segment; None: not looked yet.
        self._doubtful: dict[Path, int | None] = dict.fromkeys(self.sealed())
        # Per refused segment: how often, how many others were stored by then, the last error.
        self._refused: dict[Path, tuple[int, int, str]] = {}
        # The segment that is being stored, and how many processes had died at it before.
        self._at_hand: tuple[Path, int] | None = None
        self._stored = 0
        self._failures = 0

    def sealed(self) -> list[Path]:
        """Sealed segments, oldest first (ids are UUIDv7); those that ended a process go last."""
        with os.scandir(self._journal) as entries:
            # A link is not ours, and what it leads to even less.
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        suspects = {name.removesuffix(".tries") for name in names if name.endswith(".tries")}
        segments = [
            name
            for name in names
            if name.endswith(".seg") and len(name) == 36 and _is_hex(name[:32])
        ]
        return [
            self._journal / name
            for name in sorted(segments, key=lambda name: (name[:32] in suspects, name))
        ]

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; the segment at hand is finished, the rest stays for the next start."""
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as ahead:
            while not stop.is_set():
                waiting = self.sealed()
                self._report_backlog(waiting)
                progress = False
                for index, (path, decoded) in enumerate(_prefetch(waiting, ahead)):
                    turn = self._take(path, decoded)
                    progress |= turn is Turn.DONE
                    self._report_backlog(waiting[index + 1 :])
                    if turn is Turn.WAIT or stop.is_set():
                        break
                if not progress:
                    last = len(BACKOFF_S) - 1
                    pause = BACKOFF_S[min(self._failures, last)] if waiting else LOOK_EVERY_S
                    stop.wait(pause)

    def drain(self) -> int:
        """Tries every sealed segment that there is now, once; how many are done with."""
        turns = []
        for path in self.sealed():
            turns.append(self._take(path, _decode_now(path)))
            if turns[-1] is Turn.WAIT:
                break
        return turns.count(Turn.DONE)

    def _take(self, path: Path, decoded: Future[_kernel.Segment]) -> Turn:
        try:
            return self._attempt(path, decoded)
        except (StoreError, OSError) as error:
            self._failures += 1
            self._doubtful[path] = None
            transient = isinstance(error, OSError) or error.transient
            kind = "transient" if transient else "permanent"
            counters.add("clew_store_insert_errors_total", kind=kind)
            if transient:
                return Turn.WAIT
            times, stored, _ = self._refused.get(path, (0, -1, ""))
            # While nothing else is stored either, the store is at fault, however often it refuses.
            times += self._stored > stored
            self._refused[path] = times, self._stored, str(error)
            return Turn.SKIP

    def _attempt(self, path: Path, decoded: Future[_kernel.Segment]) -> Turn:
        deaths = self._deaths(path)
        times, _, error = self._refused.get(path, (0, 0, ""))
        if times >= PERMANENT_ATTEMPTS:
            return self._bury_segment(path, f"the store refused it {times} times: {error}")
        if deaths >= DEATHS:
            if not self._stored:
                return Turn.SKIP
            return self._bury_segment(path, f"{deaths} processes died while they stored it")
        try:
            segment = decoded.result()
        except FileNotFoundError:
            return Turn.DONE  # somebody took it away
        except (ValueError, RuntimeError) as why:
            return self._bury_segment(path, str(why))
        try:
            with self._turn:
                self._at_hand = path, deaths
                self._mark(path, deaths + 1)
                self._store(path, segment)
        except (StoreError, OSError):
            self._mark(path, deaths)
            raise
        finally:
            self._at_hand = None
        self._mark(path, 0)
        self._failures = 0
        self._stored += 1
        self._refused.pop(path, None)
        return Turn.DONE

    def excuse(self) -> None:
        """Called before this process ends in the middle of an insert: no fault of the segment."""
        if (at_hand := self._at_hand) is not None:
            self._mark(*at_hand)

    def _deaths(self, path: Path) -> int:
        try:
            return int(path.with_suffix(".tries").read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def _mark(self, path: Path, tries: int) -> None:
        """Not synced: it has to survive this process; a power cut says nothing about a segment."""
        if tries:
            path.with_suffix(".tries").write_text(str(tries))
        else:
            path.with_suffix(".tries").unlink(missing_ok=True)

    def _store(self, path: Path, segment: _kernel.Segment) -> None:
        spans = pa.record_batch(segment.spans)
        stored = self._rows_already_there(path, segment)
        self._fault("store.before_insert")
        # Before the commit mark, and without spans every time: its rows are idempotent.
        entries = pa.record_batch(segment.ledger)
        if entries.num_rows and not (spans.num_rows and stored == spans.num_rows):
            self._tables.insert("ledger", entries)
            self._fault("store.after_ledger")
        if stored != spans.num_rows:
            if stored:
                counters.add("clew_store_segments_repaired_total")
                self._tables.delete_segment(segment.id, segment.receive_day, "spans")
            if spans.num_rows:
                self._tables.insert("trace_ranges", pa.record_batch(segment.trace_ranges))
                self._fault("store.after_trace_ranges")
                self._tables.insert("attribute_index", pa.record_batch(segment.attribute_index))
                self._fault("store.after_attribute_index")
                self._tables.insert("spans", spans)
        self._fault("store.after_insert")
        for offset, reason, body in segment.dead:
            self._bury_record(path, offset, reason, body)
        self._fault("store.before_delete")
        path.unlink()
        self._fault("store.after_delete")
        self._doubtful.pop(path, None)
        counters.add("clew_store_segments_total")
        counters.add("clew_store_spans_total", spans.num_rows)
        counters.add("clew_store_ledger_rows_total", entries.num_rows)
        lag_s = max(0, self._now_ns() - segment.first_received_ns) / 1e9
        counters.put("clew_store_lag_seconds", lag_s)
        counters.add("clew_store_acknowledged_to_stored_seconds_sum", lag_s)
        counters.add("clew_store_acknowledged_to_stored_seconds_count")

    def _rows_already_there(self, path: Path, segment: _kernel.Segment) -> int:
        if path not in self._doubtful and _milliseconds(path) > self._started_ms:
            return 0  # made and sealed while this process lived, and never tried
        known = self._doubtful.setdefault(path, None)
        if known is not None:
            return known
        # One look for many: after an outage there are hundreds of leftovers, at most one has rows.
        asked = [p for p, rows in self._doubtful.items() if rows is None][:LOOK_UP_AT_ONCE]
        if path not in asked:
            asked.append(path)
        found = self._tables.stored_rows([bytes.fromhex(p.stem) for p in asked])
        for p in asked:
            self._doubtful[p] = found.get(bytes.fromhex(p.stem), {}).get("spans", 0)
        return self._doubtful[path] or 0

    def _report_backlog(self, waiting: list[Path]) -> None:
        counters.put("clew_store_backlog_segments", len(waiting))
        age_s = self._now_ns() / 1e9 - _milliseconds(waiting[0]) / 1e3 if waiting else 0.0
        counters.put("clew_store_backlog_seconds", max(0.0, age_s))

    def _bury_segment(self, path: Path, reason: str) -> Turn:
        """The file moves, nothing is copied: what cannot be read today may be readable tomorrow."""
        folder = self._dead_letters()
        described = {"segment": path.stem, "reason": reason, "bytes": path.stat().st_size}
        (folder / f"{path.stem}.json").write_text(json.dumps(described))
        path.rename(folder / path.name)
        path.with_suffix(".tries").unlink(missing_ok=True)
        _sync(folder)
        self._doubtful.pop(path, None)
        self._refused.pop(path, None)
        counters.add("clew_store_dead_letters_total", kind="segment")
        return Turn.DONE

    def _bury_record(self, path: Path, offset: int, reason: str, body: bytes) -> None:
        """Durable before the segment is deleted; written again with the same name after a kill."""
        folder = self._dead_letters()
        held = sum(file.stat().st_size for file in folder.iterdir())
        if held + len(body) > DEAD_LETTER_MAX_BYTES:
            raise OSError(
                f"{folder} holds {held} bytes: look at what could not be stored, empty it"
            )
        name = f"{path.stem}-{offset:010d}"
        described = json.dumps(
            {"segment": path.stem, "offset": offset, "reason": reason, "bytes": len(body)}
        )
        is_new = not (folder / f"{name}.json").exists()
        for file, content in ((f"{name}.otlp", body), (f"{name}.json", described.encode())):
            with (folder / file).open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        _sync(folder)
        if is_new:
            counters.add("clew_store_dead_letters_total", kind="record")

    def _dead_letters(self) -> Path:
        folder = self._journal / "dead-letter"
        folder.mkdir(exist_ok=True)
        return folder


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _milliseconds(path: Path) -> int:
    """When the segment was made: the first 48 bits of a UUIDv7."""
    return int(path.stem[:12], 16)


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)


def _decode_now(path: Path) -> Future[_kernel.Segment]:
    done: Future[_kernel.Segment] = Future()
    try:
        done.set_result(_kernel.decode_segment(str(path)))
    except (OSError, ValueError) as error:
        done.set_exception(error)
    return done


def _prefetch(
    paths: list[Path], ahead: ThreadPoolExecutor
) -> Iterator[tuple[Path, Future[_kernel.Segment]]]:
    """Each path with its decoded segment, while the next one is being decoded: two segments in
    memory.
    """
    following: Future[_kernel.Segment] | None = None
    for index, path in enumerate(paths):
        current = following or ahead.submit(_kernel.decode_segment, str(path))
        current.exception()  # waits; the result is looked at by the caller
        following = (
            ahead.submit(_kernel.decode_segment, str(paths[index + 1]))
            if index + 1 < len(paths)
            else None
        )
        yield path, current
