"""The supervisor's promises, on the real processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build import request, span
from tests.flow.server import Clew


@pytest.fixture
def clew(tmp_path: Path) -> Iterator[Clew]:
    server = Clew(tmp_path / "data", tmp_path / "log")
    server.start()
    server.wait_ready()
    yield server
    assert server.process is not None
    if server.process.poll() is None:
        server.stop()


def post(clew: Clew, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", clew.ports[1], timeout=10)
    try:
        connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
        return connection.getresponse().status
    finally:
        connection.close()


def body(n: int) -> bytes:
    return request(span(trace_id=n.to_bytes(16, "big"))).SerializeToString()


def wait_until_found(clew: Clew, trace_id: bytes) -> None:
    deadline = time.monotonic() + 30
    while clew.get(f"/api/v1/traces/{trace_id.hex()}")[0] != 200:
        assert time.monotonic() < deadline, clew.log.read_text()
        time.sleep(0.05)


def test_intake_goes_on_while_the_store_is_down_and_the_ui_port_answers(clew: Clew) -> None:
    store = clew.children()["store"]
    os.kill(store, signal.SIGSTOP)  # down without an end: the supervisor cannot start another one
    try:
        for n in range(1, 50):
            assert post(clew, body(n)) == 200
    finally:
        os.kill(store, signal.SIGKILL)
    assert post(clew, body(50)) == 200
    status, text = clew.get("/livez")
    assert status == 200, text
    clew.wait_ready()
    wait_until_found(clew, (50).to_bytes(16, "big"))
    assert clew.metric("clew_process_restarts_total") == 1


def test_sigterm_ends_all_processes_within_eight_seconds_with_the_journal_sealed(
    clew: Clew,
) -> None:
    assert post(clew, body(1)) == 200
    children = clew.children()
    assert clew.process is not None
    assert {os.getpgid(pid) for pid in children.values()} == {os.getpgid(clew.process.pid)}
    took = clew.stop()
    assert clew.process.returncode == 0
    assert took < 8
    assert not any(Path(f"/proc/{pid}").exists() for pid in children.values())
    assert not list((clew.data_dir / "journal").glob("*.open"))


def test_children_die_with_a_killed_supervisor(clew: Clew) -> None:
    children = clew.children()
    assert set(children) == {"intake", "store"}
    assert clew.process is not None
    clew.process.kill()
    clew.process.wait(5)
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in children.values()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_second_server_on_the_same_folder_is_refused_with_one_line(clew: Clew) -> None:
    second = subprocess.run(
        [
            sys.executable,
            "-m",
            "clew",
            "serve",
            "--data-dir",
            str(clew.data_dir),
            "--grpc",
            "127.0.0.1:0",
        ],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert second.returncode == 1
    assert str(clew.data_dir) in second.stderr
    assert "--data-dir" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


def test_taken_port_is_refused_with_the_address_and_the_flag(clew: Clew, tmp_path: Path) -> None:
    second = subprocess.run(
        [
            *(sys.executable, "-m", "clew", "serve", "--data-dir", str(tmp_path / "other")),
            *("--grpc", f"127.0.0.1:{clew.ports[0]}"),
        ],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert second.returncode == 1
    assert f"127.0.0.1:{clew.ports[0]}" in second.stderr
    assert "--grpc" in second.stderr


def test_folder_with_foreign_files_is_used_and_they_stay(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "journal").mkdir(parents=True)
    foreign = [data / "notes.txt", data / "journal" / "notes.seg"]
    for path in foreign:
        path.write_text("mine")
    server = Clew(data, tmp_path / "log")
    server.start()
    server.wait_ready()
    server.stop()
    assert [path.read_text() for path in foreign] == ["mine", "mine"]


def test_metrics_count_what_was_accepted_and_stored(clew: Clew) -> None:
    assert post(clew, body(7)) == 200
    wait_until_found(clew, (7).to_bytes(16, "big"))
    deadline = time.monotonic() + 10
    while (
        clew.metric("clew_store_spans_total") < 1 or clew.metric("clew_journal_records_total") < 1
    ):
        assert time.monotonic() < deadline, clew.get("/metrics")[1]
        time.sleep(0.1)
    status, text = clew.get("/readyz")
    assert status == 200
    assert json.loads(text)


def test_hung_store_is_not_ready_and_the_supervisor_answers_for_it(clew: Clew) -> None:
    store = clew.children()["store"]
    os.kill(store, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + 25
        while (status := ready_status(clew)) != 503:
            assert time.monotonic() < deadline, status
            time.sleep(0.2)
        assert post(clew, body(9)) == 200
    finally:
        os.kill(store, signal.SIGCONT)
    clew.wait_ready()
    wait_until_found(clew, (9).to_bytes(16, "big"))


def ready_status(clew: Clew) -> int | None:
    """None: no answer, as while the hung process still holds what it accepted."""
    try:
        return clew.get("/readyz")[0]
    except (OSError, http.client.HTTPException):
        return None


def test_stop_while_both_processes_are_down_ends_the_supervisor(clew: Clew) -> None:
    for pid in clew.children().values():
        os.kill(pid, signal.SIGKILL)
    assert clew.stop() < 8


def test_newer_schema_ends_the_server_with_one_sentence(clew: Clew) -> None:
    clew.stop()
    newer = "insert into meta values ('schema_version', '99', 99)"
    program = "import sys; from chdb.state import connect; connect(sys.argv[1]).query(sys.argv[2])"
    subprocess.run([sys.executable, "-c", program, str(clew.data_dir / "store"), newer], check=True)
    clew.log.write_text("")
    clew.start()
    assert clew.process is not None
    assert clew.process.wait(20) == 1
    lines = [line for line in clew.log.read_text().splitlines() if "schema" in line]
    assert len(lines) == 1, clew.log.read_text()
    assert "99" in lines[0]
    assert "Traceback" not in clew.log.read_text()


def test_processes_end_by_themselves_when_the_server_is_stopped(clew: Clew) -> None:
    assert post(clew, body(3)) == 200
    clew.stop()
    log = clew.log.read_text()
    assert "killed" not in log
    assert "ended (" not in log
