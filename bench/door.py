"""What TLS and the check of keys cost: the same loads on a door with and without them."""

import contextlib
import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import generator, processes
from bench.plan import CONNECTIONS, Bench
from bench.server import Server, running

Row = dict[str, Any]

# Below what the door takes with TLS, so that latencies are those of requests and not of a queue.
PACED_RATE = 50_000
HANDSHAKES_AT_ONCE = 16
WAYS = ("plain", "tls", "keys", "tls and keys")


def measure(bench: Bench) -> Row:
    """Each way with a fresh server for each protocol, on connections that stay; and handshakes.

    The paced load comes first, because the store keeps up with it; during the others it is behind,
    whatever the way.
    """
    rows: Row = {}
    for way in WAYS:
        for protocol in ("http", "grpc"):
            with _door(bench, way) as (server, given):
                rows[f"{way}, {protocol}"] = {
                    "paced": _load(bench, server, protocol, given, batch=10, rate=PACED_RATE),
                    "small": _load(bench, server, protocol, given, batch=10),
                    "large": _load(bench, server, protocol, given, batch=512),
                }
    handshakes = {}
    with _door(bench, "plain") as (server, given):
        handshakes["none, TCP alone"] = _handshakes(bench, server, given)
    with _door(bench, "tls") as (server, given):
        handshakes["whole"] = _handshakes(bench, server, given)
        handshakes["resumed"] = _handshakes(bench, server, {**given, "resume": True})
    return {"seconds": bench.size.door_s, "loads": rows, "handshakes": handshakes}


@contextlib.contextmanager
def _door(bench: Bench, way: str) -> Iterator[tuple[Server, dict[str, object]]]:
    """A server, and what the generator needs to get in."""
    options: list[str] = []
    given: dict[str, object] = {}
    context = None
    if "tls" in way:
        folder = bench.folder / "certificates"
        if not folder.exists():
            _clew(bench, "tls", "dev-cert", "--dir", str(folder))
        given["tls_ca"] = folder / "ca.pem"
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        options += ["--tls-cert", str(folder / "server.pem")]
        options += ["--tls-key", str(folder / "server-key.pem")]

    def prepare(data: Path) -> None:
        if "keys" in way:
            made = _clew(
                bench,
                *("keys", "create", "bench", "--scope", "ingest", "--scope", "read"),
                *("--data-dir", str(data), "--json"),
            )
            given["key"] = json.loads(made)["key"]

    if "keys" in way:
        options.append("--require-keys")
    with running(bench.clew, bench.folder, tuple(options), context, prepare) as server:
        yield server, given


def _load(
    bench: Bench, server: Server, protocol: str, given: dict[str, object], **options: object
) -> Row:
    before = processes.cpu_s(server.pid)
    report = generator.run(
        bench.load,
        bench.size.door_s,
        endpoint=server.endpoint(protocol),
        protocol=protocol,
        connections=CONNECTIONS,
        **given,
        **options,
    )
    cpu_s = processes.cpu_s(server.pid) - before
    return {
        "requests_per_s": report["requests_per_s"],
        "spans_per_s": report["spans_per_s"],
        "ack_ms": report["ack_ms"],
        "errors": report["errors"],
        "server_cpu_us_per_request": round(1e6 * cpu_s / max(report["requests"]["accepted"], 1), 1),
    }


def _handshakes(bench: Bench, server: Server, given: dict[str, object]) -> Row:
    named = {name.replace("_", "-"): value for name, value in given.items()}
    before = processes.cpu_s(server.pid)
    process = generator.start(
        bench.load,
        {
            "endpoint": server.endpoint("http"),
            "connections": HANDSHAKES_AT_ONCE,
            "seconds": bench.size.door_s,
            **named,
        },
        "handshakes",
    )
    report = generator.finish(process, bench.size.door_s + 60)
    cpu_s = processes.cpu_s(server.pid) - before
    report["server_cpu_us"] = round(1e6 * cpu_s / max(report["connections"], 1), 1)
    return report


def _clew(bench: Bench, *arguments: str) -> str:
    return subprocess.run(
        [*bench.clew, *arguments], check=True, capture_output=True, text=True
    ).stdout
