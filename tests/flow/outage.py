"""Takes the store away under load and looks what the intake makes of it.

Run by the tests for some seconds and by the bench for two minutes:
`python -m tests.flow.outage --seconds 120`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.flow.kill_rounds import SPANS_A_REQUEST, senders, stored_spans
from tests.flow.server import Clew


@dataclass
class Result:
    seconds: float
    acknowledged_spans: int
    lost_spans: int
    doubled_spans: int
    waiting_segments: int
    rss_early_bytes: int
    rss_late_bytes: int
    drained_after_s: float


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run(seconds: float, folder: Path) -> Result:
    """The store process is stopped for so long, and every one that the supervisor starts for it."""
    clew = Clew(folder / "data", folder / "log")
    clew.start()
    clew.wait_ready()
    with senders(clew.ports[1], 7) as running:
        intake = clew.children()["intake"]
        _hold_stores(clew, seconds / 4)
        early = resident_bytes(intake)
        _hold_stores(clew, seconds * 3 / 4)
        late = resident_bytes(intake)
        waiting = len(list((folder / "data" / "journal").glob("*.seg")))
        os.kill(clew.children()["store"], signal.SIGCONT)
    began = time.monotonic()
    clew.wait_drained()
    drained = time.monotonic() - began
    clew.stop()
    acknowledged = [trace_id for sender in running for trace_id in sender.acknowledged]
    stored = stored_spans(folder / "data")
    differences = [stored[trace_id] - SPANS_A_REQUEST for trace_id in acknowledged]
    return Result(
        seconds=seconds,
        acknowledged_spans=len(acknowledged) * SPANS_A_REQUEST,
        lost_spans=-sum(min(0, difference) for difference in differences),
        doubled_spans=sum(max(0, difference) for difference in differences),
        waiting_segments=waiting,
        rss_early_bytes=early,
        rss_late_bytes=late,
        drained_after_s=drained,
    )


def _hold_stores(clew: Clew, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        store = clew.children().get("store")
        if store is not None:
            os.kill(store, signal.SIGSTOP)
        time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clew-outage-") as folder:
        result = run(options.seconds, Path(folder))
    print(json.dumps(vars(result)))
    return int(bool(result.lost_spans or result.doubled_spans))


if __name__ == "__main__":
    sys.exit(main())
