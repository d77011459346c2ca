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
    done = subprocess.run(
        [sys.executable, "-m", "tests.flow.kill_rounds", "--rounds", str(count)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60 + 15 * count,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"the kill rounds failed: {done.stderr.strip()[-1000:]}") from None
    return report
