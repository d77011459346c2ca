"""DATA/admin.sqlite: opened, made when it is missing, and distrusted when something happened to it.

One connection for each object, used by one thread at a time. A commit is on disk when it returns.
Whatever keeps the file from being used is a `KeysError`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool

from clew.admin.tables import SCHEMA, metadata

FILE = "admin.sqlite"
# How long a write of another process is waited for.
BUSY_S = 5.0


class KeysError(Exception):
    """The keys cannot be read or written now: why, and what to do."""


class Database:
    """The file, open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._own = 0
        self._trouble = ""
        self._create_file()
        with self._explained():
            self._engine = self._open()
            self._facts = self._look_at_file()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One moment's state of all tables."""
        with self._lock, self._explained(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self, *, counts: bool = True) -> Iterator[Connection]:
        """A transaction that nobody else writes beside; `counts`: `version` is another after it."""
        with self._lock, self._explained():
            with self._writing(self._engine) as connection:
                yield connection
            if counts:
                self._own += 1
                # It is on disk already, in the log beside the file; in the file itself whoever
                # copies that alone has it too. A reader in the way only delays this.
                with contextlib.suppress(sqlite3.Error):
                    self._raw.execute("pragma wal_checkpoint(passive)")

    def version(self) -> int:
        """Another number once somebody changed something, in this process or another."""
        with self._lock, self._explained():
            self._distrust()
            number: int = self._raw.execute("pragma data_version").fetchone()[0]
            return (self._own << 32) + number

    def close(self) -> None:
        with self._lock:
            self._engine.dispose()

    def _create_file(self) -> None:
        try:
            # SQLite gives its other files the rights of this one.
            file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            if os.geteuid() == 0:
                # An administrator makes the first key for a server that runs as somebody else.
                owner = os.stat(self.path.parent)
                os.fchown(file, owner.st_uid, owner.st_gid)
            os.close(file)
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except FileExistsError:
            pass
        except OSError as error:
            raise KeysError(
                f"cannot make {self.path}: {error.strerror}; "
                "is this Clew's data folder, and may you write there?"
            ) from None

    def _open(self) -> Engine:
        self._raw = raw = self._connect()
        engine = create_engine(
            "sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True
        )
        event.listen(engine, "begin", _begin)
        try:
            with self._writing(engine) as connection:
                self._prepare(connection)
        except BaseException:
            engine.dispose()
            raise
        return engine

    @staticmethod
    @contextlib.contextmanager
    def _writing(engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=BUSY_S,
            isolation_level=None,  # transactions are begun by `_begin`
            check_same_thread=False,  # the lock keeps threads apart
        )
        try:
            # Changing this mode does not wait for others that change it at the same time.
            deadline = time.monotonic() + BUSY_S
            while True:
                try:
                    connection.execute("pragma journal_mode = wal")
                    break
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
            connection.execute("pragma synchronous = full")
            connection.execute("pragma foreign_keys = on")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection) -> None:
        found: int = connection.exec_driver_sql("pragma user_version").scalar_one()
        if found > SCHEMA:
            raise KeysError(
                f"{self.path} was written by a newer Clew (form {found}, this one knows {SCHEMA}); "
                "run that one, or put back a copy from before"
            )
        if found < SCHEMA:
            metadata.create_all(connection)
            connection.exec_driver_sql(f"pragma user_version = {SCHEMA}")

    def _distrust(self) -> None:
        """SQLite does not look again at what it has read: what is behind its back is seen here."""
        facts = self._look_at_file()
        if facts != self._facts:
            if facts[:2] != self._facts[:2]:
                raise KeysError(
                    f"{self.path} was replaced while Clew runs; start Clew again to use the new one"
                )
            was_in_trouble, self._trouble = self._trouble, self._check()
            self._facts = facts
            if was_in_trouble and not self._trouble:
                self._engine.dispose()
                self._engine = self._open()
                self._own += 1
        if self._trouble:
            raise KeysError(self._trouble)

    def _look_at_file(self) -> tuple[int, ...]:
        try:
            seen = os.stat(self.path)
        except OSError as error:
            raise KeysError(f"{self.path}: {error.strerror}; put back a copy of it") from None
        return seen.st_dev, seen.st_ino, seen.st_mtime_ns, seen.st_size

    def _check(self) -> str:
        """What is wrong with the file, read anew; empty when all is well."""
        try:
            with contextlib.closing(self._connect()) as connection:
                found = connection.execute("pragma quick_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            found = str(error)
        return "" if found == "ok" else self._unusable(found)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # about what was to be written; who writes knows what it means
        except (DBAPIError, sqlite3.Error) as error:
            said = error.orig if isinstance(error, DBAPIError) else error
            raise KeysError(self._unusable(str(said))) from None

    def _unusable(self, why: str) -> str:
        # SQLite's messages may quote what it found.
        why = " ".join(why.split())[:200]
        if "locked" in why or "busy" in why:
            return f"{self.path} is being written by another process ({why}); try again"
        if "readonly" in why or "unable to open" in why:
            return f"{self.path} cannot be written ({why}); may you write in that folder?"
        if "full" in why or "I/O" in why:
            return f"{self.path} cannot be used ({why}); look at the disk"
        return (
            f"{self.path} is damaged ({why}); stop Clew and put back a copy of it, or move it "
            f"away together with {FILE}-wal and {FILE}-shm and create new keys"
        )


def _begin(connection: Connection) -> None:
    # Whoever reads before writing must be the only writer from the start, or it may have to fail.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("begin immediate" if writes else "begin")
