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
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from clew import _kernel, counters
from clew.store.errors import StoreError

LOOK_EVERY_S = 0.05
LOOK_UP_AT_ONCE = 256
PERMANENT_ATTEMPTS = 5
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
DEAD_LETTER_MAX_BYTES = 1 << 30

FAULT_POINTS = (
    "store.before_insert",
    "store.after_trace_ranges",
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


class Ingest:
    """Moves segments until `stop` is set. One instance a journal."""

    def __init__(
        self,
        journal: Path,
        tables: Tables,
        *,
        fault: Callable[[str], None] = lambda point: None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._journal = journal
        self._tables = tables
        self._fault = fault
        self._now_ns = now_ns
        self._doubtful: dict[Path, int | None] = dict.fromkeys(self.sealed())
        self._attempts: dict[Path, int] = {}
        self._failures = 0

    def sealed(self) -> list[Path]:
        """Sealed segments, oldest first: ids are UUIDv7, so names sort by time."""
        with os.scandir(self._journal) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.name.endswith(".seg")
                and len(entry.name) == 36
                and _is_hex(entry.name[:32])
            ]
        return [self._journal / name for name in sorted(names)]

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; then what is already decoded is finished and the rest stays for the next
        start.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as ahead:
            while not stop.is_set():
                waiting = self.sealed()
                self._report_backlog(waiting)
                if not waiting:
                    stop.wait(LOOK_EVERY_S)
                    continue
                for path, decoded in _prefetch(waiting, ahead):
                    if not self._take(path, decoded):
                        stop.wait(BACKOFF_S[min(self._failures, len(BACKOFF_S)) - 1])
                        break
                    if stop.is_set():
                        return

    def drain(self) -> int:
        """Stores every sealed segment that there is now; how many. For tests and for an orderly
        stop.
        """
        taken = 0
        for path in self.sealed():
            if not self._take(path, _decode_now(path)):
                break
            taken += 1
        return taken

    def _take(self, path: Path, decoded: Future[_kernel.Segment]) -> bool:
        """True when the segment is done with; False when it must be tried again after a pause."""
        try:
            segment = decoded.result()
        except (OSError, ValueError) as error:
            self._bury_segment(path, str(error))
            return True
        try:
            self._store(path, segment)
        except StoreError as error:
            self._doubtful[path] = None
            self._failures += 1
            kind = "transient" if error.transient else "permanent"
            counters.add("clew_store_insert_errors_total", kind=kind)
            if not error.transient:
                self._attempts[path] = self._attempts.get(path, 0) + 1
                if self._attempts[path] >= PERMANENT_ATTEMPTS:
                    self._bury_segment(
                        path, f"the store refused it {PERMANENT_ATTEMPTS} times: {error}"
                    )
                    return True
            return False
        self._failures = 0
        self._attempts.pop(path, None)
        return True

    def _store(self, path: Path, segment: _kernel.Segment) -> None:
        spans = pa.record_batch(segment.spans)
        stored = self._rows_already_there(path, segment)
        self._fault("store.before_insert")
        if stored != spans.num_rows:
            if stored:
                counters.add("clew_store_segments_repaired_total")
                self._tables.delete_segment(segment.id, segment.receive_day, "spans")
            if spans.num_rows:
                self._tables.insert("trace_ranges", pa.record_batch(segment.trace_ranges))
                self._fault("store.after_trace_ranges")
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
        lag_s = max(0, self._now_ns() - segment.first_received_ns) / 1e9
        counters.put("clew_store_lag_seconds", lag_s)
        counters.add("clew_store_acknowledged_to_stored_seconds_sum", lag_s)
        counters.add("clew_store_acknowledged_to_stored_seconds_count")

    def _rows_already_there(self, path: Path, segment: _kernel.Segment) -> int:
        if path not in self._doubtful:
            return 0
        known = self._doubtful[path]
        if known is not None:
            return known
        # One look for many: after a long outage there are hundreds of leftovers and at most one has
        # rows.
        asked = [p for p, rows in self._doubtful.items() if rows is None][:LOOK_UP_AT_ONCE]
        if path not in asked:
            asked.append(path)
        found = self._tables.stored_rows([bytes.fromhex(p.stem) for p in asked])
        for p in asked:
            self._doubtful[p] = found.get(bytes.fromhex(p.stem), {}).get("spans", 0)
        return self._doubtful[path] or 0

    def _report_backlog(self, waiting: list[Path]) -> None:
        counters.put("clew_store_backlog_segments", len(waiting))
        # The first 48 bits of a UUIDv7 are milliseconds.
        age_s = self._now_ns() / 1e9 - int(waiting[0].stem[:12], 16) / 1e3 if waiting else 0.0
        counters.put("clew_store_backlog_seconds", max(0.0, age_s))

    def _bury_segment(self, path: Path, reason: str) -> None:
        """The file moves, nothing is copied: what cannot be read today may be readable tomorrow."""
        folder = self._dead_letters()
        (folder / f"{path.stem}.json").write_text(
            json.dumps({"segment": path.stem, "reason": reason, "bytes": path.stat().st_size})
        )
        path.rename(folder / path.name)
        self._sync(folder)
        self._doubtful.pop(path, None)
        self._attempts.pop(path, None)
        counters.add("clew_store_dead_letters_total", kind="segment")

    def _bury_record(self, path: Path, offset: int, reason: str, body: bytes) -> None:
        """Durable before the segment is deleted; written again with the same name after a kill."""
        folder = self._dead_letters()
        counters.add("clew_store_dead_letters_total", kind="record")
        if (
            sum(file.stat().st_size for file in folder.iterdir()) + len(body)
            > DEAD_LETTER_MAX_BYTES
        ):
            counters.add("clew_store_dead_letters_dropped_total")
            return
        name = f"{path.stem}-{offset:010d}"
        described = {"segment": path.stem, "offset": offset, "reason": reason, "bytes": len(body)}
        for file, content in (
            (f"{name}.otlp", body),
            (f"{name}.json", json.dumps(described).encode()),
        ):
            with (folder / file).open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        self._sync(folder)

    def _dead_letters(self) -> Path:
        folder = self._journal / "dead-letter"
        folder.mkdir(exist_ok=True)
        return folder

    @staticmethod
    def _sync(folder: Path) -> None:
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


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
