"""Kills under load, by the same code as the tests, with more rounds; in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.generator import ROOT


def rounds(count: int, folder: Path) -> dict[str, Any]:
    """Its report; `lost_spans` and `doubled_spans` must be 0."""
    return _flow("kill_rounds", "--rounds", count, folder, timeout_s=60 + 15 * count)


def outage(seconds: int, folder: Path) -> dict[str, Any]:
    """The same for a store that is away under load, with the memory of the intake meanwhile."""
    return _flow("outage", "--seconds", seconds, folder, timeout_s=180 + 2 * seconds)


def _flow(module: str, option: str, value: int, folder: Path, *, timeout_s: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.flow.{module}", option, str(value)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        # The last line says why; a traceback would name folders of this machine on the page.
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RuntimeError(f"{module} failed: {why[:300]}") from None
    return report
