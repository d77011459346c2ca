"""What is known of a segment that the store refuses: `<id>.pieces`, a file beside the segment.

From its first version on, the segment itself is never inserted again: its pieces are, each under an
id of its own that follows from its range, and each is exactly once by looking, as a segment is. The
file is replaced as a whole, and durable before a piece is tried that it did not name before.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from clew.ingest.dead import sync, write

SPANS, LEDGER = "spans", "ledger"
WAITING, STORED, DEAD = "waiting", "stored", "dead"
VERSION = 1
AT_HAND = " at hand"
_REASON = 500


def mark_of(segment: Path) -> Path:
    """`<id>.tries`: that something of the segment is being stored, and how often that was fatal."""
    return segment.with_suffix(".tries")


@dataclass(frozen=True)
class Limits:
    """When a segment or a piece is at fault, and not the store."""

    # A single span, refused this often, each time after something else was stored since the last.
    refusals: int = 3
    # A single span, at which so many processes died; a segment is taken apart after fewer.
    deaths: int = 3
    segment_deaths: int = 2
    # Without a proof that the store works only one segment at a time is taken apart, and not before
    # this refusal, and so often at most.
    unproven: int = 3
    unproven_splits: int = 8
    # After so many pieces of a segment were put aside, what is refused is put aside as it is.
    dead: int = 100
    # A process that has stored nothing tries after this time what others died at.
    patience_s: float = 60.0
    # Into how many pieces: a refusal costs an insert, a death a start of the process.
    ways_refused: int = 2
    ways_died: int = 16


@dataclass
class Refusals:
    """Of one segment or piece, in this process, and what is known from the piece that it was."""

    own: int = 0
    proven: int = (
        0  # of its own, those with something stored since the one before, and right before
    )
    tries: int = 0
    stored: int = 0  # what had been stored at the last one
    error: str = ""

    def add(self, error: str, stored: int, *, is_up: bool) -> None:
        """`is_up`: the insert before this one, of whatever, was taken. In an outage that comes and
        goes those that are tried last are refused again and again, but not right after a success.
        """
        self.proven += is_up and self.tries > 0 and stored > self.stored
        self.own += 1
        self.tries += 1
        self.stored, self.error = stored, error

    def proves(self, stored: int) -> bool:
        """Refused while the store took something else."""
        return self.proven > 0 or (self.own > 0 and stored > self.stored)

    def child(self) -> Refusals:
        return Refusals(tries=self.tries, stored=self.stored, error=self.error)


@dataclass
class Piece:
    """A range of the segment's spans, or of its ledger's rows."""

    table: str
    first: int
    count: int
    state: str = WAITING
    deaths: int = 0
    reason: str = ""
    # Known only to this process. None: the store has to be asked.
    rows: int | None = None
    refusals: Refusals = field(default_factory=Refusals)


class Pieces:
    """The file's content. Together the pieces are the segment, each row once."""

    def __init__(self, segment: Path, spans: int, ledger: int) -> None:
        self.segment = segment
        self.spans, self.ledger = spans, ledger
        self.pieces: list[Piece] = []
        self.at_hand: Piece | None = None
        # Of processes, since a piece was stored.
        self.deaths = 0
        # Splits without a proof since then, by this process.
        self.unproven = 0

    @staticmethod
    def file_of(segment: Path) -> Path:
        """`<id>.pieces`."""
        return segment.with_suffix(".pieces")

    @classmethod
    def begin(cls, segment: Path, spans: int, ledger: int, refusals: Refusals) -> Pieces:
        """One piece for each table."""
        made = cls(segment, spans, ledger)
        for table, count in ((LEDGER, ledger), (SPANS, spans)):
            if count:
                made.pieces.append(Piece(table, 0, count, rows=0, refusals=refusals.child()))
        return made

    @classmethod
    def load(cls, segment: Path) -> Pieces:
        """`FileNotFoundError`, or `ValueError` when it does not say what it has to."""
        try:
            content = json.loads(cls.file_of(segment).read_bytes())
            if content["version"] != VERSION or content["segment"] != segment.stem:
                raise ValueError("another version or segment")
            made = cls(segment, int(content["spans"]), int(content["ledger"]))
            made.pieces = [
                Piece(str(table), int(first), int(count), str(state), int(deaths), str(reason))
                for table, first, count, state, deaths, reason in content["pieces"]
            ]
            made.deaths = int(content["deaths"])
            made._check()
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{cls.file_of(segment)} cannot be read: {error!r}") from error
        return made

    def _check(self) -> None:
        for table, total in ((SPANS, self.spans), (LEDGER, self.ledger)):
            place = 0
            for piece in sorted((p for p in self.pieces if p.table == table), key=_first):
                if piece.first != place or piece.count < 1:
                    raise ValueError(f"the pieces of {self.segment.name} leave gaps or overlap")
                place += piece.count
            if place != total:
                raise ValueError(f"the pieces of {self.segment.name} are not all of it")

    def save(self) -> None:
        """Durable when it returns; a reader sees the old content or the new one."""
        content = {
            "version": VERSION,
            "segment": self.segment.stem,
            "spans": self.spans,
            "ledger": self.ledger,
            "deaths": self.deaths,
            "pieces": [
                [one.table, one.first, one.count, one.state, one.deaths, one.reason]
                for one in self.pieces
            ],
        }
        path = self.file_of(self.segment)
        following = path.with_suffix(".pieces-new")
        write(following, json.dumps(content).encode())
        following.replace(path)
        sync(path.parent)

    def id_of(self, piece: Piece) -> bytes:
        """The segment's time, so that the store keeps them together, and a hash of the range."""
        segment = bytes.fromhex(self.segment.stem)
        ranged = segment + f"{piece.first}+{piece.count}".encode()
        return segment[:8] + hashlib.blake2b(ranged, digest_size=8).digest()

    def split(self, piece: Piece, ways: int) -> None:
        """Nothing of the piece may be in the store. Durable when it returns."""
        ways = min(ways, piece.count)
        bounds = [piece.first + piece.count * n // ways for n in range(ways + 1)]
        at = self.pieces.index(piece)
        self.pieces[at : at + 1] = [
            Piece(piece.table, start, end - start, rows=0, refusals=piece.refusals.child())
            for start, end in pairwise(bounds)
        ]
        self.save()

    def mark(self, piece: Piece | None) -> None:
        """Which piece is being tried: a process that starts counts it as a death, or excuses it.

        Not synced: it has to survive this process; a power cut says nothing about a piece.
        """
        self.at_hand = piece
        mark = mark_of(self.segment)
        if piece is None:
            mark.unlink(missing_ok=True)
        else:
            mark.write_text(f"{piece.table} {piece.first} {piece.count}{AT_HAND}")

    def judge(self, piece: Piece, reason: str) -> None:
        """It will not be tried again. Durable when it returns."""
        piece.state, piece.reason = DEAD, reason[:_REASON]
        self.save()

    def settle_deaths(self, *, is_excused: bool) -> None:
        """At the start of a process."""
        mark = mark_of(self.segment)
        if not mark.exists():
            return
        named = mark.read_text(errors="replace")
        for piece in [] if is_excused else self.waiting():
            if named == f"{piece.table} {piece.first} {piece.count}{AT_HAND}":
                piece.deaths += 1
                self.deaths += 1
                self.save()
        mark.unlink()

    def waiting(self, stored: int = 0) -> list[Piece]:
        """Those never tried come first, then the smallest that something was stored after: one
        verdict after the other, and few pieces at a time.
        """

        def turn(piece: Piece) -> tuple[int, int, int]:
            if not piece.refusals.own and not piece.deaths:
                return 0, 0, piece.first
            if piece.refusals.own and stored > piece.refusals.stored:
                return 1, piece.count, piece.first
            return 2, piece.refusals.own + piece.deaths, piece.first

        return sorted((one for one in self.pieces if one.state == WAITING), key=turn)

    def is_large(self) -> bool:
        """Whether something is left that can be taken apart."""
        return any(piece.count > 1 for piece in self.waiting())

    def dead(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.state == DEAD]


def _first(piece: Piece) -> int:
    return piece.first
