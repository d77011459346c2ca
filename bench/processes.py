"""What a tree of processes costs, from /proc: processor time, memory, and when it rests."""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def tree(root: int) -> dict[int, str]:
    """Process id → role, for `root` (the supervisor) and its living descendants."""
    children: dict[int, list[int]] = {}
    for path in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            parent = int(_stat(int(path.parent.name))[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    roles = {root: "supervisor"}
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), []):
            roles[child] = _role(child)
            waiting.append(child)
    return roles


def cpu_s(root: int) -> float:
    """Processor seconds of the tree so far, with those of children that have ended."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            stat = _stat(pid)
            total += sum(map(int, stat[11:13]))
            if pid == root:
                total += sum(map(int, stat[13:15]))
    return total / _TICKS


def memory_mib(root: int) -> dict[str, dict[str, float]]:
    """Role → resident memory now, at its peak since the process began, and its anonymous part."""
    found = {}
    for pid, role in tree(root).items():
        with contextlib.suppress(OSError):
            sizes = {}
            for line in (_PROC / str(pid) / "status").read_text().splitlines():
                name, _, value = line.partition(":")
                sizes[name] = value.removesuffix(" kB").strip()
            found[role] = {
                "rss": round(int(sizes["VmRSS"]) / 1024, 1),
                "peak": round(int(sizes["VmHWM"]) / 1024, 1),
                "anonymous": round(int(sizes["RssAnon"]) / 1024, 1),
            }
    return found


@dataclass(frozen=True)
class Rest:
    """When a tree came to rest: seconds waited, and processor seconds up to there."""

    after_s: float
    cpu_s: float
    reached: bool


def wait_idle(
    root: int,
    baseline_cores: float,
    drained: Callable[[], bool],
    quiet_s: float = 10,
    limit_s: float = 300,
) -> Rest:
    """Until the tree used hardly more than its baseline for `quiet_s` and `drained` says yes."""
    began = time.monotonic()
    samples: list[tuple[float, float]] = []
    while True:
        now = time.monotonic()
        samples.append((now, cpu_s(root)))
        quiet_since, cpu_then = next(
            s for s in reversed(samples) if s[0] <= now - quiet_s or s is samples[0]
        )
        used = (samples[-1][1] - cpu_then) / max(now - quiet_since, 1e-3)
        if now - quiet_since >= quiet_s and used <= baseline_cores + 0.05 and drained():
            return Rest(round(quiet_since - began, 1), cpu_then, True)
        if now - began > limit_s:
            return Rest(round(now - began, 1), samples[-1][1], False)
        time.sleep(0.5)


def disk_bytes(folder: Path) -> int:
    """What the folder takes on disk, as du counts it; a file with two names counts once."""
    seen: set[int] = set()
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                stat = (Path(base) / name).lstat()
                if stat.st_ino not in seen:
                    seen.add(stat.st_ino)
                    total += stat.st_blocks * 512
    return total


def _stat(pid: int) -> list[str]:
    """The fields after the command's name, which may hold spaces: state, parent, …"""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _role(pid: int) -> str:
    with contextlib.suppress(OSError):
        command = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        for argument in command:
            if argument == b"clew.intake":
                return "intake"
            if argument.startswith(b"clew."):
                return "store"
    return f"process {pid}"
