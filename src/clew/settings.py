"""Every setting, declared once: name, type, default, help.

A value comes from a flag, else from the environment (`CLEW_` + name in capitals), else from the
default. This is the only module that reads the environment. A bad value is a `ValueError` that
names it and says what to do.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

GIB = 1 << 30
MIB = 1 << 20


class Address(NamedTuple):
    """Where a listener is bound."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, name: str) -> Address:
        """`HOST:PORT`, `[::1]:PORT` or `:PORT` (every address of the machine)."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or not port.isdigit() or int(port) > 65535:
            raise ValueError(
                f"{name}: {text!r} is not an address; give HOST:PORT, for example 127.0.0.1:4317"
            )
        return cls(host.strip("[]") or "0.0.0.0", int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

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
        metadata={"help": "Largest OTLP request, after decompression; a larger one is refused."},
    )
    max_connections: int = field(
        default=4096, metadata={"help": "Most connections to the OTLP ports at one time."}
    )
    intake_memory_bytes: int = field(
        default=256 * MIB,
        metadata={"help": "Most memory for request bodies that are being received or written."},
    )
    journal_max_bytes: int = field(
        default=8 * GIB,
        metadata={"help": "Most journal on disk; above it senders are asked to send again."},
    )
    disk_reserve_bytes: int = field(
        default=1 * GIB,
        metadata={"help": "Free disk space below which senders are asked to send again."},
    )
    store_memory_bytes: int = field(
        default=4 * GIB, metadata={"help": "Most memory for the embedded store's engine."}
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
        """Settings from flags (None means: not given), else the environment, else the defaults."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for declared in dataclasses.fields(cls):
            text, source = flags.get(declared.name), f"--{declared.name.replace('_', '-')}"
            if text is None:
                source = env_name(declared.name)
                text = environ.get(source)
            if text is not None:
                values[declared.name] = _parse(declared.type, text, source)
        settings = cls(**values)
        settings.check()
        return settings

    def check(self) -> None:
        """Refuses what would be open to the network without anybody having said so."""
        allowed = {word.strip() for word in self.open.split(",") if word.strip()}
        unknown = allowed - {"ingest", "ui"}
        if unknown:
            raise ValueError(
                f"--open: {', '.join(sorted(unknown))!r} is unknown; name ingest, ui or both"
            )
        for name, address, word in (
            ("--grpc", self.grpc, "ingest"),
            ("--http", self.http, "ingest"),
            ("--ui", self.ui, "ui"),
        ):
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


# Decoding fills and frees tens of MiB a second. By default glibc gives each of these buffers back to
# the system and faults its pages in again: 40 % of decoding, 8 % of the store process (measured).
_KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(256 * MIB),
    "MALLOC_TRIM_THRESHOLD_": str(512 * MIB),
    "MALLOC_TOP_PAD_": str(64 * MIB),
}


def child_environment() -> dict[str, str]:
    """What the processes of `clew serve` inherit; the allocator reads it before any code of ours."""
    return {**_KEEP_MEMORY, **os.environ}


def env_name(name: str) -> str:
    return f"CLEW_{name.upper()}"


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


def _parse(kind: Any, text: str, source: str) -> Any:
    if kind == "Path":
        return Path(text).expanduser()
    if kind == "Address":
        return Address.parse(text, source)
    if kind == "int":
        return _parse_size(text, source)
    return text


_UNITS = {"": 1, "k": 1 << 10, "kib": 1 << 10, "m": MIB, "mib": MIB, "g": GIB, "gib": GIB}


def _parse_size(text: str, source: str) -> int:
    digits = text.strip().rstrip("kKmMgGiIbB")
    unit = text.strip()[len(digits) :].lower()
    if not digits.strip().isdigit() or unit not in _UNITS:
        raise ValueError(f"{source}: {text!r} is not a number; give for example 1048576 or 512MiB")
    return int(digits) * _UNITS[unit]
