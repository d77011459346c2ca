"""What `make demo` runs after the set-up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.flow.conftest import Run, environ_for
from tests.flow.server import Clew

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 40


def start(folder: Path, server: Clew) -> subprocess.Popen[bytes]:
    grpc, http, ui = (f"127.0.0.1:{port}" for port in server.ports)
    environ = environ_for(server)
    del environ["CLEW_API"], environ["CLEW_ENDPOINT"]
    settings = {
        "CLEW_DATA_DIR": str(server.data_dir),
        "CLEW_GRPC": grpc,
        "CLEW_HTTP": http,
        "CLEW_UI": ui,
    }
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            ["sh", str(ROOT / "tools" / "demo.sh"), "--rate", "20"],
            env={**environ, **settings},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_demo_shows_traces_and_leaves_nothing_running(tmp_path: Path, end: signal.Signals) -> None:
    server = Clew(tmp_path / "data", tmp_path / "log")  # for its ports; the script starts it
    script = start(tmp_path, server)
    try:
        server.wait_ready()
        deadline = time.monotonic() + WITHIN_S
        while '"storefront"' not in server.get("/api/v1/services")[1]:
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.1)
        assert "In another terminal:" in server.log.read_text()
    finally:
        if end is signal.SIGINT:
            os.killpg(script.pid, end)  # a terminal sends Ctrl-C to the whole group
        else:
            script.send_signal(end)
        assert script.wait(20) == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(script.pid, 0)


@pytest.mark.timeout(60)
def test_demo_does_not_start_beside_another_clew(shared_clew: Clew, tmp_path: Path) -> None:
    script = start(tmp_path, shared_clew)
    assert script.wait(30) == 1
    assert f"something answers at {shared_clew.ui} already" in (tmp_path / "log").read_text()


@pytest.mark.timeout(60)
def test_demo_ends_when_clew_cannot_start(shared_clew: Clew, tmp_path: Path) -> None:
    script = start(tmp_path, Clew(shared_clew.data_dir, tmp_path / "log"))
    assert script.wait(30) == 1
    assert "another Clew uses" in (tmp_path / "log").read_text()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_every_span_of_the_shop_is_accepted_by_either_protocol(
    run_clew: Run, protocol: str
) -> None:
    done = run_clew(
        *("demo", "--protocol", protocol, "--rate", "10", "--seed", "3"),
        *("--history", "60s", "--duration", "0.2s"),
    )
    assert done.returncode == 0, done.stderr
    summary = done.stderr.splitlines()[-1]
    found = re.fullmatch(r"\d+ traces \(.* asked for\), (\d+) spans accepted", summary)
    assert found, summary
    assert int(found[1]) > 5000


def test_unknown_broken_set_up_is_refused_with_the_known_ones(run_clew: Run) -> None:
    done = run_clew("demo", "--broken", "nonsense")
    assert done.returncode == 2
    assert "broken-traces/silent-service" in done.stderr
    assert "validate/clock-skew" in done.stderr


def test_stories_and_broken_set_ups_are_listed_without_a_server(run_clew: Run) -> None:
    assert "The canary" in run_clew("demo", "--story").stdout
    assert "span-kind/internal" in run_clew("demo", "--broken", "list").stdout
