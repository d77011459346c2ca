"""A segment in pieces: what the store takes of it is stored, what it refuses for good is halved.

A piece is tried, and while it is refused it waits until something else was stored: then it is at
fault, not the store, and is split. So an outage condemns nothing. One span that is refused again
and again, or at which processes die, is put aside with its reason.
"""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa

from clew import _kernel, counters
from clew.ingest.dead import DeadLetters, sync
from clew.ingest.insert import Inserter
from clew.ingest.pieces import LEDGER, SPANS, STORED, Limits, Piece, Pieces, Refusals
from clew.store.errors import StoreError


class Turn(Enum):
    """How an attempt at a segment ended."""

    DONE = "stored, or put aside for good"
    PART = "some of it is"
    SKIP = "refused: others may go before it"
    WAIT = "nothing can be stored now"


@dataclass
class Evidence:
    """That the store works: how much this process has stored, and since when it tries."""

    stored: int = 0
    is_up: bool = False
    began_s: float = field(default_factory=time.monotonic)

    def took(self) -> None:
        self.stored += 1
        self.is_up = True

    def refused(self, refusals: Refusals, error: str) -> None:
        refusals.add(error, self.stored, is_up=self.is_up)
        self.is_up = False

    def waited(self, patience_s: float) -> bool:
        return time.monotonic() - self.began_s > patience_s


@dataclass
class Bisect:
    """Works on segments that have a file of pieces."""

    inserter: Inserter
    evidence: Evidence
    limits: Limits
    letters: DeadLetters
    turn: AbstractContextManager[Any]

    def attempt(self, pieces: Pieces, *, is_first: bool) -> tuple[Turn, int | None]:
        """Up to the first refusal, so that others have their turn; when all is done, with the time
        at which the first record of the segment was received.

        `is_first`: this segment may be taken apart without a proof that the store works.
        """
        if (
            pieces.deaths >= self.limits.deaths
            and not self.evidence.stored
            and not self.evidence.waited(self.limits.patience_s)
        ):
            return Turn.SKIP, None
        progress = False
        while left := pieces.waiting(self.evidence.stored):
            moved = refused = False
            for piece in left:
                before = piece.refusals.own
                moved = self._try(pieces, piece, is_first=is_first)
                refused = piece.refusals.own > before
                if moved or refused:
                    break
            progress |= moved
            if refused or not moved:
                return (Turn.PART if progress else Turn.SKIP), None
        return Turn.DONE, self._finish(pieces)

    def _try(self, pieces: Pieces, piece: Piece, *, is_first: bool) -> bool:
        """Whether the piece is stored, split or put aside now."""
        if piece.table == SPANS and piece.rows is None:
            self._look(pieces)
            if piece.state == STORED:
                return True
        if verdict := self._verdict(piece):
            is_proven = self._is_proven(piece)
            is_tried_out = is_proven or (is_first and pieces.unproven < self.limits.unproven_splits)
            is_small = piece.count == 1 or len(pieces.dead()) >= self.limits.dead
            if is_tried_out and not is_small:
                self._split(pieces, piece, is_proven=is_proven)
                return True
            if is_proven and is_small and self._is_certain(piece):
                self._put_aside(pieces, piece, verdict)
                return True
            if piece.deaths and not self.evidence.waited(self.limits.patience_s):
                return False  # nothing shows that it would not end this process as well
        return self._insert(pieces, piece)

    def _split(self, pieces: Pieces, piece: Piece, *, is_proven: bool) -> None:
        self._clear(pieces, piece)
        pieces.unproven += not is_proven
        self.inserter.fault("store.before_split")
        pieces.split(piece, self.limits.ways_died if piece.deaths else self.limits.ways_refused)
        self.inserter.fault("store.after_split")

    def _put_aside(self, pieces: Pieces, piece: Piece, verdict: str) -> None:
        self._clear(pieces, piece)
        self.inserter.fault("store.before_dead")
        pieces.judge(piece, verdict)
        self.inserter.fault("store.after_verdict")
        self._bury(pieces, piece)
        self.inserter.fault("store.after_dead")

    def _clear(self, pieces: Pieces, piece: Piece) -> None:
        if piece.rows:
            self.inserter.clear(_decode(pieces, piece), piece.rows)
            piece.rows = 0

    def _verdict(self, piece: Piece) -> str:
        """Why the piece is split, or put aside if it is a single span; empty: it is tried."""
        found, limits = piece.refusals, self.limits
        if piece.deaths >= (1 if piece.count > 1 else limits.deaths):
            return f"{piece.deaths} processes died while they stored it"
        if piece.count > 1:
            is_due = found.own > 0 and (
                found.proves(self.evidence.stored) or found.tries >= limits.unproven
            )
        else:
            is_due = self._is_certain(piece)
        return f"the store refused it {found.tries} times: {found.error}" if is_due else ""

    def _is_certain(self, piece: Piece) -> bool:
        """Refused or fatal so often that it is put aside when it cannot be split."""
        return piece.refusals.proven >= self.limits.refusals or piece.deaths >= self.limits.deaths

    def _is_proven(self, piece: Piece) -> bool:
        if piece.deaths:
            return self.evidence.stored > 0
        return piece.refusals.proves(self.evidence.stored)

    def _insert(self, pieces: Pieces, piece: Piece) -> bool:
        there = piece.rows or 0
        segment = _decode(pieces, piece)
        pieces.mark(piece)
        piece.rows = None
        try:
            with self.turn:
                self.inserter.fault("store.before_insert")
                if piece.table == LEDGER:
                    self.inserter.ledger(_rows(segment, piece))
                else:
                    self.inserter.spans(segment, there)
                self.inserter.fault("store.after_insert")
        except StoreError as error:
            pieces.mark(None)
            if error.transient:
                raise
            counters.add("clew_store_insert_errors_total", kind="permanent")
            self.evidence.refused(piece.refusals, str(error))
            return False
        except OSError:
            pieces.mark(None)
            raise
        self._stored(pieces, piece)
        return True

    def _stored(self, pieces: Pieces, piece: Piece) -> None:
        """Not saved: a process that does not know it looks, and finds it."""
        piece.state = STORED
        pieces.deaths = pieces.unproven = 0
        pieces.mark(None)
        self.evidence.took()
        if piece.table == SPANS:
            counters.add("clew_store_spans_total", piece.count)
        else:
            counters.add("clew_store_ledger_rows_total", piece.count)

    def _look(self, pieces: Pieces) -> None:
        asked = [one for one in pieces.waiting() if one.table == SPANS and one.rows is None]
        found = self.inserter.tables.stored_rows([pieces.id_of(one) for one in asked])
        for one in asked:
            one.rows = found.get(pieces.id_of(one), {}).get("spans", 0)
            if one.rows == one.count:
                one.state = STORED
                pieces.deaths = 0
                counters.add("clew_store_spans_total", one.count)
        if any(one.state == STORED for one in asked):
            pieces.save()

    def _bury(self, pieces: Pieces, piece: Piece) -> None:
        segment = _decode(pieces, piece)
        name = f"{pieces.segment.stem}-{piece.table}-{piece.first:07d}"
        described: dict[str, object] = {
            "segment": pieces.segment.stem,
            "first": piece.first,
            "count": piece.count,
            "reason": piece.reason,
        }
        if piece.table == LEDGER:
            rows = [json.dumps(row, default=_text) for row in _rows(segment, piece).to_pylist()]
            self.letters.put(name, "ledger", "\n".join(rows).encode(), described)
            return
        spans = pa.record_batch(segment.spans).slice(0, 1).to_pylist()[0]
        described |= {key: _text(spans[key]) for key in ("service", "name", "trace_id", "span_id")}
        request = _kernel.segment_request(pieces.segment, piece.first, piece.count)
        self.letters.put(name, "span", request, described)

    def _finish(self, pieces: Pieces) -> int:
        """The segment's file goes before the file of pieces: without that it would be stored again,
        whole.
        """
        for piece in pieces.dead():
            self._bury(pieces, piece)  # again: a kill may have come before the first time
        segment = _kernel.decode_segment(pieces.segment, (bytes(16), 0, 0))
        for offset, reason, body in segment.dead:
            bury_record(self.letters, pieces.segment, offset, reason, body)
        self.inserter.fault("store.before_delete")
        pieces.segment.unlink()
        sync(pieces.segment.parent)
        self.inserter.fault("store.after_segment")
        Pieces.file_of(pieces.segment).unlink()
        pieces.segment.with_suffix(".pieces-new").unlink(missing_ok=True)
        self.inserter.fault("store.after_delete")
        counters.add("clew_store_segments_total")
        return segment.first_received_ns

    def compared(self, pieces: Pieces) -> Pieces:
        """For a file that an earlier process wrote. Where that numbered the spans differently, as
        another version may, what it stored is taken out again and all begins anew.
        """
        whole = _kernel.decode_segment(pieces.segment)
        spans, ledger = len(whole.spans), len(whole.ledger)
        if (spans, ledger) == (pieces.spans, pieces.ledger):
            return pieces
        for piece in pieces.pieces:
            if piece.table == SPANS:
                day = whole.receive_day
                self.inserter.tables.delete_segment(pieces.id_of(piece), day, "spans")
        fresh = Pieces.begin(pieces.segment, spans, ledger, Refusals())
        fresh.save()
        return fresh


def bury_record(letters: DeadLetters, segment: Path, offset: int, reason: str, body: bytes) -> None:
    """A record that cannot be decoded."""
    described = {"segment": segment.stem, "offset": offset, "reason": reason}
    letters.put(f"{segment.stem}-{offset:010d}", "record", body, described)


def _decode(pieces: Pieces, piece: Piece) -> _kernel.Segment:
    first, count = (piece.first, piece.count) if piece.table == SPANS else (0, 0)
    segment = _kernel.decode_segment(pieces.segment, (pieces.id_of(piece), first, count))
    found = len(segment.spans)
    if found != count:
        raise RuntimeError(f"{pieces.segment.name} has {found} of {count} spans from {first} on")
    return segment


def _rows(segment: _kernel.Segment, piece: Piece) -> pa.RecordBatch:
    """A copy: the engine is given no batch that begins in the middle of another."""
    wanted = pa.array(range(piece.first, piece.first + piece.count))
    return pa.record_batch(segment.ledger).take(wanted)


def _text(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else str(value)
