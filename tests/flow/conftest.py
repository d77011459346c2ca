"""One server for the tests that only ask and send; those that kill start their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flow.server import Clew

BIN = Path(sys.executable).parent

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def shared_clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    """A server that is never killed, with whatever other tests have sent to it."""
    folder = tmp_path_factory.mktemp("shared")
    server = Clew(folder / "data", folder / "log")
    server.start()
    server.wait_ready()
    yield server
    server.stop()


def environ_for(server: Clew) -> dict[str, str]:
    """As a user's shell, but that `clew` is the one under test and finds this server."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CLEW_"))
    }
    return {
        **inherited,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "CLEW_API": server.ui,
        "CLEW_ENDPOINT": server.http,
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def run_clew(shared_clew: Clew) -> Run:
    """Runs the installed `clew` against the shared server."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "clew"), *arguments],
            env={**environ_for(shared_clew), **environ},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run
