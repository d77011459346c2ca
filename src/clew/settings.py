"""Every setting, declared once: name, type, default, help.

A value comes from a flag, else from the environment (`CLEW_` + name in capitals), else from the
default. This is the only module that reads the environment. A bad value is a `ValueError` that
names it and says what to do.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

GIB = 1 << 30
MIB = 1 << 20
_EVERYWHERE = ("0.0.0.0", "::")


class Address(NamedTuple):
    """Where a listener is bound."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, name: str) -> Address:
        """`HOST:PORT`, `[::1]:PORT` or `:PORT` (every address of the machine)."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
            raise ValueError(
                f"{name}: {text!r} is not an address; give HOST:PORT, for example 127.0.0.1:4317"
            )
        return cls(host.strip("[]") or "0.0.0.0", int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def meets(self, other: Address) -> bool:
        """Whether only one of the two can be listened on. Port 0 is a new port for each."""
        if self.port != other.port or self.port == 0:
            return False
        mine, its = ("127.0.0.1" if one.host == "localhost" else one.host for one in (self, other))
        same_family = (":" in mine) == (":" in its)
        return mine == its or (same_family and (mine in _EVERYWHERE or its in _EVERYWHERE))

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


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
    intake_memory_bytes: int = field(
        default=256 * MIB,
        # Its least is twice max_request_bytes, see check().
        metadata={
            "help": "Most memory for request bodies that are being received or written.",
            "min": 2,
            "max": 1 << 40,
        },
    )
    journal_max_bytes: int = field(
        default=8 * GIB,
        metadata={
            "help": "Most journal on disk; above it senders are asked to send again.",
            "min": 64 * MIB,
            "max": 1 << 62,
        },
    )
    disk_reserve_bytes: int = field(
        default=1 * GIB,
        metadata={
            "help": "Free disk space below which senders are asked to send again.",
            "min": 0,
            "max": 1 << 62,
        },
    )
    store_memory_bytes: int = field(
        default=4 * GIB,
        metadata={
            "help": "Most memory for the embedded store's engine.",
            "min": 512 * MIB,
            "max": 1 << 62,
        },
    )
    fault: str = field(
        default="",
        metadata={
            "help": "For tests: NAME@N,… kills a process when it passes fault point NAME for the "
            "N-th time; each life of a process takes the next of its points."
        },
    )

    @classmethod
    def load(
        cls, flags: Mapping[str, str | None], environ: Mapping[str, str] | None = None
    ) -> Settings:
        """Settings from flags (None means: not given), else the environment, else the defaults.

        An empty variable counts as not given; an empty flag is a mistake.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for declared in dataclasses.fields(cls):
            text, source = flags.get(declared.name), flag_name(declared.name)
            if text is None:
                source = env_name(declared.name)
                text = environ.get(source) or None
            elif not text.strip():
                raise ValueError(f"{source} is empty; give a value, or leave it out")
            if text is not None:
                values[declared.name] = _parse(declared.type, text, source)
                sources[declared.name] = source
        settings = cls(**values)
        settings.check(sources)
        return settings

    def check(self, sources: Mapping[str, str] | None = None) -> None:
        """Refuses what cannot work, and listening openly without anybody's word.

        `sources` names the flag or variable that a value came from.
        """
        defaults = {one.name: flag_name(one.name) for one in dataclasses.fields(self)}
        named = {**defaults, **(sources or {})}
        self._check_sizes(named)
        if os.path.exists(self.data_dir) and not os.path.isdir(self.data_dir):
            raise ValueError(
                f"{named['data_dir']}: {str(self.data_dir)!r} is not a folder; name another"
            )
        self._check_addresses(named)

    def _check_sizes(self, named: Mapping[str, str]) -> None:
        for declared in dataclasses.fields(self):
            if "min" not in declared.metadata:
                continue
            least, most = declared.metadata["min"], declared.metadata["max"]
            if declared.name == "intake_memory_bytes":
                least = 2 * self.max_request_bytes
            value = getattr(self, declared.name)
            if not least <= value <= most:
                why = (
                    f" (twice {named['max_request_bytes']})"
                    if declared.name == "intake_memory_bytes" and value < least
                    else ""
                )
                raise ValueError(
                    f"{named[declared.name]}: {readable_size(value)} is outside "
                    f"{readable_size(least)}{why} to {readable_size(most)}"
                )

    def _check_addresses(self, named: Mapping[str, str]) -> None:
        allowed = {word.strip() for word in self.open.split(",") if word.strip()}
        unknown = allowed - {"ingest", "ui"}
        if unknown:
            raise ValueError(
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
                raise ValueError(
                    f"{other_name} {other} is taken by {name} {address}; "
                    "give each listener an address of its own"
                )
        for name, address, word in listeners:
            if not address.is_loopback and word not in allowed:
                raise ValueError(
                    f"{name} {address} is not a loopback address and no key is asked for there; "
                    f"use 127.0.0.1, or say --open {word} if everybody who reaches it may use it"
                )

    def to_json(self) -> dict[str, Any]:
        """For the child processes; `from_json` is its inverse."""
        return {
            declared.name: _plain(getattr(self, declared.name))
            for declared in dataclasses.fields(self)
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        read: dict[str, Any] = {}
        for declared in dataclasses.fields(cls):
            value = values[declared.name]
            is_number = isinstance(value, int)
            read[declared.name] = (
                value if is_number else _parse(declared.type, value, declared.name)
            )
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


def flag_name(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def env_name(name: str) -> str:
    return f"CLEW_{name.upper()}"


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


def _parse(kind: Any, text: str, source: str) -> Any:
    if kind == "Path":
        try:
            return Path(text).expanduser()
        except RuntimeError as error:
            raise ValueError(f"{source}: {text!r}: {error}; write the whole path") from None
    if kind == "Address":
        return Address.parse(text, source)
    if kind == "int":
        return _parse_size(text, source)
    return text


_UNITS = {"": 1, "k": 1 << 10, "kib": 1 << 10, "m": MIB, "mib": MIB, "g": GIB, "gib": GIB}


_SIZE = re.compile(r"([0-9]{1,20}) ?([a-z]*)", re.IGNORECASE)


def _parse_size(text: str, source: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None or found[2].lower() not in _UNITS:
        raise ValueError(f"{source}: {text!r} is not a number; give for example 1048576 or 512MiB")
    return int(found[1]) * _UNITS[found[2].lower()]


def readable_size(value: int) -> str:
    """As `_parse_size` reads it: whole MiB where it is such, else the number."""
    return f"{value // MIB}MiB" if value and value % MIB == 0 else str(value)
