"""What Clew asks of a database engine; all statements are the same on every one of them.

`embedded.py` is chDB in this process, `server.py` a ClickHouse server.
Every method raises `StoreError` and nothing else when the engine fails.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from clew.sql import Statement, load

Parameters = Mapping[str, str | int]
EngineSettings = Mapping[str, str | int]

# Bytes as bytes: values may be no UTF-8, ids are fixed-width, repeated strings come as dictionary.
OUTPUT: EngineSettings = {
    "output_format_arrow_string_as_string": 0,
    "output_format_arrow_fixed_string_as_fixed_byte_array": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 1,
    "output_format_arrow_compression_method": "none",
}


@dataclass(frozen=True)
class Guard:
    """A condition that is true while its writer may write: for statements that may run late."""

    condition: Statement
    parameters: Parameters = field(default_factory=dict)

    def load(self, name: str, **fragments: str) -> Statement:
        """The statement of this name with the condition as `may_write`."""
        return load(name, may_write=self.condition.text, **fragments)


class Engine(Protocol):
    """One connection. It serves one caller at a time; the owner sees to that."""

    def query(self, statement: Statement, parameters: Parameters) -> pa.Table:
        """All rows of the answer. Strings come as binary, dictionaries stay dictionaries."""

    def stream(self, statement: Statement, parameters: Parameters) -> Iterator[pa.Table]:
        """The rows of the answer block by block; closing the iterator cancels the query."""

    def close(self) -> None:
        """Give the connection up; closing twice is fine."""


class WritingEngine(Engine, Protocol):
    """The connection that writes. There is one a store."""

    @property
    def guard(self) -> Guard:
        """For `command`, where a statement must do nothing once another process writes."""

    def command(self, statement: Statement, parameters: Parameters) -> None:
        """Run a statement that answers nothing; back when it is done."""

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """Add the rows of the batch by column name as one block: all are durable, or none is."""

    def settle(self) -> None:
        """Back when no write is under way and none can begin late: a look can be trusted now.

        To be called before one looks what came of a write whose end nobody has seen. The table
        `meta` must exist. A transient `StoreError` when writes go on for too long.
        """
