"""Values of settings as people write them. The end of a name says the unit of a number."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from pathlib import Path
from typing import Any, NamedTuple

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
TIB = 1 << 40
# The largest bound; it stands for "no bound" in what people read.
NO_BOUND = 1 << 62

_EVERYWHERE = ("0.0.0.0", "::")
_SIZES = {"": 1, "k": 1 << 10, "m": MIB, "g": GIB, "t": TIB}
_DAYS = {"": 1, "d": 1, "w": 7}
_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")
_NUMBER = re.compile(r"([0-9]{1,20}) ?([a-z]*)", re.IGNORECASE)


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


def parse(declared: dataclasses.Field[Any], text: str, source: str) -> Any:
    """The value that a text means; `source` names the place in the message."""
    match declared.type:
        case "Path":
            try:
                return Path(text).expanduser()
            except RuntimeError as error:
                raise ValueError(f"{source}: {text!r}: {error}; write the whole path") from None
        case "Address":
            return Address.parse(text, source)
        case "int":
            return _parse_number(declared.name, text, source)
        case "bool":
            return _parse_switch(text, source)
        case _:
            return text


def _parse_switch(text: str, source: str) -> bool:
    word = text.strip().lower()
    if word not in (*_YES, *_NO):
        raise ValueError(f"{source}: {text!r} is neither true nor false")
    return word in _YES


def _parse_number(name: str, text: str, source: str) -> int:
    found = _NUMBER.fullmatch(text.strip())
    unit = found[2].lower() if found else ""
    if name.endswith("_bytes"):
        units, what = _SIZES, "a size; give for example 1048576 or 512MiB"
        unit = unit.removesuffix("ib")
    elif name.endswith("_days"):
        units, what = _DAYS, "a number of days; give for example 14, 14d or 2w"
    else:
        units, what = {"": 1}, "a number; give for example 4096"
    if found is None or unit not in units:
        raise ValueError(f"{source}: {text!r} is not {what}")
    return int(found[1]) * units[unit]


def readable(name: str, value: object) -> str:
    """As `parse` reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and name.endswith("_bytes"):
        return readable_size(value)
    return str(value)


def readable_size(value: int) -> str:
    """In the largest unit, from MiB on, of which it is a whole number."""
    for unit, text in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB")):
        if value and value % unit == 0:
            return f"{value // unit}{text}"
    return str(value)


def rough_size(value: float) -> str:
    """To compare two sizes: `1.2 GiB`."""
    for unit, text in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (1 << 10, "KiB")):
        if value >= unit:
            return f"{value / unit:.1f} {text}"
    return f"{value:.0f} bytes"


def kind_name(declared: dataclasses.Field[Any]) -> str:
    """What is written there, in one word."""
    if declared.type == "int":
        units = {"_bytes": "size", "_days": "days"}
        return next((word for end, word in units.items() if declared.name.endswith(end)), "number")
    if declared.metadata.get("file"):
        return "file"
    return {"Path": "folder", "Address": "address", "bool": "switch"}.get(
        str(declared.type), "text"
    )


def allowed(declared: dataclasses.Field[Any]) -> str:
    """The bounds in words; nothing when every value is fine."""
    facts = declared.metadata
    if declared.type == "bool":
        return "true or false"
    if "min" not in facts:
        return ""
    least = readable(declared.name, facts["min"])
    if "least_twice" in facts:
        least = f"twice {facts['least_twice']}"
    bounds = (
        f"at least {least}"
        if facts["max"] >= NO_BOUND
        else f"{least} to {readable(declared.name, facts['max'])}"
    )
    return f"0 ({facts['zero']}), or {bounds}" if "zero" in facts else bounds
