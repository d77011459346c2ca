"""What Clew asks of a database engine; all statements are the same on every one of them.

`embedded.py` is chDB in this process. A ClickHouse server implements the same protocol.
Every method raises `StoreError` and nothing else when the engine fails.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

import pyarrow as pa

from clew.sql import Statement

Parameters = Mapping[str, str | int]


class Engine(Protocol):
    """One connection. It serves one caller at a time; the owner sees to that."""

    def query(self, statement: Statement, parameters: Parameters) -> pa.Table:
        """All rows of the answer. Strings come as binary, dictionaries stay dictionaries."""

    def stream(self, statement: Statement, parameters: Parameters) -> Iterator[pa.Table]:
        """The rows of the answer block by block; closing the iterator cancels the query."""

    def command(self, statement: Statement, parameters: Parameters) -> None:
        """Run a statement that answers nothing; back when it is done."""

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """Add the rows of the batch by column name as one block: all are durable, or none is."""

    def close(self) -> None:
        """Give the connection up; closing twice is fine."""
