"""The kernel alone on one core: its own example prints `name spans_per_s mb_per_s` lines."""

import subprocess
from typing import Any

from bench.generator import ROOT


def speed() -> dict[str, Any]:
    done = subprocess.run(
        [
            *("cargo", "run", "--release", "--quiet"),
            *("--package", "clew-kernel", "--example", "kernel_speed"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    if done.returncode != 0:
        raise RuntimeError(f"kernel_speed failed: {done.stderr.strip()[-500:]}")
    rows = {}
    for line in done.stdout.splitlines():
        fields = line.split("\t")
        if len(fields) == 3:
            name, spans_per_s, mb_per_s = fields
            rows[name] = {"spans_per_s": float(spans_per_s), "mb_per_s": float(mb_per_s)}
    return rows
