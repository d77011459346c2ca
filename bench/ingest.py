"""Throughput: durable ingest, small requests, and the sustained load before the queries."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import generator, processes
from bench.plan import CONNECTIONS, SUSTAINED_RATE, Bench
from bench.server import Server, running

Row = dict[str, Any]

DRAIN_LIMIT_S = 600


def durable(bench: Bench, protocol: str, gzip: bool) -> Row:
    """As fast as 64 connections go with 512-span requests, each acknowledged after its sync."""
    with running(bench.clew, bench.folder) as server:
        return _load(
            bench,
            server,
            seconds=bench.size.durable_s,
            protocol=protocol,
            batch=512,
            gzip=gzip,
            gzip_pool_mib=bench.size.gzip_pool_mib,
        )


def small(bench: Bench, protocol: str) -> Row:
    """As fast as 64 connections go with 10-span requests."""
    with running(bench.clew, bench.folder) as server:
        return _load(bench, server, seconds=bench.size.small_s, protocol=protocol, batch=10)


def sustained(bench: Bench, server: Server) -> Row:
    """A fixed rate, and then until everything is stored and merges rest."""
    ids = server.folder / "acknowledged"
    with _backlog(server) as backlog:
        row = _load(
            bench,
            server,
            seconds=bench.size.sustained_s,
            protocol="grpc",
            batch=512,
            rate=SUSTAINED_RATE,
            ids=ids,
        )
        drained_s = server.wait_drained(DRAIN_LIMIT_S)
    rest = processes.wait_idle(server.pid, server.baseline_cores, server.drained)
    spans = row["spans"]["accepted"]
    cpu = rest.cpu_s - row["cpu_s_before"]
    disk = processes.disk_bytes(server.data / "store")
    return row | {
        "drained_s": drained_s,
        "idle_s": round((drained_s or DRAIN_LIMIT_S) + rest.after_s, 1),
        "rested": rest.reached,
        "peak_journal_mib": round(max(backlog, default=0) / 2**20, 1),
        "cpu_s_per_million_spans": round(cpu / spans * 1e6, 2),
        "cpu_s_until_idle": round(cpu, 1),
        "stored_spans_per_s": _rate(spans, row["seconds"] + drained_s if drained_s else None),
        "disk_bytes_per_span": round(disk / spans, 1),
        "memory_mib": processes.memory_mib(server.pid),
        "metrics": metrics(server),
    }


def metrics(server: Server) -> dict[str, float]:
    """Every sample of Clew's own; histograms by their sums and counts only."""
    _, text = server.client().get("/metrics")
    samples = {}
    for line in text.decode().splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith("clew_") and "_bucket{" not in name:
            samples[name] = float(value)
    return samples


def _load(bench: Bench, server: Server, seconds: float, protocol: str, **options: object) -> Row:
    before = processes.cpu_s(server.pid)
    row = generator.run(
        bench.load,
        seconds,
        endpoint=server.endpoint(protocol),
        protocol=protocol,
        connections=CONNECTIONS,
        **options,
    )
    return row | {
        "cpu_s_before": before,
        "server_cpu_s": round(processes.cpu_s(server.pid) - before, 2),
        "baseline_cores": server.baseline_cores,
        "memory_mib": processes.memory_mib(server.pid),
    }


@contextmanager
def _backlog(server: Server) -> Iterator[list[int]]:
    """Collects the journal's size twice a second."""
    sizes: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            sizes.append(processes.disk_bytes(server.data / "journal"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield sizes
    finally:
        stop.set()
        thread.join()


def _rate(spans: int, seconds: float | None) -> float | None:
    return round(spans / seconds, 1) if seconds else None
