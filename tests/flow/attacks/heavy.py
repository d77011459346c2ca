"""Attacks by asking for too much of what is allowed: spans, and questions."""

from __future__ import annotations

import asyncio
import json
import threading
import time

from bench import generator
from tests.flow import flood
from tests.flow.attacks.field import Field
from tests.flow.server import Clew

# What `make bench` demands of a machine of two cores, sustained.
SUSTAINED = 80_000
BATCH = 512
SEED = 5
IDS = "overload-ids"


async def overload_5x(field: Field) -> None:
    """Five times the spans that are stored in the long run, on a schedule that does not wait."""
    binary = await asyncio.to_thread(generator.build)
    field.begin()
    report = await asyncio.to_thread(
        generator.run,
        binary,
        field.seconds,
        endpoint=f"127.0.0.1:{field.http}",
        protocol="http",
        connections=64,
        batch=BATCH,
        rate=5 * SUSTAINED,
        seed=SEED,
        ids=field.folder / IDS,
    )
    (field.folder / "overload.json").write_text(json.dumps(report))
    field.counts["offered requests"] = report["requests"]["offered"]
    field.counts["acknowledged spans"] = report["spans"]["accepted"]
    field.counts["acknowledged spans/s"] = int(report["spans_per_s"])
    field.counts["p99 ms"] = int(report["ack_ms"]["p99"])
    for kind, count in report["errors"].items():
        field.counts[kind] = count


async def overload_small(field: Field) -> None:
    """75,000 requests of 10 spans a second, five times what the door is asked to take."""
    binary = await asyncio.to_thread(generator.build)
    field.begin()
    report = await asyncio.to_thread(
        generator.run,
        binary,
        field.seconds,
        endpoint=f"127.0.0.1:{field.http}",
        protocol="http",
        connections=256,
        batch=10,
        rate=750_000,
        seed=SEED + 1,
    )
    field.counts["acknowledged spans"] = report["spans"]["accepted"]
    field.counts["requests/s"] = int(report["requests_per_s"])
    field.counts["due but not sent in time"] = report["requests"]["unsent"]
    for kind, count in report["errors"].items():
        field.counts[kind] = count


async def query_storm(field: Field) -> None:
    """Fifty who ask heavy questions without a pause."""
    clew = Clew(field.folder / "data", field.folder / "log", [field.grpc, field.http, field.ui])
    await asyncio.to_thread(flood.fill, clew, 20_000)
    await asyncio.sleep(2)
    before_ns = time.time_ns()
    field.begin()
    result = flood.Result(field.seconds)
    askers = [
        threading.Thread(target=flood.ask, args=(clew, result, field.until, before_ns, seed))
        for seed in range(50)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        await asyncio.to_thread(asker.join)
    field.counts.update(result.answers)
    field.counts["wrong answers"] = len(result.wrong)
    for line in result.wrong[:3]:
        field.counts[f"wrong: {line[:200]}"] += 1
