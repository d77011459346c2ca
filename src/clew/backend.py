"""The store process: the engine, the ingest loop that writes to it, and the API that reads from it.

Started by the supervisor with a control channel as its only argument; the UI port's socket comes
open. It ends when it is told to (the segment at hand is finished first) or when the supervisor is
gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import fcntl
import os
import resource
import shlex
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import uvicorn

from clew import counters
from clew.admin import KeyWatch
from clew.api import LOOPBACK_HOSTS, Access, Protocol
from clew.api.app import create_app
from clew.api.health import Facts
from clew.api.status import RATED
from clew.control import FINAL_STATUS, Channel, die_with_parent
from clew.ingest import Ingest
from clew.ingest.faults import Poisoned, arm
from clew.settings import Settings
from clew.store import Store, StoreError, UnusableError
from clew.store.removals import Limits
from clew.store.retention import Retention
from clew.tls import LOOK_EVERY_S, Files, Pem, Watch, load, server_context

REPORT_EVERY_S = 0.5
STOP_WITHIN_S = 2.0
# Under load the intake goes first: what it acknowledged can wait in the journal, senders cannot.
NICENESS = 10


class Server(uvicorn.Server):
    """uvicorn without its signal handlers, which end the process before the ingest loop ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Processes:
    """What this process knows about all of them; the API's health and metrics come from here."""

    def __init__(self, settings: Settings, started_s: float, store: Store, keys: KeyWatch) -> None:
        self._settings = settings
        self._store = store
        self._keys = keys
        self._started_s = started_s
        self._others: dict[str, dict[str, Any]] = {}
        self._rates = counters.Rates()

    def update(self, message: dict[str, Any]) -> None:
        self._others = message.get("processes", {})
        self._rates.look(time.monotonic(), self._rated())

    def ready(self) -> tuple[bool, dict[str, str]]:
        """Ready when the ports, the API and the store are open and spans are taken; this code runs
        only if API and store are. A server of the store may be away all the same, and the
        supervisor may still take some of the requests, which it answers with 503.
        """
        store = self._store.trouble or "ok"
        supervisor = self._others.get("supervisor", {})
        api = "ok" if supervisor.get("answers") is False else "starting"
        intake = self._others.get("intake", {})
        state = str(intake.get("state")) if intake.get("ready") else "starting"
        checks = {"intake": state, "store": store, "api": api, **intake.get("checks", {})}
        if self._settings.require_keys and checks.get("keys", "ok") == "ok":
            trouble = self._keys.trouble or self.no_key()
            checks["keys"] = f"warning: {trouble}" if trouble else "ok"
        return state == store == api == "ok", checks

    def no_key(self) -> str:
        """What to do when a key is asked for and nobody can have one; else nothing."""
        if not self._settings.require_keys or self._keys.trouble or self._keys.keys.any_works():
            return ""
        folder = shlex.quote(str(self._settings.data_dir))
        return (
            "keys are asked for and there is none that works; make one with "
            f"clew keys create NAME --scope ingest --data-dir {folder}"
        )

    def facts(self) -> Facts:
        figures = counters.snapshot()
        for other in self._others.values():
            figures |= other.get("metrics", {})
        now_s = time.monotonic()
        rates = self._rates.per_second(now_s, self._rated())
        return Facts(self._settings, now_s - self._started_s, figures, rates)

    def _rated(self) -> dict[str, float]:
        figures = self._others.get("intake", {}).get("metrics", {})
        return {name: counters.total(figures, metric) for name, metric in RATED.items()}

    def metrics_text(self) -> str:
        return counters.render(
            [counters.snapshot(), *(other.get("metrics", {}) for other in self._others.values())]
        )


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


def raise_descriptor_limit() -> None:
    """The engine opens a file for every column of every part that it merges."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def die_at_once() -> None:
    """After a crash, with the Python stack in the log. The engine's own handlers wait half a minute
    for a thread that only its server has.
    """
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT):
        signal.signal(number, signal.SIG_DFL)
    faulthandler.enable(all_threads=False)


def run(channel: Channel) -> int:
    """Serves until it is told to stop; the exit status."""
    first = channel.receive(10)
    if first is None:
        raise TimeoutError("the supervisor sent no settings within 10 s")
    die_with_parent(first["parent"])
    # Ctrl-C reaches the whole group; the supervisor decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    raise_descriptor_limit()
    settings = Settings.from_json(first["settings"])
    locked = lock(settings.data_dir)
    with Opening(channel) as opening:
        try:
            store = Store.open(
                settings.data_dir / "store",
                memory_bytes=settings.store_memory_bytes,
                url=settings.store,
                reserve_bytes=settings.disk_reserve_bytes,
                report=opening.say,
            )
        except UnusableError as error:
            opening.say(str(error))
            return FINAL_STATUS
        except StoreError as error:
            opening.say(str(error))
            return 1
    die_at_once()
    report_detached_parts(store)
    stop = threading.Event()
    turn = threading.Lock()
    ingest = Ingest(
        settings.data_dir / "journal",
        Poisoned.of(store, first["poison"]),
        fault=arm(first["fault"]),
        turn=turn,
        is_excused=first["excused"],
    )
    writer = Loop("ingest", ingest, stop)
    writer.start()
    cleaner = Loop("retention", retention(store, settings, turn), stop)
    cleaner.start()
    keys = KeyWatch(settings.data_dir, log)
    keys.start()
    processes = Processes(settings, first["started"], store, keys)
    if no_key := processes.no_key():
        log(no_key)
    server = api_server(store, processes, keys, settings)
    tls = present_tls(server, settings, Pem.from_json(first["tls"]))
    reporter = threading.Thread(
        target=report,
        args=(server, processes, channel, store, (writer, cleaner)),
        name="report",
        daemon=True,
    )
    try:
        asyncio.run(_serve(server, socket.socket(fileno=first["fds"][0]), stop, reporter, tls))
    finally:
        stop.set()
        keys.stop()
        writer.join(STOP_WITHIN_S)
        cleaner.join(STOP_WITHIN_S)
    if writer.is_alive() or cleaner.is_alive():
        # What is at hand takes longer than a stop may; the next start looks what came of it.
        ingest.excuse()
        os._exit(0)
    store.close()
    locked.close()
    return int(writer.failed or cleaner.failed)


class Opening(threading.Thread):
    """Says twice a second what the store does until it is open: an upgrade may take an hour."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(name="opening", daemon=True)
        self._channel = channel
        self._state = ""
        self._ended = threading.Event()

    def say(self, state: str) -> None:
        """For the log, and for /readyz until something else is said."""
        log(f"store: {state}")
        self._state = state

    def run(self) -> None:
        # A supervisor that is gone takes this process with it.
        with contextlib.suppress(OSError):
            while not self._ended.wait(REPORT_EVERY_S):
                self._send()
            self._send()

    def _send(self) -> None:
        self._channel.send({"ready": False, "state": self._state, "metrics": counters.snapshot()})

    def __enter__(self) -> Opening:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.join()


def retention(store: Store, settings: Settings, turn: threading.Lock) -> Retention:
    """Removing from a server makes no room in the data folder: it is not asked how full that is."""
    limits = Limits(
        settings.retention_days,
        settings.store_max_bytes,
        settings.retention_free_bytes,
        settings.disk_reserve_bytes,
    )
    return Retention(
        store,
        limits,
        free_bytes=None
        if settings.store
        else lambda: shutil.disk_usage(settings.data_dir / "store").free,
        turn=turn,
        log=log,
    )


class Loop(threading.Thread):
    """Work until `stop`. A loop that ended by itself ends the process: it must not look healthy."""

    def __init__(self, name: str, work: Ingest | Retention, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._stop_asked = stop
        self.failed = False

    def run(self) -> None:
        self.failed = True
        self._work.run(self._stop_asked)
        self.failed = False


def api_server(store: Store, processes: Processes, keys: KeyWatch, settings: Settings) -> Server:
    bound = settings.ui
    access = Access(
        keys,
        asks=settings.asks_for_key("ui"),
        # Who may make a key may do everything: others than this machine never without one.
        guards=settings.require_keys or not bound.is_loopback,
    )
    # Without keys, a web page whose name resolves to loopback could read every trace.
    hosts = LOOPBACK_HOSTS | {bound.host} if bound.is_loopback else None
    return Server(
        uvicorn.Config(
            create_app(store.reader(), processes, access, allowed_hosts=hosts),
            # Its warnings are of clients: any stranger could fill the log with them.
            log_level="error",
            access_log=False,
            lifespan="off",
            http=Protocol,
            server_header=False,
            limit_concurrency=256,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=1,
            backlog=1024,
        )
    )


def present_tls(server: Server, settings: Settings, pem: Pem | None) -> Watch | None:
    """Makes the API speak TLS; None without. What is wrong with new files, the intake says."""
    files = Files.of(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    if files is None or pem is None:
        return None
    context = server_context(pem)
    server.config.load()
    server.config.ssl = context
    return Watch(files, pem, lambda new: load(context, new))


async def _serve(
    server: Server,
    listening: socket.socket,
    stop: threading.Event,
    reporter: threading.Thread,
    tls: Watch | None,
) -> None:
    def end() -> None:
        stop.set()
        server.should_exit = True

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    reporter.start()

    async def look() -> None:
        while tls:
            # In the loop's own thread, which shakes hands: OpenSSL's contexts are not locked.
            tls.look()
            await asyncio.sleep(LOOK_EVERY_S)

    looking = asyncio.create_task(look())
    await server.serve(sockets=[listening])
    looking.cancel()


def report(
    server: Server,
    processes: Processes,
    channel: Channel,
    store: Store,
    loops: Iterable[Loop],
) -> None:
    """Tells the supervisor and listens to it, in a thread of its own because the channel blocks."""
    while all(loop.is_alive() for loop in loops) and not server.should_exit:
        try:
            channel.send({"ready": server.started, "metrics": counters.snapshot()})
            message = channel.receive(REPORT_EVERY_S if server.started else 0.05)
        except (EOFError, OSError):
            break
        if message is not None:
            processes.update(message)
        store.look()
    server.should_exit = True


def log(text: str) -> None:
    print(f"clew: {text}", file=sys.stderr, flush=True)  # noqa: T201 # the process's log


def report_detached_parts(store: Store) -> None:
    """The engine puts a part that it cannot read aside without a word; no answer has its rows."""
    for part in store.detached_parts():
        counters.add("clew_store_detached_parts")
        log(
            f"store: table {part.table} has lost part {part.name} ({part.bytes_on_disk} bytes, "
            f"{part.reason}): its spans are in no answer; it lies in `detached` of the store"
        )


def main() -> int:
    return run(Channel(int(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
