"""Faults of disk and process on the real server; docs/reference/faults.md lists all."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build import request, span
from tests.flow.kill_rounds import SPANS_A_REQUEST, senders, stored_spans
from tests.flow.server import Clew
from tests.flow.test_supervision import body, post, wait_until_found

SLOW_DISK = Path(__file__).with_name("slow_disk.c")


@pytest.fixture
def clew(tmp_path: Path) -> Iterator[Clew]:
    server = Clew(tmp_path / "data", tmp_path / "log")
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def ask(data_dir: Path, statement: str) -> str:
    """The store's answer, in a process of its own; the server must be stopped."""
    program = (
        "import sys; from chdb.state import connect;"
        "print(connect(sys.argv[1]).query(sys.argv[2], 'TSV'))"
    )
    run = [sys.executable, "-c", program, str(data_dir / "store"), statement]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def expect_once(stored: Counter[bytes], owed: list[bytes]) -> None:
    assert len(owed) > 50
    assert {trace: stored[trace] for trace in owed} == dict.fromkeys(owed, SPANS_A_REQUEST)


def test_sigterm_under_load_ends_in_time_and_keeps_all_that_was_acknowledged(clew: Clew) -> None:
    clew.start()
    clew.wait_ready()
    with senders(clew.ports[1], 5) as running:
        time.sleep(2)
        took = clew.stop()
        assert clew.process is not None
        status = clew.process.returncode
        clew.start()  # the senders go on until they are answered
        clew.wait_ready()
    assert (status, took < 8) == (0, True)
    clew.wait_drained()
    clew.stop()
    expect_once(stored_spans(clew.data_dir), [one for s in running for one in s.acknowledged])
    assert "Traceback" not in clew.log.read_text()


def test_part_with_a_file_cut_to_nothing_is_said_and_the_rest_is_served(clew: Clew) -> None:
    clew.start()
    clew.wait_ready()
    for n in (1, 2):
        assert post(clew, body(n)) == 200
        wait_until_found(clew, n.to_bytes(16, "big"))
    clew.stop()
    text = (
        "select path from system.parts where active and table = 'spans' order by min_block_number"
    )
    parts = ask(clew.data_dir, text).split()
    assert len(parts) == 2
    (Path(parts[0]) / "columns.txt").write_bytes(b"")
    clew.start()
    clew.wait_ready()
    assert clew.metric("clew_store_detached_parts") == 1
    assert "its spans are in no answer" in clew.log.read_text()
    assert clew.get(f"/api/v1/traces/{2:032x}")[0] == 200
    assert post(clew, body(3)) == 200
    wait_until_found(clew, (3).to_bytes(16, "big"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """4 MiB for the journal."""
    folder = tmp_path / "data" / "journal"
    folder.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True
    )
    if made.returncode:
        pytest.skip(f"mounting a small disk needs root: {made.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk_refuses_what_does_not_fit_and_takes_again_when_there_is_room(
    small_disk: Path, clew: Clew, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A segment is closed by a record at its end, so nothing at all must not be left.
    monkeypatch.setenv("CLEW_DISK_RESERVE_BYTES", "1MiB")
    monkeypatch.setenv("CLEW_RETENTION_FREE_BYTES", "0")
    clew.start()
    clew.wait_ready()
    assert post(clew, body(1)) == 200
    wait_until_found(clew, (1).to_bytes(16, "big"))
    store = clew.children()["store"]
    os.kill(store, signal.SIGSTOP)
    taken = []
    try:
        deadline = time.monotonic() + 30
        for n in range(2, 500):
            large = span(trace_id=n.to_bytes(16, "big"), attrs={"noise": os.urandom(50_000).hex()})
            status = post(clew, request(large).SerializeToString())
            if status != 200:
                break
            taken.append(n)
            assert time.monotonic() < deadline
        assert status == 503
    finally:
        os.kill(store, signal.SIGCONT)
    assert len(taken) > 5
    clew.wait_ready()
    assert clew.get(f"/api/v1/traces/{1:032x}")[0] == 200, "a full disk must not stop reads"
    deadline = time.monotonic() + 30
    while post(clew, body(1000)) != 200:
        assert time.monotonic() < deadline, clew.log.read_text()
        time.sleep(0.1)
    clew.wait_drained()
    for n in (*taken, 1000):
        wait_until_found(clew, n.to_bytes(16, "big"))
    clew.stop()
    assert "Traceback" not in clew.log.read_text()


@pytest.fixture
def faulty_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is written to this file is what the disk does from now on."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a disk that fails needs a C compiler")
    library = tmp_path / "slow_disk.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(SLOW_DISK), "-ldl"]
    subprocess.run(command, check=True)
    said = tmp_path / "disk"
    said.write_text("0")
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("FAULTY_DISK", str(said))
    return said


def test_slow_syncs_are_shared_by_those_who_wait(faulty_disk: Path, clew: Clew) -> None:
    clew.start()
    clew.wait_ready()
    faulty_disk.write_text("1000")
    statuses: list[int] = []

    def one(n: int) -> None:
        statuses.append(post(clew, body(n)))

    began = time.monotonic()
    threads = [threading.Thread(target=one, args=(n,)) for n in range(1, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    faulty_disk.write_text("0")
    assert statuses == [200] * 20
    assert 1 <= took < 8, "twenty requests wait for a few syncs, not for twenty"
    clew.wait_drained()
    for n in range(1, 21):
        wait_until_found(clew, n.to_bytes(16, "big"))


def test_failed_sync_acknowledges_nothing_and_ends_the_intake(
    faulty_disk: Path, clew: Clew
) -> None:
    clew.start()
    clew.wait_ready()
    assert post(clew, body(1)) == 200
    wait_until_found(clew, (1).to_bytes(16, "big"))
    faulty_disk.write_text("EIO")
    answered = []
    for n in range(2, 6):
        with contextlib.suppress(OSError, http.client.HTTPException):
            answered.append(post(clew, body(n)))
    assert answered, "it says so, where it can"
    assert set(answered) == {503}
    deadline = time.monotonic() + 20
    while "the disk failed" not in clew.log.read_text():
        assert time.monotonic() < deadline, clew.log.read_text()
        time.sleep(0.05)
    faulty_disk.write_text("0")
    clew.wait_ready()
    assert post(clew, body(7)) == 200
    wait_until_found(clew, (7).to_bytes(16, "big"))


def test_copy_made_while_it_runs_holds_all_that_was_acknowledged_before(
    clew: Clew, tmp_path: Path
) -> None:
    copy = Clew(tmp_path / "copy", tmp_path / "copy-log")
    clew.start()
    clew.wait_ready()
    with senders(clew.ports[1], 9) as running:
        time.sleep(3)
        owed = [trace for sender in running for trace in list(sender.acknowledged)]
        copy.data_dir.mkdir(mode=0o700)
        # The journal first: what is stored meanwhile is in both, and looked up.
        for folder in ("journal", "store"):
            command = ["cp", "-a", str(clew.data_dir / folder), str(copy.data_dir / folder)]
            # A file that goes away while it is being copied is none that is missed.
            subprocess.run(command, check=False, capture_output=True)
    copy.start()
    copy.wait_ready()
    copy.wait_drained()
    copy.stop()
    expect_once(stored_spans(copy.data_dir), owed)
    assert json.loads(clew.get("/readyz")[1])


def test_folder_that_cannot_be_made_is_named_at_once() -> None:
    began = time.monotonic()
    command = [sys.executable, "-m", "clew", "serve", "--data-dir", "/proc/clew/data"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert refused.returncode == 1
    assert "/proc/clew/data" in refused.stderr
    assert "--data-dir" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert time.monotonic() - began < 5
