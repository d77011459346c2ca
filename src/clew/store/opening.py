"""Local or server: the one place that decides which engine keeps the spans."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from clew.settings import ServerAddress
from clew.store.embedded import Embedded, server_settings
from clew.store.engine import Engine, EngineSettings, WritingEngine
from clew.store.upgrade import Room


class Place(Protocol):
    """Where a store is; makes its connections."""

    @property
    def trouble(self) -> str | None:
        """Why the engine cannot be reached now; None when nothing is known against it."""

    def prepare(self) -> None:
        """Make ready what the connections need."""

    def writer(self) -> WritingEngine:
        """The connection that writes."""

    def reader(self, settings: EngineSettings) -> Engine:
        """A connection with these settings, for reading."""

    def room(self, reserve_bytes: int) -> Room:
        """Tells how many bytes may still be written here; None when the disk is not ours."""

    def look(self) -> None:
        """Find out whether `trouble` is over, or has begun; takes at most two seconds."""


class Folder:
    """The engine in this process, its data in a folder."""

    trouble = None

    def __init__(self, path: Path, memory_bytes: int) -> None:
        self._path = path
        self._settings = server_settings(memory_bytes)

    def __str__(self) -> str:
        return str(self._path)

    def prepare(self) -> None:
        """See `Place`."""
        self._path.mkdir(parents=True, exist_ok=True)

    def writer(self) -> Embedded:
        """See `Place`."""
        return Embedded(self._path, self._settings)

    def reader(self, settings: EngineSettings) -> Embedded:
        """See `Place`."""
        return Embedded(self._path, {**self._settings, **settings})

    def room(self, reserve_bytes: int) -> Room:
        """See `Place`."""
        return lambda: shutil.disk_usage(self._path).free - reserve_bytes

    def look(self) -> None:
        """See `Place`. What is in this process is reached."""


def place(path: Path, memory_bytes: int, url: str) -> Place:
    """The server that `url` names, or the folder `path` when it is empty."""
    if not url:
        return Folder(path, memory_bytes)
    # Who keeps spans in a folder does not load a client for servers, and the other way round.
    from clew.store.server import Server

    return Server(ServerAddress.parse(url, "--store"))
