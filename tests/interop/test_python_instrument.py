"""A real application under a real SDK, with the two variables that every guide names, and nothing
else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.server import Clew, free_ports

APP = Path(__file__).with_name("shop_app.py")
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    folder = tmp_path_factory.mktemp("interop")
    server = Clew(folder / "data", folder / "log")
    server.start()
    server.wait_ready()
    yield server
    server.stop()


def request_when_up(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "the application did not start"
            time.sleep(0.1)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("port", ["grpc", "http"])
def test_application_is_found_by_its_service_name(clew: Clew, protocol: str, port: str) -> None:
    service = f"shop-{protocol.replace('/', '-')}-{port}"
    (app_port,) = free_ports(1)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = clew.grpc if port == "grpc" else clew.http
    environ["OTEL_SERVICE_NAME"] = service
    command = [str(BIN / "opentelemetry-instrument"), sys.executable, str(APP), str(app_port)]
    if protocol != "grpc":  # the distribution's default is gRPC
        environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol
    log = clew.log.with_name(f"{service}.log")
    with log.open("wb") as out:
        app = subprocess.Popen(command, env=environ, stdout=out, stderr=out)
    try:
        request_when_up(f"http://127.0.0.1:{app_port}/items/5")
        deadline = time.monotonic() + 30  # the SDK exports every 5 s
        while "GET /items/{number}" not in (found := search(clew, service)):
            assert time.monotonic() < deadline, f"{found}\n{log.read_text()}"
            time.sleep(0.3)
    finally:
        app.terminate()
        app.wait(30)
    assert "Failed to export" not in log.read_text()
    assert "Traceback" not in log.read_text()


def search(clew: Clew, service: str) -> str:
    query = f"service.name = {service}"
    found = subprocess.run(
        [sys.executable, "-m", "clew", "search", query, "--api", clew.ui],
        capture_output=True,
        text=True,
    )
    return found.stdout + found.stderr
