"""Retention and disk pressure through the real processes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests import build
from tests.flow.server import Clew

MIB = 1 << 20
SPANS = 4_000


def request(number: int) -> ExportTraceServiceRequest:
    """About 1 MiB on disk, because no codec shortens noise; `number` is the trace's id."""
    trace_id = number.to_bytes(16, "big")
    noise = number.to_bytes(4, "big")
    spans = [
        build.span(
            span_id=n + 1,
            trace_id=trace_id,
            start_ns=time.time_ns(),
            attrs={"noise": _noise(noise + n.to_bytes(4, "big"))},
        )
        for n in range(SPANS)
    ]
    return build.request(*spans)


def _noise(seed: bytes) -> str:
    return hashlib.shake_128(seed).hexdigest(256)


def post(clew: Clew, number: int) -> int:
    asked = urllib.request.Request(
        f"{clew.http}/v1/traces",
        request(number).SerializeToString(),
        {"content-type": "application/x-protobuf"},
    )
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def wait_until(is_so: Callable[[], bool], clew: Clew) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError):
            if is_so():
                return
        assert time.monotonic() < deadline, clew.log.read_text()[-3_000:]
        time.sleep(0.1)


def status(clew: Clew) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "clew", "status", "--api", clew.ui],
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout


@pytest.fixture
def clew(tmp_path: Path) -> Iterator[Clew]:
    server = Clew(tmp_path / "data", tmp_path / "log")
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file of the server."""
    path = tmp_path / "clew.toml"
    path.write_text("")
    monkeypatch.setenv("CLEW_CONFIG", str(path))
    return path


def test_store_above_its_cap_loses_the_oldest_and_says_so(clew: Clew, file: Path) -> None:
    clew.start()
    clew.wait_ready()
    for number in (1, 2):
        assert post(clew, number) == 200
        clew.wait_drained()
    assert status(clew)[0] == 0
    clew.stop()
    file.write_text("store_max_bytes = '1MiB'\n")
    clew.start()
    clew.wait_ready()
    wait_until(lambda: clew.metric("clew_store_removed_spans_total") >= SPANS, clew)
    # Right after a start the supervisor may still answer, with 503.
    wait_until(lambda: clew.get(f"/api/v1/traces/{1:032x}")[0] == 404, clew)
    wait_until(lambda: clew.get(f"/api/v1/traces/{2:032x}")[0] == 200, clew)
    _, said = status(clew)
    assert "spans by size" in said
    log = clew.log.read_text()
    assert f"settings from {file}" in log
    assert "retention: removed a part of" in log


def test_disk_below_its_reserve_is_said_everywhere(clew: Clew, file: Path) -> None:
    file.write_text("disk_reserve_bytes = '1000TiB'\nretention_free_bytes = 0\n")
    clew.start()
    wait_until(lambda: "refusing" in clew.get("/readyz")[1], clew)
    code, text = clew.get("/readyz")
    assert code == 503
    assert "GiB free on the disk, reserve 1000.0 TiB" in json.loads(text)["checks"]["intake"]
    assert post(clew, 1) == 503
    wait_until(lambda: clew.metric("clew_intake_spans_refused_total") == SPANS, clew)
    wait_until(lambda: "disk_reserve 4,000" in status(clew)[1], clew)
    code, said = status(clew)
    assert code == 1
    assert "is not ready" in said
    assert "reserve 1000.0 TiB" in said
    assert "clew: intake: refusing" in clew.log.read_text()
