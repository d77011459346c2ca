"""Kills writers whose inserts a ClickHouse server goes on with, and looks whether each segment is
stored exactly once: `python -m tests.flow.server_kills --rounds 200`.

In every second round the server is stopped while the request is sent, so that the insert begins
after its sender has died and while the next process looks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from clew.settings import ServerAddress
from clew.sql import Statement, load
from clew.store.server import Server, ServerEngine
from clew.store.upgrade import prepare
from tests import build
from tests.clickhouse import ClickHouse
from tests.flow.server import free_ports

# An insert that takes longer than a process to die; one that fits the buffer of a socket.
MANY_ROWS, FEW_ROWS = 100_000, 50


@dataclass
class Result:
    rounds: int = 0
    found: int = 0  # the dead sender's insert was there when it was looked for
    missing: int = 0  # it was not, and was made again
    seconds: float = 0.0
    wrong: int = 0  # segments with another number of rows than they should have


def many(rows: int, segment: bytes) -> pa.RecordBatch:
    """One span many times: the engine does not mind equal ids."""
    made = build.request(build.span(attrs={"a": "b", "n": 1}))
    spans, _, _ = build.batches(made, segment=segment)
    table = pa.Table.from_batches([spans])
    while table.num_rows < rows:
        table = pa.concat_tables([table, table]).combine_chunks()
    return table.slice(0, rows).combine_chunks().to_batches()[0]


def writer(url: str) -> ServerEngine:
    """As the store process has it after its start."""
    engine = Server(ServerAddress.parse(url, "URL")).writer()
    engine.settle()
    return engine


def stored(engine: ServerEngine, segment: bytes) -> int:
    rows = engine.query(load("store/count_segments", table="spans"), {"segments": segment.hex()})
    return sum(rows["rows"].to_pylist())


def dead_sender(url: str, batch: pa.RecordBatch, server: ClickHouse, delay_s: float | None) -> None:
    """Sends the batch and dies after so long; None: while the server is stopped."""
    ready, say = os.pipe()
    pid = os.fork()
    if not pid:
        engine = writer(url)
        os.write(say, b"!")
        if delay_s is None:
            time.sleep(0.01)  # the server is being stopped
        engine.insert("spans", batch)
        os._exit(0)
    os.read(ready, 1)
    if delay_s is None:
        server.pause()
    time.sleep(delay_s or 0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    server.go_on()
    os.close(ready)
    os.close(say)


def run(rounds: int, server: ClickHouse, seed: int = 1) -> Result:
    """On a database of its own; the process must be a small one, for it forks."""
    rng = random.Random(seed)
    url = server.url(f"kills_{seed}")
    place = Server(ServerAddress.parse(url, "URL"))
    place.prepare()
    prepare(place.writer(), str(place), print)
    began = time.monotonic()
    result = Result(rounds)
    expected = {}
    for number in range(rounds):
        segment = rng.randbytes(16)
        is_paused = bool(number % 2)
        batch = many(FEW_ROWS if is_paused else MANY_ROWS, segment)
        dead_sender(url, batch, server, None if is_paused else rng.uniform(0.0, 0.2))
        engine = writer(url)
        if stored(engine, segment) == batch.num_rows:
            result.found += 1
        else:
            result.missing += 1
            engine.insert("spans", batch)
        engine.close()
        expected[segment] = batch.num_rows
    engine = writer(url)
    counted = {segment: stored(engine, segment) for segment in expected}
    wrong = {one.hex(): (counted[one], n) for one, n in expected.items() if counted[one] != n}
    if wrong:
        print(f"segments with other rows than they should have: {wrong}", file=sys.stderr)
    result.wrong = len(wrong)
    total = Statement("test", "select count() as n from spans", frozenset())
    result.wrong += engine.query(total, {}).to_pylist() != [{"n": sum(expected.values())}]
    result.seconds = round(time.monotonic() - began, 1)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clew-server-kills-") as folder:
        server = ClickHouse(Path(folder), free_ports(1)[0])
        server.start()
        try:
            result = run(options.rounds, server, options.seed)
        finally:
            server.kill()
    print(json.dumps(vars(result)))
    return int(bool(result.wrong))


if __name__ == "__main__":
    sys.exit(main())
