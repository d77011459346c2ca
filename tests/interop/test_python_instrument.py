"""A real application under a real SDK, with the two variables that every guide names, and no more.

Each protocol is sent to each port: four applications run at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flow.server import Clew, free_ports

APP = Path(__file__).with_name("shop_app.py")
BIN = Path(sys.executable).parent


@dataclass
class App:
    """One application under `opentelemetry-instrument`."""

    service: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, service: str, endpoint: str, protocol: str) -> App:
        environ = {name: value for name, value in os.environ.items() if "OTEL_" not in name}
        environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        environ["OTEL_SERVICE_NAME"] = service
        if protocol != "grpc":  # what the distribution sends by itself
            environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol
        (port,) = free_ports(1)
        log = folder / f"{service}.log"
        command = [str(BIN / "opentelemetry-instrument"), sys.executable, str(APP), str(port)]
        with log.open("wb") as out:
            return cls(
                service, port, log, subprocess.Popen(command, env=environ, stdout=out, stderr=out)
            )

    def answer_one_request(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/items/5", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    folder = tmp_path_factory.mktemp("interop")
    server = Clew(folder / "data", folder / "log")
    server.start()
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def apps(clew: Clew) -> Iterator[dict[str, App]]:
    started = {
        f"{protocol} to {port}": App.start(
            clew.log.parent, f"shop-{protocol.replace('/', '-')}-{port}", endpoint, protocol
        )
        for protocol in ("grpc", "http/protobuf")
        for port, endpoint in (("4317", clew.grpc), ("4318", clew.http))
    }
    for app in started.values():
        app.answer_one_request()
    yield started
    for app in started.values():
        app.process.terminate()
    for app in started.values():
        app.process.wait(30)


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    "way", ["grpc to 4317", "grpc to 4318", "http/protobuf to 4317", "http/protobuf to 4318"]
)
def test_application_is_found_by_its_service_name(
    clew: Clew, apps: dict[str, App], way: str
) -> None:
    app = apps[way]
    deadline = time.monotonic() + 30  # the SDK exports every 5 s
    while "GET /items/{number}" not in (found := search(clew, app.service)):
        assert time.monotonic() < deadline, f"{found}\n{app.log.read_text()}"
        time.sleep(0.3)
    assert "Failed to export" not in app.log.read_text()
    assert "Traceback" not in app.log.read_text()


def search(clew: Clew, service: str) -> str:
    query = f"service.name = {service}"
    found = subprocess.run(
        [sys.executable, "-m", "clew", "search", query, "--api", clew.ui],
        capture_output=True,
        text=True,
    )
    return found.stdout + found.stderr
