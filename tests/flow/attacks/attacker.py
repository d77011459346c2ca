"""The attacks by name, and the process of one: it says `begun` when all is prepared, and at the end
what it counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.flow.attacks import bombs, crowds, floods, heavy
from tests.flow.attacks.field import Field

MIB = 1 << 20


@dataclass(frozen=True)
class Attack:
    """One attack; `options` are the server's. A server under it `may_refuse` its other clients,
    with a status that lets them send again, or for moments `turns_new_away` new connections.
    """

    make: Callable[[Field], Awaitable[None]]
    options: tuple[str, ...] = ()
    may_refuse: bool = False
    turns_new_away: bool = False
    tls: bool = False

    @property
    def sentence(self) -> str:
        return (self.make.__doc__ or "").split(".")[0].replace("\n    ", " ")


ATTACKS = {
    "idle_10k": Attack(crowds.idle, ("--max-connections", "12000")),
    "idle_beyond": Attack(crowds.idle_beyond, turns_new_away=True),
    "connect_storm": Attack(crowds.connect_storm),
    "slow_heads": Attack(crowds.slow_heads),
    "slow_bodies": Attack(crowds.slow_bodies),
    "held_bodies": Attack(crowds.held_bodies),
    "slow_streams": Attack(crowds.slow_streams),
    "slow_readers": Attack(crowds.slow_readers),
    "endless_bodies": Attack(crowds.endless_bodies),
    "gzip_bombs": Attack(bombs.gzip_bombs),
    "zstd_bombs": Attack(bombs.zstd_bombs),
    "gzip_members": Attack(bombs.gzip_members),
    "deep_json": Attack(bombs.deep_json),
    "deep_protobuf": Attack(bombs.deep_protobuf),
    "huge_heads": Attack(bombs.huge_heads),
    "header_bombs": Attack(floods.header_bombs),
    "rapid_reset": Attack(floods.rapid_reset),
    "continuations": Attack(floods.continuations),
    "pings": Attack(floods.pings),
    "settings": Attack(floods.settings),
    "zero_window": Attack(floods.zero_window),
    "garbage": Attack(crowds.garbage),
    "tls_hellos": Attack(crowds.tls_hellos, tls=True),
    "overload_5x": Attack(
        heavy.overload_5x, ("--journal-max-bytes", str(256 * MIB)), may_refuse=True
    ),
    "overload_small": Attack(heavy.overload_small, may_refuse=True),
    "query_storm": Attack(heavy.query_storm),
}


def _cpu_s() -> float:
    of = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, of))


def main() -> None:
    """Arguments: the attack's name, and the field's values in JSON."""
    # What is opened at once must not be bounded by this process.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    given = json.loads(sys.argv[2])
    field = Field(**{**given, "folder": Path(given["folder"])})
    prepared_s = 0.0

    def ready() -> None:
        nonlocal prepared_s
        prepared_s = _cpu_s()
        print("begun", flush=True)

    field.ready = ready
    # A crowd that is called off leaves half-open transports; their complaints are no news.
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)
    loop.run_until_complete(ATTACKS[sys.argv[1]].make(field))
    said = {"cpu_s": _cpu_s() - prepared_s, "counts": dict(field.counts)}
    print(json.dumps(said), flush=True)
    # Thousands of sockets close faster with the process than one by one.
    os._exit(0)


if __name__ == "__main__":
    main()
