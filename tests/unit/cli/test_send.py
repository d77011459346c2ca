"""What `clew send` says, and when."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from clew.cli.options import DEFAULT_API, api_option


class Receiver(http.server.BaseHTTPRequestHandler):
    """Accepts everything, and has no API."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_id_and_answer_are_said_before_the_wait_for_a_search(receiver: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "clew", "send", "--wait"),
            *("--endpoint", receiver, "--api", "127.0.0.1:1"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert len(done.stdout) == 33
    said = done.stderr.splitlines()
    assert said[0] == f"http://{receiver}/v1/traces accepted 4 of 4 spans"
    assert "cannot reach Clew's API" in said[1]


def test_command_that_is_shown_keeps_the_address() -> None:
    assert api_option(DEFAULT_API) == ""
    assert api_option("http://h:1/a b") == " --api 'http://h:1/a b'"
