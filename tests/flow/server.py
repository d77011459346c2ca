"""The real server as a black box: started as a user starts it, on free ports and a folder of its
own.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

READY_WITHIN_S = 30
DRAINED_WITHIN_S = 60
MODULES = {"intake": "clew.intake", "store": "clew.backend"}


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@dataclass
class Clew:
    """The real server on a folder; may be started again after its end."""

    data_dir: Path
    log: Path
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()
    context: ssl.SSLContext | None = None  # when the options say TLS
    key: str = ""  # that reads, when the options ask for keys

    def start(self, fault: str = "") -> None:
        grpc, http_, ui = (f"127.0.0.1:{port}" for port in self.ports)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "clew", "serve", "--data-dir", str(self.data_dir)),
                    *("--grpc", grpc, "--http", http_, "--ui", ui),
                    *self.options,
                ],
                stdout=log,
                stderr=log,
                env={**os.environ, "CLEW_FAULT": fault},
            )

    def children(self) -> dict[str, int]:
        """Role → pid of the processes that live now."""
        assert self.process is not None
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, IndexError):
                if int(path.read_text().rpartition(")")[2].split()[1]) != self.process.pid:
                    continue
                command = (path.parent / "cmdline").read_bytes().split(b"\0")
                for role, module in MODULES.items():
                    if module.encode() in command:
                        found[role] = int(path.parent.name)
        return found

    def get(self, path: str) -> tuple[int, str]:
        with contextlib.closing(
            http.client.HTTPSConnection("127.0.0.1", self.ports[2], timeout=5, context=self.context)
            if self.context
            else http.client.HTTPConnection("127.0.0.1", self.ports[2], timeout=5)
        ) as connection:
            connection.request("GET", path, headers={"kf-api-key": self.key} if self.key else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def metric(self, name: str) -> float:
        """The sum over all samples of this name; nan when the server does not answer."""
        try:
            _, text = self.get("/metrics")
        except (OSError, http.client.HTTPException):
            return float("nan")
        lines = (
            line for line in text.splitlines() if line.partition(" ")[0].partition("{")[0] == name
        )
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def wait_ready(self) -> float:
        """Seconds until /readyz answers 200; `TimeoutError` after 30."""
        began = time.monotonic()
        while time.monotonic() - began < READY_WITHIN_S:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/readyz")[0] == 200:
                    return time.monotonic() - began
            time.sleep(0.02)
        raise TimeoutError(f"not ready within {READY_WITHIN_S} s:\n{self.log.read_text()[-4000:]}")

    def wait_drained(self) -> None:
        """Until the journal holds nothing."""
        deadline = time.monotonic() + DRAINED_WITHIN_S
        while time.monotonic() < deadline:
            names = [path.suffix for path in (self.data_dir / "journal").iterdir()]
            if ".open" not in names and ".seg" not in names:
                return
            time.sleep(0.05)
        raise TimeoutError(f"the journal was not stored within {DRAINED_WITHIN_S} s")

    @property
    def scheme(self) -> str:
        return "https" if self.context else "http"

    @property
    def grpc(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.ports[0]}"

    @property
    def http(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.ports[1]}"

    @property
    def ui(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.ports[2]}"

    def stop(self) -> float:
        """SIGTERM; how long the end took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        return time.monotonic() - began
