"""What an interrupted export leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.cli.test_search import trace

NOW_NS = 1_795_348_800 * 10**9
WITHIN_S = 30


@contextmanager
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """Its search finds one trace; who asks for that waits until the end, and the event is set."""
    asked, end = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/api/v1/traces/"):
                asked.set()
                end.wait()
                return
            body = json.dumps(
                {
                    "traces": [trace(NOW_NS)],
                    "nextCursor": None,
                    "covered": {"endTimeUnixNano": str(NOW_NS)},
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            end.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=lambda one: str(one)
)
def test_interrupted_export_ends_at_once_and_leaves_no_file(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("old")
    with silent_server() as (url, asked):
        command = [sys.executable, "-m", "clew", "export", "-o", str(tmp_path / "kept")]
        process = subprocess.Popen([*command, "--api", url], stderr=subprocess.PIPE)
        assert asked.wait(WITHIN_S)
        assert any(name.endswith(".part") for name in os.listdir(tmp_path))
        process.send_signal(number)
        _, said = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, said) == (status, b"")
    assert os.listdir(tmp_path) == ["kept"]
    assert (tmp_path / "kept").read_text() == "old"
