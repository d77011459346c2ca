"""The ingest loop: takes sealed segments, oldest first, and stores each.

Exactly once by looking. Every stored row carries its segment's id. A segment that this process did
not see arrive, or whose insert failed, is *doubtful*: before it is inserted the store is asked how
many of its rows are there. The file is deleted after the commit mark.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa

from clew import _kernel, counters
from clew.ingest.bisect import Bisect, Evidence, Turn, bury_record
from clew.ingest.dead import DeadLetters, FullError
from clew.ingest.insert import Inserter, Tables
from clew.ingest.pieces import AT_HAND, Limits, Pieces, Refusals, mark_of
from clew.store.errors import StoreError

LOOK_EVERY_S = 0.05
LOOK_UP_AT_ONCE = 256
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


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
        limits: Limits | None = None,
        is_excused: bool = False,
    ) -> None:
        """`is_excused`: the process before this one was ended from outside, by no segment."""
        self._journal = journal
        self._tables = tables
        self._fault = fault
        # Held from a segment's first insert to its last: no day is dropped between them.
        self._turn = nullcontext() if turn is None else turn
        self._now_ns = now_ns
        self._limits = limits or Limits()
        self._letters = DeadLetters(journal)
        self._evidence = Evidence()
        self._inserter = Inserter(tables, fault)
        self._bisect = Bisect(
            self._inserter, self._evidence, self._limits, self._letters, self._turn
        )
        self._started_ms = now_ns() // 1_000_000
        # Rows found per doubtful segment; None: not looked yet.
        self._doubtful: dict[Path, int | None] = dict.fromkeys(self.sealed())
        self._refused: dict[Path, Refusals] = {}
        # Segments that are stored in pieces; those of an earlier process are compared with the
        # segment once.
        self._pieces: dict[Path, Pieces] = {}
        self._unknown: set[Path] = set()
        # The segment that is being stored, and how many processes had died at it before.
        self._at_hand: tuple[Path, int] | None = None
        self._failures = 0
        self._settle_deaths(is_excused=is_excused)

    def _settle_deaths(self, *, is_excused: bool) -> None:
        for file in self._notes("pieces"):
            path = file.with_suffix(".seg")
            if not path.exists():
                file.unlink()  # all was stored, and the kill came between the two files
                continue
            try:
                self._pieces[path] = Pieces.load(path)
            except ValueError as error:
                self._bury_segment(path, str(error))
            else:
                self._pieces[path].settle_deaths(is_excused=is_excused)
                self._unknown.add(path)
                self._doubtful.pop(path, None)
        for mark in self._notes("tries"):
            path = mark.with_suffix(".seg")
            died = mark.read_text(errors="replace").endswith(AT_HAND) and not is_excused
            self._mark(path, self._deaths(path) + died if path.exists() else 0)

    def _notes(self, suffix: str) -> list[Path]:
        """Our files beside segments; others of that suffix are somebody's own."""
        found = self._journal.glob(f"{'?' * 32}.{suffix}")
        return [path for path in found if _is_hex(path.stem) and path.is_file()]

    def sealed(self) -> list[Path]:
        """Sealed segments, oldest first (ids are UUIDv7); those that ended a process, or that are
        stored in pieces, go last.
        """
        with os.scandir(self._journal) as entries:
            # A link is not ours, and what it leads to even less.
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        suspects = {
            name.rpartition(".")[0] for name in names if name.endswith((".tries", ".pieces"))
        }
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
                for index, (path, decoded) in enumerate(_prefetch(waiting, ahead, self._pieces)):
                    turn = self._take(path, decoded)
                    progress |= turn in (Turn.DONE, Turn.PART)
                    self._report_backlog(waiting[index + 1 :])
                    if turn is Turn.WAIT or stop.is_set():
                        break
                if not progress:
                    last = len(BACKOFF_S) - 1
                    pause = BACKOFF_S[min(self._failures, last)] if waiting else LOOK_EVERY_S
                    stop.wait(pause)

    def drain(self) -> int:
        """Tries every sealed segment that there is now, once; how many are done with."""
        turns: list[Turn] = []
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
            if path not in self._pieces:
                self._doubtful[path] = None
            if isinstance(error, FullError):
                return Turn.SKIP
            transient = isinstance(error, OSError) or error.transient
            kind = "transient" if transient else "permanent"
            counters.add("clew_store_insert_errors_total", kind=kind)
            if transient:
                self._evidence.is_up = False
                return Turn.WAIT
            if path not in self._pieces:
                self._evidence.refused(self._refused.setdefault(path, Refusals()), str(error))
            return Turn.SKIP

    def _attempt(self, path: Path, decoded: Future[_kernel.Segment]) -> Turn:
        if pieces := self._pieces.get(path):
            return self._attempt_pieces(pieces)
        deaths = self._deaths(path)
        try:
            segment = decoded.result()
        except FileNotFoundError:
            return Turn.DONE  # somebody took it away
        except (ValueError, RuntimeError) as why:
            return self._bury_segment(path, str(why))
        if segment.id.hex() != path.stem:
            # Its rows would be looked for under one id and stored under the other.
            return self._bury_segment(path, f"the segment in it is {segment.id.hex()}: a copy?")
        if self._is_at_fault(path, deaths):
            # An insert whose answer was lost may have stored it; then that is all.
            there = self._rows_already_there(path, segment)
            if not there or there != len(segment.spans):
                return self._attempt_pieces(self._take_apart(path, segment, there))
        elif deaths >= self._limits.segment_deaths and not self._evidence.waited(
            self._limits.patience_s
        ):
            return Turn.SKIP
        try:
            with self._turn:
                self._at_hand = path, deaths
                self._mark(path, deaths, is_at_hand=True)
                self._store(path, segment)
        except (StoreError, OSError):
            self._mark(path, deaths)
            raise
        finally:
            self._at_hand = None
        self._mark(path, 0)
        self._failures = 0
        self._evidence.took()
        self._refused.pop(path, None)
        return Turn.DONE

    def _is_at_fault(self, path: Path, deaths: int) -> bool:
        """The segment and not the store; or there is nothing else to find out by."""
        found, stored = self._refused.get(path), self._evidence.stored
        # Not `proves`: what was refused in an outage is tried once more as it is.
        may_split = deaths >= self._limits.segment_deaths
        if (may_split and stored) or (found and found.proven):
            return True
        tried_enough = may_split or (found and found.tries >= self._limits.unproven)
        return bool(tried_enough) and self._is_first(path)

    def _is_first(self, path: Path) -> bool:
        """Of those that might be at fault: the only one that is taken apart without a proof."""
        marked = [mark.with_suffix(".seg") for mark in self._notes("tries")]
        apart = [one for one, pieces in self._pieces.items() if pieces.is_large()]
        return path == min(apart or [*self._refused, *marked], default=path)

    def _take_apart(self, path: Path, segment: _kernel.Segment, there: int) -> Pieces:
        self._inserter.clear(segment, there)
        self._fault("store.before_pieces")
        refusals = self._refused.pop(path, Refusals())
        pieces = Pieces.begin(path, len(segment.spans), len(segment.ledger), refusals)
        pieces.deaths = self._deaths(path)
        pieces.save()
        self._fault("store.after_pieces")
        self._pieces[path] = pieces
        self._doubtful.pop(path, None)
        self._mark(path, 0)
        counters.add("clew_store_segments_split_total")
        return pieces

    def _attempt_pieces(self, pieces: Pieces) -> Turn:
        path = pieces.segment
        before = self._evidence.stored
        try:
            if path in self._unknown:
                pieces = self._pieces[path] = self._bisect.compared(pieces)
                self._unknown.discard(path)
            turn, received_ns = self._bisect.attempt(pieces, is_first=self._is_first(path))
        except FileNotFoundError:
            if path.exists():
                raise
            turn, received_ns = Turn.DONE, None
        except (ValueError, RuntimeError) as why:
            return self._bury_segment(path, str(why))
        if self._evidence.stored > before:
            self._failures = 0
        elif turn is Turn.SKIP:
            self._failures += 1
        if turn is Turn.DONE:
            self._pieces.pop(path)
            if received_ns is not None:
                self._report_lag(received_ns)
        return turn

    def excuse(self) -> None:
        """Called before this process ends in the middle of an insert: no fault of the segment."""
        if (at_hand := self._at_hand) is not None:
            self._mark(*at_hand)
        for pieces in self._pieces.values():
            if pieces.at_hand is not None:
                pieces.mark(None)

    def _deaths(self, path: Path) -> int:
        try:
            return int(mark_of(path).read_text().removesuffix(AT_HAND) or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def _mark(self, path: Path, deaths: int, *, is_at_hand: bool = False) -> None:
        """Not synced: it has to survive this process; a power cut says nothing about a segment."""
        mark = mark_of(path)
        if is_at_hand:
            mark.write_text(f"{deaths}{AT_HAND}")
        elif deaths:
            mark.write_text(str(deaths))
        else:
            mark.unlink(missing_ok=True)

    def _store(self, path: Path, segment: _kernel.Segment) -> None:
        spans, entries = len(segment.spans), len(segment.ledger)
        stored = self._rows_already_there(path, segment)
        self._fault("store.before_insert")
        # Before the commit mark, and without spans every time: its rows are idempotent.
        if not (spans and stored == spans):
            self._inserter.ledger(pa.record_batch(segment.ledger))
        self._inserter.spans(segment, stored)
        self._fault("store.after_insert")
        for offset, reason, body in segment.dead:
            bury_record(self._letters, path, offset, reason, body)
        self._fault("store.before_delete")
        path.unlink()
        self._fault("store.after_delete")
        self._doubtful.pop(path, None)
        counters.add("clew_store_segments_total")
        counters.add("clew_store_spans_total", spans)
        counters.add("clew_store_ledger_rows_total", entries)
        self._report_lag(segment.first_received_ns)

    def _report_lag(self, first_received_ns: int) -> None:
        lag_s = max(0, self._now_ns() - first_received_ns) / 1e9
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
        """All of it, for nothing can be read; what was stored of it in pieces is said beside it."""
        described = {"segment": path.stem, "reason": reason}
        self._letters.move(path, described, Pieces.file_of(path))
        self._mark(path, 0)
        self._doubtful.pop(path, None)
        self._refused.pop(path, None)
        self._pieces.pop(path, None)
        return Turn.DONE


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
    paths: list[Path], ahead: ThreadPoolExecutor, in_pieces: Container[Path]
) -> Iterator[tuple[Path, Future[_kernel.Segment]]]:
    """Each path with its decoded segment, while the next one is being decoded: two segments in
    memory. One that is stored in pieces is decoded by those who know which.
    """
    following: Future[_kernel.Segment] | None = None

    def begin(path: Path) -> Future[_kernel.Segment]:
        if path not in in_pieces:
            return ahead.submit(_kernel.decode_segment, str(path))
        nothing: Future[_kernel.Segment] = Future()
        nothing.set_exception(FileNotFoundError(path))
        return nothing

    for index, path in enumerate(paths):
        current = following or begin(path)
        current.exception()  # waits; the result is looked at by the caller
        following = begin(paths[index + 1]) if index + 1 < len(paths) else None
        yield path, current
