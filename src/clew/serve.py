"""`clew serve`: settings → sockets → processes; started in order, stopped in reverse.

The supervisor holds the listening sockets, so a process that is restarted refuses no connection: it
waits in the queue. While there is no store process it answers health and metrics on the UI port
itself, and 503 for everything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import ssl
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from clew import counters
from clew.control import FINAL_STATUS, encode
from clew.headers import SAFE
from clew.pages import is_page, page_headers, plain_page
from clew.settings import Address, Settings, child_environment
from clew.tls import LOOK_EVERY_S, Files, Pem, Watch, load, read, server_context

# The first restart comes at once: SDKs give up after about 8 s. A process that never gets far is
# started ever more rarely.
BACKOFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_AFTER_S = 2.0
STOP_INTAKE_S = 4.0
STOP_STORE_S = 3.5
SAY_EVERY_S = 0.5
# Children report twice a second; one that is silent for so long hangs and is not ready.
SILENT_AFTER_S = 5.0
HUNG_AFTER_S = 30.0
MOST_UNREAD_BYTES = 1 << 20
MOST_HEALTH_REQUESTS = 64
BACKLOG = 1024


@dataclass
class Child:
    """One of the two processes, over all its restarts."""

    name: str
    module: str
    sockets: list[socket.socket]
    stop_within_s: float
    process: asyncio.subprocess.Process | None = None
    to_child: asyncio.StreamWriter | None = None
    ready: bool = False
    ready_at: float = 0.0
    state: str = ""  # in words, for /readyz
    was_ready: bool = False
    checks: dict[str, str] = field(default_factory=dict)  # what it would warn of, for /readyz
    metrics: dict[str, float] = field(default_factory=dict)
    starts: int = 0
    was_killed_from_outside: bool = False


class Supervisor:
    """Keeps the two processes alive until `stop`."""

    def __init__(
        self, settings: Settings, sockets: dict[str, socket.socket], pem: Pem | None = None
    ) -> None:
        self._settings = settings
        self._context = server_context(pem) if pem else None
        self._tls = tls_watch(settings, pem, self._present)
        self._ui = sockets["ui"]
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._store_changed = asyncio.Event()
        self._answering = 0
        # Whether requests to the UI port may come here; until they do not, nothing says "ready".
        self._alone = False
        self._started = time.monotonic()
        self.status = 0
        self.intake = Child(
            "intake", "clew.intake", [sockets["grpc"], sockets["http"]], STOP_INTAKE_S
        )
        self.store = Child("store", "clew.backend", [sockets["ui"]], STOP_STORE_S)

    def stop(self) -> None:
        self._stopping.set()
        self._changed.set()

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Until `stop` is called; the exit status."""
        children = (self.intake, self.store)
        tasks = [
            *(asyncio.create_task(self._keep(child)) for child in children),
            asyncio.create_task(self._answer_health_while_alone()),
            asyncio.create_task(self._tell_the_store(on_ready)),
            asyncio.create_task(self._watch_tls()),
        ]
        asked = asyncio.create_task(self._stopping.wait())
        ended, _ = await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in ended if task is not asked]
        self.stop()
        for child in children:  # senders first, so that the store gets what they were acknowledged
            await self._end(child)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for error in (result for result in results if isinstance(result, Exception)):
            say(f"the supervisor failed: {error!r}")
        return 1 if failed else self.status

    async def _keep(self, child: Child) -> None:
        early_deaths = 0
        while not self._stopping.is_set():
            child.ready_at = 0.0
            try:
                await self._live(child)
            except OSError as error:  # no descriptors, no memory: the next attempt may work
                say(f"{child.name} cannot be started: {error}")
            if self._stopping.is_set():
                return
            is_final = child.process is not None and child.process.returncode == FINAL_STATUS
            if is_final and not child.was_ready:
                self.status = 1  # it has said why; a new life would end the same way
                self.stop()
                return
            steady = child.ready_at and time.monotonic() - child.ready_at > STEADY_AFTER_S
            early_deaths = 0 if steady else min(early_deaths + 1, len(BACKOFF_S) - 1)
            pause = BACKOFF_S[early_deaths]
            status = child.process.returncode if child.process else None
            say(f"{child.name} ended ({_describe(status)}); it starts again in {pause:g} s")
            counters.add("clew_process_restarts_total", process=child.name)
            await asyncio.sleep(pause)

    async def _live(self, child: Child) -> None:
        """One life of a process, from its start to its end."""
        ours, theirs = socket.socketpair()
        fds = [listening.fileno() for listening in child.sockets]
        try:
            child.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                child.module,
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(), *fds),
                stdin=asyncio.subprocess.DEVNULL,
                env=child_environment(),
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=4 << 20)
        child.to_child = writer
        fault = fault_of_life(self._settings.fault, child.name, child.starts)
        child.starts += 1
        was_hung, memory_kills_before = False, memory_kills()
        hello = {
            "settings": self._settings.to_json(),
            "fds": fds,
            "parent": os.getpid(),
            "started": self._started,
            "fault": fault,
            "poison": [one for one in self._settings.fault.split(",") if one.startswith("poison.")],
            # Of the life before: no segment is blamed for what somebody else did.
            "excused": child.was_killed_from_outside,
            # Read here, so that files that are bad now do not keep a process from starting again.
            "tls": self._tls.pem.to_json() if self._tls else None,
        }
        try:
            writer.write(encode(hello))
            heard = time.monotonic()
            while True:
                try:
                    line = await asyncio.wait_for(reader.readline(), SILENT_AFTER_S)
                except TimeoutError:
                    self._set_ready(child, ready=False)
                    if time.monotonic() - heard > HUNG_AFTER_S:
                        say(f"{child.name} has been silent for {HUNG_AFTER_S:g} s and is killed")
                        child.process.kill()
                        was_hung = True
                    continue
                if not line:
                    break
                heard = time.monotonic()
                message = json.loads(line)
                child.metrics = message["metrics"]
                if self._tls and (pem := Pem.from_json(message.get("tls"))):
                    self._tls.take(pem)
                child.checks = message.get("checks", {})
                # A new life says nothing until it knows more than the one before it.
                child.state = message.get("state", "ok") or child.state
                self._set_ready(child, ready=message["ready"])
        except (ConnectionError, ValueError):
            pass  # the process died in the middle of a message; its end is what counts
        finally:
            self._set_ready(child, ready=False)
            writer.close()
            child.to_child = None
        status = await child.process.wait()
        child.was_killed_from_outside = (
            status in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)
            and not was_hung
            and memory_kills() == memory_kills_before
        )

    def _set_ready(self, child: Child, *, ready: bool) -> None:
        if child.ready != ready:
            child.ready = ready
            if ready:
                child.ready_at = time.monotonic()
                child.was_ready = True
            self._changed.set()
            if child is self.store:
                self._store_changed.set()

    def _present(self, pem: Pem) -> None:
        if self._context:
            load(self._context, pem)

    async def _watch_tls(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY_S)
            if self._tls:
                self._tls.look()

    async def _tell_the_store(self, on_ready: Callable[[], None]) -> None:
        """What the store process cannot know by itself: the intake's state and metrics, and the
        restarts.
        """
        said = False
        # Not "while True": before Python 3.12 wait_for may swallow the cancellation of a stop.
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), SAY_EVERY_S)
            self._changed.clear()
            to_store = self.store.to_child
            if to_store and to_store.transport.get_write_buffer_size() < MOST_UNREAD_BYTES:
                to_store.write(encode({"processes": self._others()}))
            if not said and self.intake.ready and self.store.ready and not self._alone:
                said = True
                on_ready()

    def _others(self) -> dict[str, Any]:
        return {
            "intake": {
                "ready": self.intake.ready,
                "state": self.intake.state,
                "checks": self.intake.checks,
                "metrics": self.intake.metrics,
            },
            "supervisor": {
                "ready": True,
                "answers": self._alone,
                "metrics": {
                    **counters.snapshot(),
                    'clew_process_up{process="intake"}': int(self.intake.ready),
                    'clew_process_up{process="store"}': int(self.store.ready),
                },
            },
        }

    async def _end(self, child: Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), child.stop_within_s)
        except TimeoutError:
            say(
                f"{child.name} did not end within {child.stop_within_s:g} s and is killed; "
                "nothing is lost by it"
            )
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _answer_health_while_alone(self) -> None:
        """Accepts on the UI port's socket only while no store process does."""
        while not self._stopping.is_set():
            if self.store.ready:
                await self._store_changed.wait()
                self._store_changed.clear()
                continue
            self._set_alone(True)
            # A copy of the descriptor: closing the server must not close the socket for the store.
            try:
                server = await asyncio.start_server(
                    self._answer,
                    sock=self._ui.dup(),
                    limit=1 << 16,
                    backlog=BACKLOG,
                    ssl=self._context,
                    ssl_handshake_timeout=5 if self._context else None,
                )
            except OSError as error:
                self._set_alone(False)
                say(f"cannot answer on the UI port: {error}")
                await asyncio.sleep(1)
                continue
            try:
                await self._store_changed.wait()
                self._store_changed.clear()
            finally:
                server.close()
                self._set_alone(False)

    def _set_alone(self, alone: bool) -> None:
        self._alone = alone
        self._changed.set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._answering += 1
        try:
            if self._answering > MOST_HEALTH_REQUESTS:
                counters.add("clew_ui_requests_refused_total")
                return
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            writer.write(self._response(*_asked(request)))
            await asyncio.wait_for(writer.drain(), 5)
        except (
            TimeoutError,
            ConnectionError,
            ssl.SSLError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            IndexError,
        ):
            counters.add("clew_ui_requests_broken_total")
        finally:
            self._answering -= 1
            writer.close()

    def _response(self, method: str, path: str, accept: str) -> bytes:
        retry, headers = "", SAFE
        if path == "/livez":
            status, kind, body = "200 OK", "application/json", '{"live":true}'
        elif path == "/metrics" and not self._settings.asks_for_key("ui"):
            status, kind = "200 OK", "text/plain; version=0.0.4; charset=utf-8"
            body = counters.render([self.intake.metrics, self._others()["supervisor"]["metrics"]])
        else:
            status, kind, retry = (
                "503 Service Unavailable",
                "application/json",
                "Retry-After: 1\r\n",
            )
            intake = self.intake.state if self.intake.ready else "starting"
            store = self.store.state if self.store.state not in ("", "ok") else "starting"
            trouble = f"the store is not ready ({store}); " + (
                "spans are accepted meanwhile" if intake == "ok" else f"the intake is {intake}"
            )
            if path == "/readyz":
                answer: dict[str, Any] = {
                    "ready": False,
                    "checks": {
                        "intake": intake,
                        "store": store,
                        "api": "starting",
                        **self.intake.checks,
                    },
                }
            else:
                answer = {
                    "error": {
                        "code": "store_unavailable",
                        "message": trouble,
                        "hint": "ask again in a second",
                    }
                }
            body = json.dumps(answer)
            if is_page(method, path, accept):
                kind, headers = "text/html; charset=utf-8", page_headers()
                body = plain_page("Clew is starting", f"{trouble}.", reload_seconds=1)
        content = body.encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
            + retry
            + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            + "Connection: close\r\n\r\n"
        )
        return head.encode() + (b"" if method == "HEAD" else content)


def _asked(request: bytes) -> tuple[str, str, str]:
    """Method, path and what is accepted; `IndexError` if it is no request."""
    lines = request.decode("latin-1").split("\r\n")
    accepted = [line[7:] for line in lines[1:] if line[:7].lower() == "accept:"]
    return lines[0].split(" ")[0], lines[0].split(" ")[1].partition("?")[0], ",".join(accepted)


def fault_of_life(setting: str, name: str, life: int) -> str:
    """Tests name several fault points; each life of a process gets the next one of its own, then
    none.
    """
    prefix = "journal." if name == "intake" else "store."
    mine = [point for point in setting.split(",") if point.startswith(prefix)]
    return mine[life] if life < len(mine) else ""


def memory_kills() -> int:
    """How many processes the kernel has killed for want of memory; 0 where it does not say."""
    try:
        figures = Path("/proc/vmstat").read_text().split()
        return int(figures[figures.index("oom_kill") + 1])
    except (OSError, ValueError):
        return 0


def tls_watch(settings: Settings, pem: Pem | None, use: Callable[[Pem], None]) -> Watch | None:
    """Of the settings' files; None without TLS. The intake's own says what it finds."""
    files = Files.of(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    return Watch(files, pem, use) if files and pem else None


def say(text: str) -> None:
    print(f"clew: {text}", file=sys.stderr, flush=True)  # noqa: T201 # the process's log


def _describe(status: int | None) -> str:
    if status is None:
        return "unknown status"
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"


def listen(address: Address, flag: str) -> socket.socket:
    """A bound, listening socket; `OSError` says which address and what to do."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise OSError(
            f"cannot listen on {address}: {error.strerror or error}; "
            f"stop what uses it, or choose another address with {flag} HOST:PORT"
        ) from None
    return listening


def lock_data_dir(folder: Path) -> TextIO:
    """Created when missing, private to the user; one Clew a folder."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "journal").mkdir(mode=0o700, exist_ok=True)
        # A link that somebody left there is not followed.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        file = os.fdopen(os.open(folder / ".lock", flags, 0o600), "w")
    except OSError as error:
        raise OSError(
            f"cannot use the data folder {folder}: {error.strerror}; choose another with --data-dir"
        ) from None
    if folder.stat().st_mode & stat.S_IWOTH:
        file.close()
        raise OSError(
            f"everybody on this machine may write into the data folder {folder}; "
            "chmod o-w it, or choose another with --data-dir"
        )
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OSError(
            f"another Clew uses {folder}; stop it, or choose another folder with --data-dir"
        ) from None
    return file


def run(settings: Settings, file: Path | None = None) -> int:
    """Runs until SIGTERM or SIGINT; the exit status. `OSError` when it cannot start.

    `file` is the settings file, if there is one.
    """
    # For this process and those it starts: what it keeps is nobody else's to read.
    os.umask(0o077)
    files = Files.of(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    try:
        pem = read(files) if files else None
    except ValueError as error:
        raise OSError(f"TLS: {error}") from None
    with lock_data_dir(settings.data_dir):
        sockets = {
            "grpc": listen(settings.grpc, "--grpc"),
            "http": listen(settings.http, "--http"),
            "ui": listen(settings.ui, "--ui"),
        }
        try:
            return asyncio.run(_supervise(settings, sockets, file, pem))
        finally:
            for listening in sockets.values():
                listening.close()


async def _supervise(
    settings: Settings, sockets: dict[str, socket.socket], file: Path | None, pem: Pem | None
) -> int:
    supervisor = Supervisor(settings, sockets, pem)
    scheme = "https" if pem else "http"
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)

    def announce() -> None:
        bound = {name: Address(*listening.getsockname()[:2]) for name, listening in sockets.items()}
        say(
            f"ready: OTLP/gRPC {'https://' if pem else ''}{bound['grpc']}, "
            f"OTLP/HTTP {scheme}://{bound['http']}, API {scheme}://{bound['ui']}"
        )
        from_file = f"; settings from {file}" if file else ""
        say(f"data in {settings.data_dir}{from_file}; Ctrl-C stops it and keeps them")

    return await supervisor.run(announce)
