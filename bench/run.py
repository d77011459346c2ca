"""Runs the scenarios, prints them against the targets, writes results.json and RESULTS.md."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bench import (
    browser,
    door,
    generator,
    ingest,
    kernel,
    kills,
    machine,
    queries,
    questions,
    report,
)
from bench.plan import FULL, QUICK, Bench
from bench.server import running
from bench.targets import compare

Results = dict[str, Any]

LOADS = {
    "durable_grpc": partial(ingest.durable, protocol="grpc", gzip=False),
    "durable_http": partial(ingest.durable, protocol="http", gzip=False),
    "durable_grpc_gzip": partial(ingest.durable, protocol="grpc", gzip=True),
    "durable_http_gzip": partial(ingest.durable, protocol="http", gzip=True),
    "small_grpc": partial(ingest.small, protocol="grpc"),
    "small_http": partial(ingest.small, protocol="http"),
}
LOSSES = ("lost_spans", "doubled_spans")
GROUPS = ("durable", "small", "sustained", "door", "questions", "kernel", "kills", "ui")


def main() -> int:
    options = _options()
    # The finally clauses stop the servers and delete their folders.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    size = QUICK if options.size == "quick" else FULL
    folder = Path(tempfile.mkdtemp(prefix="clew-bench-", dir=options.data_dir))
    try:
        alone = set(options.only) <= {"ui"}  # it needs no generator
        load = options.load or (folder if alone else generator.build())
        bench = Bench(size, options.clew.split(), load, folder)
        described = machine.describe(folder)
        results: Results = {"machine": described, "size": asdict(size), "failed": {}}
        if options.keep:
            results = json.loads(options.results.read_text())
            results["machine"]["command"] += (
                f"; then {described['command']} at {described['commit']}, "
                f"load average before {described['load_average_before']:.2f}"
            )
        for name, part in LOADS.items():
            if name.split("_")[0] in options.only:
                _step(results, name, partial(part, bench))
        if "door" in options.only:
            _step(results, "door", partial(door.measure, bench))
        if "sustained" in options.only:
            with _failing(results, "sustained"):
                _loaded_store(bench, results)
        if "questions" in options.only:
            for millions in size.millions:
                _step(results, f"questions_{millions}m", partial(questions.loaded, bench, millions))
        if "kernel" in options.only:
            _step(results, "kernel", kernel.speed)
        if "kills" in options.only:
            _step(results, "kills", partial(kills.rounds, size.kill_rounds, folder))
            _step(results, "outage", partial(kills.outage, size.outage_s, folder))
        if "ui" in options.only:
            _step(results, "ui", browser.traces)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    if options.results == report.RESULTS:
        report.write(results)
    _show(results)
    return int(bool(results["failed"]) or _wrong(results))


def _loaded_store(bench: Bench, results: Results) -> None:
    """The sustained load, and then the questions on what it left."""
    with running(bench.clew, bench.folder) as server:
        _step(results, "sustained", partial(ingest.sustained, bench, server))
        if "sustained" not in results:
            return
        _step(results, "trace", partial(queries.trace_by_id, bench, server))
        _step(results, "newest", partial(queries.newest, bench, server))
        _step(results, "searchable", partial(queries.searchable, bench, server))
        server.wait_drained(120)

        def restart() -> Results:
            return {"stop_s": server.stop(), "ready_s": round(server.start(), 2)}

        _step(results, "restart", restart)
        server.stop()
        _step(results, "store", partial(_store, results, server.data / "store"))


def _store(results: Results, folder: Path) -> Results:
    """What the store holds, beside what its senders were told."""
    searchable = results.get("searchable", {"probes": 0})
    loads = [results["sustained"], *filter(None, [searchable.get("background")])]
    # A request without an answer may be stored or not; a refused one is not.
    unknown = sum(
        load["requests"]["unanswered"]
        + sum(n for kind, n in load["errors"].items() if not kind.startswith(("http_", "grpc_")))
        for load in loads
    )
    return queries.stored_rows(folder) | {
        "acknowledged": sum(load["spans"]["accepted"] for load in loads) + searchable["probes"],
        "unknown": unknown * 512,
    }


def _wrong(results: Results) -> bool:
    """Whether an answer was wrong, or a span lost or doubled: then the figures mean nothing."""
    found = [
        f"wrong answer by {name}: {example}"
        for name in ("trace", "newest")
        for example in results.get(name, {}).get("wrong", ())
    ]
    for name, asked in results.items():
        if name.startswith("questions_"):
            found += [f"{name}, {line}" for line in questions.wrong(asked)]
    if store := results.get("store"):
        surplus = store["spans"] - store["acknowledged"]
        if not 0 <= surplus <= store["unknown"]:
            found.append(f"{store['acknowledged']} spans acknowledged, {store['spans']} stored")
    for kind in ("kills", "outage"):
        lost = results.get(kind, {})
        found += [f"{kind}, {name}: {lost[name]}" for name in LOSSES if lost.get(name)]
    for line in found:
        print(line)
    return bool(found)


def _show(results: Results) -> None:
    rows = compare(results)
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
    for name, reason in results["failed"].items():
        print(f"{name} failed: {reason}")


def _step(results: Results, name: str, part: Callable[[], Results]) -> None:
    with _failing(results, name):
        print(f"bench: {name} …", end="", file=sys.stderr, flush=True)
        began = time.monotonic()
        results[name] = part()
        results["failed"].pop(name, None)
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr)


@contextlib.contextmanager
def _failing(results: Results, name: str) -> Iterator[None]:
    """One scenario that fails is named in the report, and the others are still measured."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs in the report
        print(f" failed: {error}", file=sys.stderr)
        results["failed"][name] = f"{type(error).__name__}: {error}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--size",
        choices=("full", "quick"),
        default=os.environ.get("BENCH", "full"),
        help="full: 10 million spans, about 30 minutes; quick: about 4 (also BENCH=quick)",
    )
    parser.add_argument(
        "--only",
        type=lambda text: tuple(text.split(",")),
        default=GROUPS,
        help=f"some of {','.join(GROUPS)}",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="measure --only these, keep the others of an earlier run",
    )
    parser.add_argument("--data-dir", type=Path, help="where the servers' folders are made")
    parser.add_argument(
        "--results", type=Path, default=report.RESULTS, help="RESULTS.md is written for the default"
    )
    parser.add_argument(
        "--clew", default=str(Path(sys.executable).parent / "clew"), help="the server's command"
    )
    parser.add_argument("--load", type=Path, help="a clew-load that was built already")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
