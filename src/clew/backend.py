"""The store process: the engine, the ingest loop that writes to it, and the API that reads from it.

Started by the supervisor with a control channel as its only argument; the UI port's socket comes
open. It ends when it is told to (the segment at hand is finished first) or when the supervisor is
gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

import uvicorn

from clew import counters
from clew.api.app import create_app
from clew.control import Channel, die_with_parent
from clew.ingest import FAULT_POINTS, Ingest
from clew.settings import Settings
from clew.store import Store

REPORT_EVERY_S = 0.5
STOP_WITHIN_S = 3.0
# Under load the intake goes first: what is acknowledged can wait in the journal, senders cannot.
NICENESS = 10


class Processes:
    """What this process knows about all of them; the API's health and metrics come from here."""

    def __init__(self) -> None:
        self._others: dict[str, dict[str, Any]] = {}

    def update(self, message: dict[str, Any]) -> None:
        self._others = message.get("processes", {})

    def ready(self) -> tuple[bool, dict[str, str]]:
        """Ready when the ports, the API and the store are open; this code runs only if the last two
        are.
        """
        intake = bool(self._others.get("intake", {}).get("ready"))
        return intake, {"intake": "ok" if intake else "starting", "store": "ok", "api": "ok"}

    def metrics_text(self) -> str:
        return counters.render(
            [counters.snapshot(), *(other.get("metrics", {}) for other in self._others.values())]
        )


def arm(setting: str) -> Any:
    """A function that kills this process when it is called with the point `NAME@N` for the n-th
    time.
    """
    name, _, nth = setting.partition("@")
    if not setting:
        return lambda point: None
    if name not in FAULT_POINTS:
        raise ValueError(f"unknown fault point {name!r}; the points are {', '.join(FAULT_POINTS)}")
    left = int(nth or 1)

    def fault(point: str) -> None:
        nonlocal left
        if point == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return fault


def lock(data_dir: Path) -> TextIO:
    """Held while the process lives: one engine a folder, or the engine itself would fail less
    clearly.
    """
    file = (data_dir / "store.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit(f"clew: another process uses the store in {data_dir}") from None
    return file


def run(channel: Channel) -> int:
    """Serves until it is told to stop; the exit status."""
    first = channel.receive(10)
    if first is None:
        raise TimeoutError("the supervisor sent no settings within 10 s")
    die_with_parent(first["parent"])
    os.nice(NICENESS)
    settings = Settings.from_json(first["settings"])
    locked = lock(settings.data_dir)
    store = Store.open(settings.data_dir / "store", memory_bytes=settings.store_memory_bytes)
    report_detached_parts(store)
    stop = threading.Event()
    ingest = Ingest(settings.data_dir / "journal", store, fault=arm(first["fault"]))
    failed: list[BaseException] = []
    writer = threading.Thread(target=_until_failure, args=(ingest, stop, failed), name="ingest")
    writer.start()
    processes = Processes()
    try:
        asyncio.run(
            _serve(store, processes, channel, socket.socket(fileno=first["fds"][0]), writer)
        )
    finally:
        stop.set()
        writer.join(STOP_WITHIN_S)
    if writer.is_alive():
        # The insert at hand takes longer than a stop may: what it leaves is looked at by the next
        # start.
        os._exit(0)
    store.close()
    locked.close()
    return 1 if failed else 0


def _until_failure(ingest: Ingest, stop: threading.Event, failed: list[BaseException]) -> None:
    try:
        ingest.run(stop)
    except BaseException as error:
        failed.append(error)
        raise


async def _serve(
    store: Store,
    processes: Processes,
    channel: Channel,
    listening: socket.socket,
    writer: threading.Thread,
) -> None:
    app = create_app(store.reader(), processes)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            limit_concurrency=256,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=2,
        )
    )
    loop = asyncio.get_running_loop()
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the supervisor decides

    def report() -> None:
        """Tells and listens; runs beside the loop because the channel blocks."""
        while not server.should_exit:
            try:
                channel.send({"ready": server.started, "metrics": counters.snapshot()})
                message = channel.receive(REPORT_EVERY_S if server.started else 0.05)
            except (EOFError, OSError):
                break
            if message is not None:
                processes.update(message)
            if not writer.is_alive():
                break  # a loop that cannot write must not look healthy
        loop.call_soon_threadsafe(setattr, server, "should_exit", True)

    reporter = threading.Thread(target=report, name="report", daemon=True)
    reporter.start()
    await server.serve(sockets=[listening])


def report_detached_parts(store: Store) -> None:
    """The engine puts a part that it cannot read aside without a word; its rows are in no answer
    then.
    """
    for part in store.detached_parts():
        counters.add("clew_store_detached_parts")
        text = (
            f"clew: store: table {part.table} has lost part {part.name} ({part.bytes_on_disk} "
            f"bytes, {part.reason}): its spans are in no answer; it lies in `detached` of the store"
        )
        print(text, file=sys.stderr)  # noqa: T201 # the process's log


def main() -> int:
    return run(Channel(int(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
