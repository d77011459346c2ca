"""The settings: name, type, default, help, bounds.

Metadata: `help`; `min` and `max` of a number, `zero` = what a 0 below `min` means; `least_twice`
names the setting of which it is at least twice; `twice` the one that it is twice of when only that
one is given; `file` = it is the path of one; `secret` = masked, and also read from the file that
NAME_FILE names.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Self

from clew.settings.server_address import ServerAddress
from clew.settings.values import GIB, KIB, MIB, NO_BOUND, Address, parse, readable


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "clew"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `clew serve` runs with."""

    data_dir: Path = field(
        default_factory=_default_data_dir,
        metadata={"help": "Folder of the journal and the store; created when it is missing."},
    )
    grpc: Address = field(
        default=Address("127.0.0.1", 4317),
        metadata={"help": "Where OTLP/gRPC senders connect."},
    )
    http: Address = field(
        default=Address("127.0.0.1", 4318),
        metadata={"help": "Where OTLP/HTTP senders connect."},
    )
    ui: Address = field(
        default=Address("127.0.0.1", 7070),
        metadata={"help": "Where the API and the health checks listen."},
    )
    open: str = field(
        default="",
        metadata={
            "help": "What may listen on an address that is not loopback although no key is "
            "asked for: `ingest`, `ui` or `ingest,ui`."
        },
    )
    require_keys: bool = field(
        default=False,
        metadata={
            "help": "Ask for an API key on every port, on loopback too, but for what --open names; "
            "the OTLP ports may then listen on any address."
        },
    )
    tls_cert: str = field(
        default="",
        metadata={
            "help": "Certificate chain in PEM; with it every port speaks TLS, and a new one in the "
            "same file is taken up within seconds.",
            "file": True,
        },
    )
    tls_key: str = field(
        default="",
        metadata={"help": "Private key of that certificate, in PEM.", "file": True},
    )
    tls_client_ca: str = field(
        default="",
        metadata={
            "help": "Authorities in PEM; senders must present a certificate that one of them "
            "signed. For the OTLP ports, not for the API.",
            "file": True,
        },
    )
    max_request_bytes: int = field(
        default=64 * MIB,
        metadata={
            "help": "Largest OTLP request, after decompression; a larger one is refused.",
            "min": 1,
            "max": 128 * MIB,
        },
    )
    max_connections: int = field(
        default=4096,
        metadata={
            "help": "Most connections to the OTLP ports at one time.",
            "min": 1,
            "max": 1_000_000,
        },
    )
    max_connections_per_address: int = field(
        default=0,
        metadata={
            "help": "Most of these from one address (of IPv6, one /64 network). 0: a quarter of "
            "`max_connections`, and no limit for loopback; a number holds for loopback too.",
            "zero": "a quarter of max_connections, loopback all",
            "min": 1,
            "max": 1_000_000,
        },
    )
    max_spans_per_second: int = field(
        default=0,
        metadata={
            "help": "Spans a second that are taken from all senders together, over some seconds; "
            "above it they are asked to send again. 0: as many as come.",
            "zero": "as many as come",
            "min": 1,
            "max": 1_000_000_000,
        },
    )
    # SDKs stop at 128 by themselves.
    max_attributes: int = field(
        default=1024,
        metadata={
            "help": "Most attributes of one span, event, link, resource or scope; more are "
            "dropped and counted in its dropped_attributes_count.",
            "min": 1,
            "max": 1_000_000,
        },
    )
    max_value_bytes: int = field(
        default=16 * KIB,
        metadata={
            "help": "Longest attribute value, status message or trace state; a longer one is cut, "
            "and the attribute clew.cut says so.",
            "min": 128,
            "max": 16 * MIB,
        },
    )
    intake_memory_bytes: int = field(
        default=256 * MIB,
        metadata={
            "help": "Most memory for request bodies that are being received or written.",
            "least_twice": "max_request_bytes",
            "min": 2,
            "max": 1 << 40,
        },
    )
    journal_max_bytes: int = field(
        default=8 * GIB,
        metadata={
            "help": "Most journal on disk; above it senders are asked to send again.",
            "min": 64 * MIB,
            "max": NO_BOUND,
        },
    )
    disk_reserve_bytes: int = field(
        default=1 * GIB,
        metadata={
            "help": "Free disk space below which senders are asked to send again. 1 MiB "
            "is kept whatever is said here.",
            "min": 0,
            "max": NO_BOUND,
        },
    )
    # Not in `repr`: it may hold a password.
    store: str = field(
        default="",
        repr=False,
        metadata={
            "help": "ClickHouse server that keeps the spans, as http://USER:PASSWORD@HOST:8123/"
            "DATABASE; when empty, an engine of Clew's own keeps them in the data folder.",
            "secret": True,
        },
    )
    store_memory_bytes: int = field(
        default=4 * GIB,
        metadata={
            "help": "Most memory for the embedded store's engine.",
            "min": 512 * MIB,
            "max": NO_BOUND,
        },
    )
    # Peers keep between 7 and 30 days, Tempo 14 and SigNoz 15: two weeks are enough to compare with
    # the release before.
    retention_days: int = field(
        default=14,
        metadata={
            "help": "Days for which spans are kept, from the day they were received; "
            "0 keeps them for ever.",
            "zero": "for ever",
            "min": 1,
            "max": 36_500,
        },
    )
    store_max_bytes: int = field(
        default=0,
        metadata={
            "help": "Most store on disk; above it the oldest data is removed. 0: no cap.",
            "zero": "no cap",
            "min": MIB,
            "max": NO_BOUND,
        },
    )
    retention_free_bytes: int = field(
        default=2 * GIB,
        metadata={
            "help": "Free disk space below which the oldest data is removed, so that senders are "
            "not refused; 0: never.",
            "zero": "never",
            "twice": "disk_reserve_bytes",
            "min": 1,
            "max": NO_BOUND,
        },
    )
    fault: str = field(
        default="",
        metadata={
            "help": "For tests: NAME@N,… kills a process when it passes fault point NAME for the "
            "N-th time; each life of a process takes the next of its points. poison.refuse=NAME "
            "and poison.crash=NAME: spans of that name cannot be stored, or end the store process."
        },
    )

    def check(self, named: Mapping[str, str]) -> list[str]:
        """What cannot work, and listening openly without anybody's word; empty when all is well.

        `named` says for each setting what to call it: the flag, the variable or the line.
        """
        problems = [
            *self._check_numbers(named),
            *self._check_addresses(named),
            *self._check_tls(named),
        ]
        if os.path.exists(self.data_dir) and not os.path.isdir(self.data_dir):
            problems.append(
                f"{named['data_dir']}: {str(self.data_dir)!r} is not a folder; name another"
            )
        if self.store:
            try:
                ServerAddress.parse(self.store, named["store"])
            except ValueError as error:
                problems.append(str(error))
        return problems

    def _check_numbers(self, named: Mapping[str, str]) -> Iterator[str]:
        for declared in dataclasses.fields(self):
            facts, value = declared.metadata, getattr(self, declared.name)
            if "min" not in facts or ("zero" in facts and value == 0):
                continue
            least, why = facts["min"], ""
            if twice := facts.get("least_twice"):
                least, why = 2 * getattr(self, twice), f" (twice {named[twice]})"
            if not least <= value <= facts["max"]:
                said, low, high = (
                    readable(declared.name, one) for one in (value, least, facts["max"])
                )
                also = f"; 0 means {facts['zero']}" if "zero" in facts else ""
                reason = why if value < least else ""
                yield f"{named[declared.name]}: {said} is outside {low}{reason} to {high}{also}"
        if 0 < self.retention_free_bytes <= self.disk_reserve_bytes:
            wanted, reserve = (
                readable("_bytes", one)
                for one in (self.retention_free_bytes, self.disk_reserve_bytes)
            )
            yield (
                f"{named['retention_free_bytes']}: {wanted} is not more than the {reserve} of "
                f"{named['disk_reserve_bytes']}: senders would be refused before room is made; "
                "give more, or 0 to remove nothing"
            )

    def _check_addresses(self, named: Mapping[str, str]) -> Iterator[str]:
        words = self._opened()
        if unknown := words - {"ingest", "ui"}:
            yield (
                f"{named['open']}: {', '.join(sorted(unknown))!r} is unknown; "
                "name ingest, ui or both"
            )
        listeners = (
            (named["grpc"], self.grpc, "ingest"),
            (named["http"], self.http, "ingest"),
            (named["ui"], self.ui, "ui"),
        )
        for (name, address, _), (other_name, other, _) in combinations(listeners, 2):
            if address.meets(other):
                yield (
                    f"{other_name} {other} is taken by {name} {address}; "
                    "give each listener an address of its own"
                )
        for name, address, word in listeners:
            if address.is_loopback or word in words:
                continue
            if word == "ui" and self.require_keys:
                yield (
                    f"{name} {address} is not a loopback address, and there is no login yet; "
                    "use 127.0.0.1, or say --open ui if everybody who reaches it may read"
                )
            elif not self.require_keys:
                keys = ", ask for keys with --require-keys" if word == "ingest" else ""
                yield (
                    f"{name} {address} is not a loopback address and no key is asked for there; "
                    f"use 127.0.0.1{keys}, or say --open {word} if everybody who reaches it may "
                    "use it"
                )

    def _opened(self) -> set[str]:
        return {word.strip() for word in self.open.split(",") if word.strip()}

    def asks_for_key(self, word: str) -> bool:
        """Whether `ingest` or `ui` needs a key."""
        return self.require_keys and word not in self._opened()

    def _check_tls(self, named: Mapping[str, str]) -> Iterator[str]:
        given = {
            name: getattr(self, name)
            for name in ("tls_cert", "tls_key", "tls_client_ca")
            if getattr(self, name)
        }
        for name in ("tls_cert", "tls_key"):
            if given and name not in given:
                others = " and ".join(named[other] for other in given)
                yield f"{named[name]} is missing beside {others}; give both, or leave TLS out"

    def to_json(self) -> dict[str, Any]:
        """For the child processes; `from_json` is its inverse."""
        values = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return {
            name: value if isinstance(value, int) else str(value) for name, value in values.items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The settings of `to_json`."""
        read: dict[str, Any] = {}
        for one in dataclasses.fields(cls):
            value = values[one.name]
            read[one.name] = value if isinstance(value, int) else parse(one, value, one.name)
        return cls(**read)


# Decoding fills and frees tens of MiB a second. By default glibc gives each of these buffers back
# to the system and faults its pages in again: 40 % of decoding, 8 % of the store process
# (measured).
_KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(256 * MIB),
    "MALLOC_TRIM_THRESHOLD_": str(512 * MIB),
    "MALLOC_TOP_PAD_": str(64 * MIB),
}


def child_environment() -> dict[str, str]:
    """What the processes of `clew serve` inherit; the allocator reads it before our code runs."""
    return {**_KEEP_MEMORY, **os.environ}
