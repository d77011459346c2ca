"""Clew as a black box: `clew serve` on free ports and a folder of its own."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import processes

READY_WITHIN_S = 60


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@dataclass
class Client:
    """One keep-alive connection to the UI port; reopened when the server closed it."""

    port: int
    context: ssl.SSLContext | None = None
    _connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: bytes) -> None:
        """Send one OTLP request in protobuf; RuntimeError when it is refused."""
        status, answer = self._ask("POST", path, body, {"Content-Type": "application/x-protobuf"})
        if status != 200:
            raise RuntimeError(f"{path}: HTTP {status}: {answer[:300]!r}")

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        for fresh in (False, True):
            if self._connection is None or fresh:
                self._connection = self._connect()
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()
                if fresh:
                    raise
        raise AssertionError("unreachable")

    def _connect(self) -> http.client.HTTPConnection:
        if self.context:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=30, context=self.context
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def trace(self, trace_id: str) -> int | None:
        """The number of spans, or None when the trace is unknown."""
        status, body = self.get(f"/api/v1/traces/{trace_id}")
        if status == 404:
            return None
        if status != 200:
            raise RuntimeError(f"trace {trace_id}: HTTP {status}: {body[:300]!r}")
        # The generator's spans have no links, which would have span ids of their own.
        return body.count(b'"spanId"')

    def search(self, service: str, start_s: int | None = None) -> list[dict[str, Any]]:
        """The newest 20 traces, of the last hour or since `start_s`."""
        since = "" if start_s is None else f"&start={start_s}"
        query = quote(f"service.name = {service}")
        status, body = self.get(f"/api/v1/search?q={query}{since}")
        if status != 200:
            raise RuntimeError(f"search for {service}: HTTP {status}: {body[:300]!r}")
        found: list[dict[str, Any]] = json.loads(body)["traces"]
        return found


@dataclass
class Server:
    command: list[str]
    folder: Path
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    process: subprocess.Popen[bytes] | None = None
    baseline_cores: float = 0
    options: tuple[str, ...] = ()
    context: ssl.SSLContext | None = None  # when the options say TLS

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError("the server was not started")
        return self.process.pid

    def endpoint(self, protocol: str) -> str:
        return f"127.0.0.1:{self.ports[0 if protocol == 'grpc' else 1]}"

    def client(self) -> Client:
        return Client(self.ports[2], self.context)

    def start(self) -> float:
        """Seconds until /readyz said 200."""
        grpc, http_, ui = (f"127.0.0.1:{port}" for port in self.ports)
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(*self.command, "serve", "--data-dir", str(self.data)),
                    *("--grpc", grpc, "--http", http_, "--ui", ui),
                    *self.options,
                ],
                stdout=log,
                stderr=log,
            )
        while time.monotonic() - began < READY_WITHIN_S:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"clew serve ended with {self.process.returncode}:\n{self.tail()}"
                )
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.client().get("/readyz")[0] == 200:
                    return time.monotonic() - began
            time.sleep(0.05)
        raise TimeoutError(f"clew serve was not ready within {READY_WITHIN_S} s:\n{self.tail()}")

    def measure_baseline(self, seconds: float = 4) -> None:
        """What it uses when nothing happens, so that rest can be told from work."""
        time.sleep(1)
        before = processes.cpu_s(self.pid)
        time.sleep(seconds)
        self.baseline_cores = round((processes.cpu_s(self.pid) - before) / seconds, 3)

    def drained(self) -> bool:
        """The journal holds nothing that is not stored."""
        names = [path.suffix for path in (self.data / "journal").iterdir()]
        return ".seg" not in names and ".open" not in names

    def wait_drained(self, limit_s: float) -> float | None:
        """Seconds until then; None when it took longer than `limit_s`."""
        began = time.monotonic()
        while time.monotonic() - began < limit_s:
            if self.drained():
                return round(time.monotonic() - began, 2)
            time.sleep(0.05)
        return None

    def stop(self) -> float:
        """SIGTERM, and SIGKILL to what is left after 20 s; how long the end took."""
        if self.process is None:
            return 0
        began = time.monotonic()
        children = processes.tree(self.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(20)
        self.process = None
        return round(time.monotonic() - began, 2)

    def tail(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "log").read_text(errors="replace")[-3000:]
        return ""


@contextlib.contextmanager
def running(
    command: list[str],
    parent: Path,
    options: tuple[str, ...] = (),
    context: ssl.SSLContext | None = None,
    prepare: Callable[[Path], None] = lambda _: None,
) -> Iterator[Server]:
    """A fresh server on a fresh folder below `parent`; both are gone afterwards. `prepare` gets the
    data folder before the start.
    """
    folder = Path(tempfile.mkdtemp(prefix="server-", dir=parent))
    server = Server(command, folder, options=options, context=context)
    try:
        prepare(server.data)
        server.start()
        server.measure_baseline()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
