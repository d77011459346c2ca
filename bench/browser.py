"""Traces of 1 k, 10 k and 100 k spans in the real browser: `web/e2e/measure.ts`."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WITHIN_S = 1200


def traces() -> dict[str, Any]:
    """Number of spans → figures."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "measured.json")
        done = subprocess.run(
            ["npm", "--prefix", "web", "--silent", "run", "measure"],
            cwd=ROOT,
            env={**os.environ, "CLEW_PYTHON": sys.executable, "CLEW_MEASURED": str(figures)},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the browser's part failed:\n{done.stdout[-4000:]}")
        found: dict[str, Any] = json.loads(figures.read_text())
        return found
