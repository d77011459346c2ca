"""Kills Clew's processes under load and looks whether every acknowledged span is stored exactly
once.

Run by the tests with few rounds and by the bench with many: `python -m tests.flow.kill_rounds
--rounds 100`. Senders behave as SDKs do: a request without an answer is sent again, byte for byte,
until it is acknowledged. So a span that was acknowledged is owed once, and a span whose answer was
lost may be there once, never twice.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.flow.server import MODULES, Clew

SPANS_A_REQUEST = 20
SENDERS = 4

FAULT_POINTS = (
    "journal.after_create",
    "journal.after_append",
    "journal.before_sync",
    "journal.after_sync",
    "journal.before_seal",
    "journal.after_seal_sync",
    "journal.after_seal",
    "store.before_insert",
    "store.after_trace_ranges",
    "store.after_attribute_index",
    "store.after_insert",
    "store.before_delete",
    "store.after_delete",
)
VICTIMS = ("intake", "store", "both", "supervisor")


class Sender(threading.Thread):
    """Sends requests one after the other until told to stop; each until it is acknowledged."""

    def __init__(self, port: int, seed: int) -> None:
        super().__init__(name=f"sender-{seed}")
        self._port = port
        self._random = random.Random(seed)
        self._halt = threading.Event()
        self.acknowledged: list[bytes] = []
        self.unknown: list[bytes] = []
        self.resent = 0

    def run(self) -> None:
        while not self._halt.is_set():
            trace_id, body = self._request()
            (self.acknowledged if self._until_acknowledged(body) else self.unknown).append(trace_id)

    def halt(self) -> None:
        self._halt.set()

    def _request(self) -> tuple[bytes, bytes]:
        trace_id = self._random.randbytes(16)
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        attribute = resource.resource.attributes.add()
        attribute.key, attribute.value.string_value = "service.name", "kill-rounds"
        spans = resource.scope_spans.add().spans
        now = time.time_ns()
        for _ in range(SPANS_A_REQUEST):
            spans.add(
                trace_id=trace_id,
                span_id=self._random.randbytes(8),
                name="work",
                start_time_unix_nano=now,
                end_time_unix_nano=now + 1000,
            )
        return trace_id, request.SerializeToString()

    def _until_acknowledged(self, body: bytes) -> bool:
        for attempt in itertools.count():
            if attempt:
                self.resent += 1
                # A halted sender still finishes: an answer that was lost must not hide a doubled
                # span.
                if self._halt.is_set() and attempt > 200:
                    return False
                time.sleep(0.05)
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
                with contextlib.closing(connection):
                    connection.request(
                        "POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"}
                    )
                    answer = connection.getresponse()
                    content = answer.read()
                    if answer.status == 200:
                        if content:
                            raise AssertionError(f"spans were rejected: {content!r}")
                        return True
                    if answer.status != 503:
                        raise AssertionError(f"HTTP {answer.status}: {content!r}")
            except (OSError, http.client.HTTPException):
                continue
        return False


@contextlib.contextmanager
def senders(port: int, seed: int) -> Iterator[list[Sender]]:
    threads = [Sender(port, seed * 1000 + n) for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.halt()
        for thread in threads:
            thread.join()


def stored_spans(data_dir: Path) -> Counter[bytes]:
    """Trace id → rows, with every span of the trace counted; read in a process of its own, the
    server must be stopped.
    """
    program = (
        "import sys; from chdb.state import connect; c = connect(sys.argv[1]);"
        "q = 'select hex(trace_id), count(), uniqExact(span_id) from spans group by trace_id';"
        "print(c.query(q, 'TSV'))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program, str(data_dir / "store")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    stored: Counter[bytes] = Counter()
    for line in filter(None, output.splitlines()):
        trace_id, rows, distinct = line.split("\t")
        stored[bytes.fromhex(trace_id)] = int(rows)
        if rows != distinct:
            raise AssertionError(f"trace {trace_id} has {rows} rows for {distinct} spans: doubled")
    return stored


@dataclass
class Result:
    rounds: int = 0
    acknowledged_spans: int = 0
    resent_requests: int = 0
    lost_spans: int = 0
    doubled_spans: int = 0
    slowest_ready_s: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)


def run(rounds: int, folder: Path, seed: int = 1) -> Result:
    """`rounds` kills, at every fault point and at random, on one data directory."""
    rng = random.Random(seed)
    clew = Clew(folder / "data", folder / "log")
    result = Result()
    owed: list[bytes] = []
    unknown: list[bytes] = []
    points = list(
        itertools.islice(itertools.cycle(FAULT_POINTS), max(len(FAULT_POINTS), rounds // 2))
    )
    # Each life of a process takes the next point: one start of the server walks through all of
    # them.
    clew.start(",".join(f"{point}@{rng.randint(1, 3)}" for point in points))
    clew.wait_ready()
    with senders(clew.ports[1], seed) as running:
        _wait_for_restarts(clew, len(points))
        result.kills.update(points)
        for n in range(rounds - len(points)):
            result.slowest_ready_s = max(result.slowest_ready_s, clew.wait_ready())
            time.sleep(rng.uniform(0.1, 1.5))
            victim = VICTIMS[n % len(VICTIMS)]
            result.kills[f"random {victim}"] += 1
            _kill(clew, victim)
        result.slowest_ready_s = max(result.slowest_ready_s, clew.wait_ready())
    clew.wait_drained()
    clew.stop()
    for sender in running:
        owed += sender.acknowledged
        unknown += sender.unknown
        result.resent_requests += sender.resent
    stored = stored_spans(folder / "data")
    result.rounds = rounds
    result.acknowledged_spans = len(owed) * SPANS_A_REQUEST
    result.lost_spans = sum(SPANS_A_REQUEST - min(stored[t], SPANS_A_REQUEST) for t in owed)
    result.doubled_spans = sum(max(0, stored[t] - SPANS_A_REQUEST) for t in (*owed, *unknown))
    return result


def _wait_for_restarts(clew: Clew, count: int) -> None:
    deadline = time.monotonic() + 30 + 6 * count
    while not clew.metric("clew_process_restarts_total") >= count:
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{clew.metric('clew_process_restarts_total'):g} of {count} fault points reached:\n"
                + clew.log.read_text()[-4000:]
            )
        time.sleep(0.1)


def _kill(clew: Clew, victim: str) -> None:
    assert clew.process is not None
    if victim == "supervisor":
        children = clew.children()
        clew.process.kill()
        clew.process.wait()
        for pid in children.values():
            _wait_gone(pid)  # they die with their supervisor
        clew.start()
        return
    roles = tuple(MODULES) if victim == "both" else (victim,)
    for role, pid in clew.children().items():
        if role in roles:
            os.kill(pid, signal.SIGKILL)
            _wait_gone(pid)


def _wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.01)
    raise TimeoutError(f"process {pid} outlived its kill")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clew-kills-") as folder:
        result = run(options.rounds, Path(folder), options.seed)
    print(json.dumps({**vars(result), "kills": dict(result.kills)}))
    return int(bool(result.lost_spans or result.doubled_spans))


if __name__ == "__main__":
    sys.exit(main())
