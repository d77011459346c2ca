"""The Rust kernel. Arrow objects cross by the PyCapsule interface: `pa.record_batch(batch)`."""

from os import PathLike
from typing import Any, final

__all__ = [
    "Batch",
    "Intake",
    "Segment",
    "TableSchema",
    "admit",
    "any_value_json",
    "attribute_index_schema",
    "check_tls",
    "decode_request",
    "decode_segment",
    "fault_points",
    "ledger_schema",
    "limits",
    "segment_request",
    "spans_schema",
    "trace_ranges_schema",
]

@final
class Batch:
    """A record batch of one table; pyarrow takes it without a copy."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]: ...
    def __len__(self) -> int: ...

@final
class TableSchema:
    """The columns of one table, in the order of its batches."""

    def __arrow_c_schema__(self) -> Any: ...

@final
class Segment:
    """A sealed segment of the journal, decoded."""

    @property
    def id(self) -> bytes:
        """UUIDv7, 16 bytes."""
    @property
    def receive_day(self) -> int:
        """Days since 1970-01-01, UTC."""
    @property
    def spans(self) -> Batch: ...
    @property
    def trace_ranges(self) -> Batch: ...
    @property
    def attribute_index(self) -> Batch: ...
    @property
    def ledger(self) -> Batch: ...
    @property
    def span_count(self) -> int: ...
    @property
    def record_count(self) -> int: ...
    @property
    def first_received_ns(self) -> int:
        """Unix time of the oldest record."""
    @property
    def dead(self) -> list[tuple[int, str, bytes]]:
        """What cannot be stored: offset in the file, why, the bytes."""

@final
class Intake:
    """The listeners and the journal of this process."""

    def __new__(cls, config: dict[str, Any]) -> Intake:
        """Serves at once. OSError: the journal cannot be opened; ValueError: bad configuration."""
    def failed(self) -> bool:
        """True when the disk failed: nothing is acknowledged until a new process starts."""
    def replace_tls(self, certificate: bytes, key: bytes, client_ca: bytes | None = None) -> None:
        """For new connections. ValueError: it cannot be used, and nothing changed."""
    def set_keys(
        self, keys: list[tuple[bytes, bytes, int, int, int, int]] | None, trusted: bool
    ) -> None:
        """What is known from now on: (SHA-256, id of 16 bytes, scopes, expires, revoked, spans a
        second) of each; times in Unix seconds, 0 means none. None: the keys cannot be read.
        Untrusted: the list may be old. ValueError: a hash or id has another length.
        """
    def keys_used(self) -> dict[bytes, int]:
        """Key id → Unix seconds of its last use, for those used since the last call."""
    def stop(self, within_s: float) -> None:
        """Ends requests in flight, for at most `within_s`, then seals the journal."""
    def counters(self) -> dict[str, int]:
        """Prometheus sample name → value."""

def decode_segment(
    path: str | PathLike[str], piece: tuple[bytes, int, int] | None = None
) -> Segment:
    """OSError: the file cannot be read; ValueError: it is no segment of this version.

    With `piece`, (id, first span, spans), only these spans, and as if they were a segment of that
    id; the ledger is whole.
    """

def segment_request(path: str | PathLike[str], first: int, count: int) -> bytes:
    """Spans of a segment as one OTLP request; errors as of `decode_segment`."""

def admit(
    body: bytes,
    encoding: str,
    max_attributes: int | None = None,
    max_value_bytes: int | None = None,
) -> tuple[bytes, int, int, str | None]:
    """(protobuf to keep, accepted, rejected, message). ValueError: the body is undecodable."""

def decode_request(body: bytes) -> tuple[Batch, Batch, Batch]:
    """Rows of one admitted request, (spans, trace ranges, attribute index), with zeros for segment
    and day.
    """

def any_value_json(value: bytes) -> str:
    """One AnyValue message as OTLP JSON."""

def spans_schema() -> TableSchema: ...
def trace_ranges_schema() -> TableSchema: ...
def attribute_index_schema() -> TableSchema: ...
def ledger_schema() -> TableSchema: ...
def check_tls(certificate: bytes, key: bytes, client_ca: bytes | None = None) -> None:
    """ValueError: the ports could not present this."""

def limits() -> dict[str, int]:
    """Name → the bound, or the default of the setting; sizes in bytes, times in seconds."""

def fault_points() -> list[str]:
    """Names that the setting `fault` may carry."""
