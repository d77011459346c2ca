"""Where the figures were measured: processor, memory, kernel, and how fast the disk syncs."""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.generator import ROOT


def describe(folder: Path) -> dict[str, Any]:
    return {
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cpu_mhz": _field("/proc/cpuinfo", "cpu MHz"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average_before": os.getloadavg()[0],
        "fdatasync_ms": {"64 KiB": sync_ms(folder, 1 << 16), "1 MiB": sync_ms(folder, 1 << 20)},
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "command": " ".join([*_environment(), "python -m bench", *sys.argv[1:]]),
    }


def sync_ms(folder: Path, size: int, rounds: int = 100) -> dict[str, float]:
    """Appending `size` bytes and fdatasync, as the journal does."""
    block = os.urandom(size)
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(rounds):
            began = time.perf_counter()
            os.write(file.fileno(), block)
            os.fdatasync(file.fileno())
            times.append(1e3 * (time.perf_counter() - began))
    return quantiles(times)


def quantiles(values: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest, by nearest rank."""
    ordered = sorted(values)
    at = {f"p{q}": ordered[min(len(ordered) - 1, len(ordered) * q // 100)] for q in (50, 95, 99)}
    return {name: round(value, 2) for name, value in {**at, "max": ordered[-1]}.items()} | {
        "mean": round(statistics.fmean(values), 2)
    }


def _environment() -> list[str]:
    return [f"BENCH={os.environ['BENCH']}"] if "BENCH" in os.environ else []


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    name = git("rev-parse", "--short=12", "HEAD") or "none"
    return f"{name} with changes" if git("status", "--porcelain") else name


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"
