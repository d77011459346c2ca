"""One server, its healthy clients, and the attacks on it one after the other; at the end, whether
every acknowledged span is there once.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import ids
from clew.cli.dev_cert import make
from tests.flow.attacks import heavy
from tests.flow.attacks.attacker import ATTACKS, MIB
from tests.flow.attacks.healthy import SPANS
from tests.flow.door import PROTOBUF, body, trace_id
from tests.flow.kill_rounds import stored_spans
from tests.flow.outage import resident_bytes
from tests.flow.server import Clew

REST_S = 4.0
WARM_S = 1.0
# Where the intake may be at most: twice `intake_memory_bytes`, of which bodies may take one half.
INTAKE_MOST = 512 * MIB
READABLE_WITHIN_S = 10.0
NORMAL_WITHIN_S = 15.0
STORED_WITHIN_S = 300.0


@dataclass
class Row:
    """What one attack did."""

    name: str
    seconds: float = 0.0
    rest_ms: dict[str, list[float]] = field(default_factory=dict)
    during_ms: dict[str, list[float]] = field(default_factory=dict)
    # Failures of the healthy before an acknowledgement: kind of client → what → how often.
    failures: dict[str, Counter[str]] = field(default_factory=dict)
    never_acknowledged: int = 0
    # Before, peak, after.
    intake: list[int] = field(default_factory=list)
    store: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    normal_after_s: float | None = None
    fresh_after_s: float | None = None
    attackers_cores: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def all_ms(self, of: dict[str, list[float]]) -> list[float]:
        return sorted(one for values in of.values() for one in values)


@dataclass
class Result:
    rows: list[Row]
    acknowledged_spans: int = 0
    lost_spans: int = 0
    doubled_spans: int = 0
    wrong: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        found = [f"{row.name}: {line}" for row in self.rows for line in row.wrong]
        return [*found, *self.wrong]


def quantile(ordered: list[float], of: float) -> float:
    return ordered[min(len(ordered) - 1, int(of * len(ordered)))] if ordered else float("nan")


class Memory(threading.Thread):
    """The largest the server's processes were since `begin`."""

    def __init__(self, clew: Clew) -> None:
        super().__init__(daemon=True)
        self._pids, self._ended = clew.children(), threading.Event()
        self.peak: Counter[str] = Counter()

    def now(self) -> dict[str, int]:
        found = {}
        for role, pid in self._pids.items():
            with contextlib.suppress(OSError):
                found[role] = resident_bytes(pid)
        return found

    def run(self) -> None:
        while not self._ended.wait(0.02):
            for role, size in self.now().items():
                self.peak[role] = max(self.peak[role], size)

    def end(self) -> None:
        self._ended.set()
        self.join()


@contextlib.contextmanager
def healthy(clew: Clew, folder: Path, authority: str) -> Iterator[dict[str, Any]]:
    """Filled at the end of the block."""
    found: dict[str, Any] = {}
    result = folder / "healthy.json"
    ports = [str(port) for port in clew.ports[:2]]
    command = [sys.executable, "-m", "tests.flow.attacks.healthy", *ports, str(result), authority]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        yield found
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)
        found |= json.loads(result.read_text())
    finally:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()


def run(names: list[str], folder: Path, seconds: float, rest_s: float = REST_S) -> Result:
    """These attacks, which want the same options, on one server in `folder`."""
    first = ATTACKS[names[0]]
    clew = Clew(folder / "data", folder / "log", options=first.options)
    authority = ""
    if first.tls:
        authority = str(_speak_tls(clew, folder / "certs"))
    windows: list[tuple[float, float]] = []
    rows = [Row(name) for name in names]
    clew.start()
    try:
        clew.wait_ready()
        with healthy(clew, folder, authority) as found:
            # The first requests load modules and open connections.
            _until(lambda: clew.metric("clew_intake_spans_accepted_total") > 3 * SPANS, 30)
            time.sleep(WARM_S)
            began = time.monotonic()
            time.sleep(rest_s)
            rest = (began, time.monotonic())
            for row in rows:
                windows.append(_attack(clew, row, folder, seconds, authority))
        for row, window in zip(rows, windows, strict=True):
            _take(row, found["requests"], rest, window)
        result = Result(rows)
        _drain(clew)
    finally:
        if clew.process is not None and clew.process.poll() is None:
            clew.stop()
    _count(result, found, folder)
    return result


def _speak_tls(clew: Clew, folder: Path) -> Path:
    folder.mkdir()
    for pair in make(["localhost", "127.0.0.1"], 30, client=False):
        for name, content in zip(pair.names, (pair.certificate, pair.key), strict=True):
            (folder / name).write_bytes(content)
    cert, key = str(folder / "server.pem"), str(folder / "server-key.pem")
    clew.options = (*clew.options, "--tls-cert", cert, "--tls-key", key)
    import ssl

    clew.context = ssl.create_default_context(cafile=folder / "ca.pem")
    return folder / "ca.pem"


def _attack(
    clew: Clew, row: Row, folder: Path, seconds: float, authority: str
) -> tuple[float, float]:
    """When it began and ended."""
    before_pids = clew.children()
    memory = Memory(clew)
    before = memory.now()
    connections = int(clew.metric("clew_intake_open_connections"))
    given = {
        **dict(zip(("grpc", "http", "ui"), clew.ports, strict=True)),
        "seconds": seconds,
        "folder": str(folder),
        "authority": authority,
    }
    # Nice: attackers elsewhere would not take Clew's processor time from it.
    process = subprocess.Popen(
        [
            *("nice", "-n", "10", sys.executable, "-m", "tests.flow.attacks.attacker"),
            *(row.name, json.dumps(given)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    most = connections
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "begun\n":
            raise AssertionError(f"the attacker of {row.name} did not begin")
        memory.start()
        began = time.monotonic()
        while process.poll() is None and time.monotonic() - began < seconds + 30:
            with contextlib.suppress(ValueError):
                most = max(most, int(clew.metric("clew_intake_open_connections")))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
        ended = time.monotonic()
        said = json.loads(process.stdout.read() or '{"cpu_s": 0, "counts": {}}')
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    row.seconds = ended - began
    row.counts = said["counts"]
    row.attackers_cores = said["cpu_s"] / row.seconds
    row.normal_after_s = _until(
        lambda: clew.metric("clew_intake_open_connections") <= connections + 1, NORMAL_WITHIN_S
    )
    row.fresh_after_s = _fresh(clew, f"{row.name} {time.time_ns()}")
    memory.end()
    after = memory.now()
    row.intake = [one.get("intake", 0) for one in (before, memory.peak, after)]
    row.store = [one.get("store", 0) for one in (before, memory.peak, after)]
    row.connections = [connections, most, int(clew.metric("clew_intake_open_connections"))]
    _judge(row, before_pids == clew.children())
    return began, ended


def _judge(row: Row, same: bool) -> None:
    """What holds whatever the attack."""
    if not same:
        row.wrong.append("a process of the server ended")
    if row.intake[1] > INTAKE_MOST:
        row.wrong.append(f"the intake took {row.intake[1] / MIB:.0f} MiB")
    if row.normal_after_s is None:
        row.wrong.append(f"{row.connections[2]} connections were left")
    if row.fresh_after_s is None:
        row.wrong.append(f"a fresh span was not readable within {READABLE_WITHIN_S:.0f} s")
    if row.counts.get("wrong answers"):
        row.wrong.append(f"{row.counts['wrong answers']} wrong answers")


def _take(
    row: Row,
    requests: dict[str, list[tuple[float, float | None, list[str]]]],
    rest: tuple[float, float],
    window: tuple[float, float],
) -> None:
    """The healthy clients' part."""
    for kind, done in requests.items():
        row.rest_ms[kind] = [ms for due, ms, _ in done if rest[0] <= due < rest[1] and ms]
        within = [(ms, failures) for due, ms, failures in done if window[0] <= due < window[1]]
        row.during_ms[kind] = [ms for ms, _ in within if ms is not None]
        row.never_acknowledged += sum(ms is None for ms, _ in within)
        row.failures[kind] = Counter(one for _, failures in within for one in failures)
    attack = ATTACKS[row.name]
    counted = [
        counts
        for kind, counts in row.failures.items()
        if not (attack.turns_new_away and kind == "new")
    ]
    failed = sum(counted, Counter())
    final = [what for what in failed if what.endswith("for good") or "rejected" in what]
    if final:
        row.wrong.append(f"told not to send again: {', '.join(final)}")
    if not attack.may_refuse and failed:
        row.wrong.append(f"healthy clients were refused or cut: {dict(failed)}")
    if row.never_acknowledged:
        row.wrong.append(f"{row.never_acknowledged} healthy requests were never acknowledged")


def _fresh(clew: Clew, name: str) -> float | None:
    """Seconds from sending a span until it is read."""
    began = time.monotonic()

    def sent() -> bool:
        connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection("127.0.0.1", clew.ports[1], timeout=5, context=clew.context)
            if clew.context
            else http.client.HTTPConnection("127.0.0.1", clew.ports[1], timeout=5)
        )
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            connection.request("POST", "/v1/traces", body(name), {"Content-Type": PROTOBUF})
            return connection.getresponse().status == 200
        return False

    def readable() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return clew.get(f"/api/v1/traces/{trace_id(name).hex()}")[0] == 200
        return False

    # After an overload room comes with the store; the span is owed from its acknowledgement on.
    if _until(sent, STORED_WITHIN_S) is None:
        return None
    if ATTACKS[name.split()[0]].may_refuse:
        return time.monotonic() - began if _until(readable, STORED_WITHIN_S) is not None else None
    return _until(readable, READABLE_WITHIN_S)


def _until(condition: Any, within_s: float) -> float | None:
    """Seconds until it holds; None: it did not."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        if condition():
            return time.monotonic() - began
        time.sleep(0.05)
    return None


def _drain(clew: Clew) -> None:
    def empty() -> bool:
        names = [path.suffix for path in (clew.data_dir / "journal").iterdir()]
        return ".open" not in names and ".seg" not in names

    if _until(empty, STORED_WITHIN_S) is None:
        raise TimeoutError(f"the journal was not stored within {STORED_WITHIN_S:.0f} s")


def _count(result: Result, found: dict[str, Any], folder: Path) -> None:
    """Acknowledged spans against what the store holds."""
    owed = {bytes.fromhex(one): SPANS for one in found["acknowledged"]}
    if (folder / heavy.IDS).exists():
        report = json.loads((folder / "overload.json").read_text())
        acknowledged = set(ids.read(folder / heavy.IDS))
        sent = ids.traces(heavy.SEED, heavy.BATCH, report["requests"]["offered"])
        owed |= {trace: spans for trace, spans in sent if trace in acknowledged}
    stored = stored_spans(folder / "data")
    result.acknowledged_spans = sum(owed.values())
    result.lost_spans = sum(max(0, spans - stored[trace]) for trace, spans in owed.items())
    result.doubled_spans = sum(max(0, stored[trace] - spans) for trace, spans in owed.items())
    unknown = (bytes.fromhex(one) for one in found["unknown"])
    result.doubled_spans += sum(max(0, stored[trace] - SPANS) for trace in unknown)
    for word, count in (("lost", result.lost_spans), ("doubled", result.doubled_spans)):
        if count:
            result.wrong.append(f"{count} acknowledged spans were {word}")


def environment() -> str:
    return f"{len(os.sched_getaffinity(0))} processors, load average {os.getloadavg()[0]:.2f}"
