"""chDB: the ClickHouse engine inside this process. The only module that knows chDB.

One process per directory; connections to the same directory share one engine, whose server
settings (memory, caches, background threads) are those of the first connection.
A connection serialises its callers, several connections run in parallel without the GIL.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from clew.sql import Statement, load
from clew.store.engine import OUTPUT, EngineSettings, Guard, Parameters
from clew.store.errors import StoreError, UnusableError, classify

_MIB = 1 << 20

# Values of parameters are read like a field of a TSV file: these characters end or escape it.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})

# A query may use all its threads: by default it gets one for each free GiB, in our budget just one.
_ALWAYS: EngineSettings = {"max_threads_min_free_memory_per_thread": 0}


def server_settings(memory_bytes: int) -> EngineSettings:
    """Limits of the engine as a whole: without them it takes 90 % of RAM and 10 GiB of caches."""
    cache = min(memory_bytes // 16, 256 * _MIB)
    return {
        "max_server_memory_usage": memory_bytes,
        "mark_cache_size": cache,
        "primary_index_cache_size": cache,
        "index_mark_cache_size": cache // 4,
        "uncompressed_cache_size": 0,
        "index_uncompressed_cache_size": 0,
        "query_condition_cache_size": cache // 8,
        "compiled_expression_cache_size": 8 * _MIB,
        "text_index_tokens_cache_size": cache // 8,
        "text_index_header_cache_size": cache // 8,
        "text_index_postings_cache_size": cache // 8,
        # Caches of functions that Clew does not use.
        "vector_similarity_index_cache_size": 0,
        "parquet_metadata_cache_size": 0,
        "iceberg_metadata_files_cache_size": 0,
        # Two merges at once: more would compete with the insert for two cores.
        "background_pool_size": 2,
        "background_merges_mutations_concurrency_ratio": 1,
    }


class Embedded:
    """One connection to the engine in this process; satisfies `WritingEngine`."""

    def __init__(self, path: Path, settings: EngineSettings) -> None:
        text = str(path)
        if any(character in text for character in "?&=%"):
            raise UnusableError(
                f"the store cannot lie in {text!r}: a character of ?&=% is in its path"
            )
        own = {**OUTPUT, **_ALWAYS, **settings}
        options = "&".join(f"{name}={value}" for name, value in own.items())
        self._path, self._address = text, f"{text}?{options}"
        self._connection = self._connect()

    @property
    def guard(self) -> Guard:
        """See `WritingEngine`."""
        return Guard(load("store/part/in_process"))

    def query(self, statement: Statement, parameters: Parameters) -> pa.Table:
        """See `Engine`."""
        data = self._run(statement, parameters, "ArrowStream").bytes()
        return pa.ipc.open_stream(data).read_all() if data else pa.table({})

    def stream(self, statement: Statement, parameters: Parameters) -> Iterator[pa.Table]:
        """See `Engine`."""
        try:
            blocks = self._connection.send_query(
                statement.text, "Arrow", _bind(statement, parameters)
            )
        except RuntimeError as error:
            raise classify(str(error)) from error
        try:
            while (block := _fetch(blocks)) is not None:
                yield pa.ipc.open_file(block.bytes()).read_all()
        finally:
            blocks.cancel()

    def command(self, statement: Statement, parameters: Parameters) -> None:
        """See `WritingEngine`."""
        self._run(statement, parameters, "Null")

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """See `WritingEngine`. The engine finds `batch` by its name in this frame."""
        columns = ",\n    ".join(batch.schema.names)
        rows = load("store/part/rows_in_process", columns=columns).text
        statement = load("store/insert", table=table, columns=columns, rows=rows)
        try:
            self._connection.query(statement.text, "Null")
        except RuntimeError as error:
            raise classify(str(error)) from error

    def settle(self) -> None:
        """See `WritingEngine`. A write in this process ends before the call that began it."""

    def close(self) -> None:
        """See `Engine`."""
        self._connection.close()

    def _run(self, statement: Statement, parameters: Parameters, form: str) -> Any:
        try:
            return self._connection.query(statement.text, form, _bind(statement, parameters))
        except RuntimeError as error:
            # What a query had written when it failed, the next one on its connection answers with.
            self._connection.close()
            self._connection = self._connect()
            raise classify(str(error)) from error

    def _connect(self) -> Any:
        # Loads a library of half a gigabyte: only who opens a store pays for it.
        from chdb.state import connect

        try:
            return connect(self._address)
        except RuntimeError as error:
            raise StoreError(
                f"cannot open the store in {self._path}: {error}. Is another process using it?"
            ) from error


def _bind(statement: Statement, parameters: Parameters) -> dict[str, str | int]:
    statement.check(parameters)
    return {
        name: value.translate(_ESCAPES) if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def _fetch(blocks: Any) -> Any:
    try:
        return blocks.fetch()
    except RuntimeError as error:
        raise classify(str(error)) from error
