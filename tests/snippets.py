"""The snippets of the "Send data" page, filled as the page fills them.

The rules are those of web/src/pages/send/snippets/render.ts; golden.json there holds both to them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "web/src/pages/send/snippets"

_PLACE = re.compile(r"\{\{(\w+(?:\+\w+)*) (\w+)\}\}")
_HOST = re.compile(r"^(\w+://)(\[[^\]]*\]|[^:/]*)")
_UNPRINTABLE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_PLAIN = re.compile(r"[a-zA-Z0-9_@%+=:,./-]+")
# What encodeURIComponent leaves as it is, beside letters, digits and _.-~
_UNRESERVED = "!*'()"

Values = dict[str, str | None]


def catalogue() -> list[dict[str, Any]]:
    """Languages with their steps."""
    found: list[dict[str, Any]] = json.loads((FOLDER / "catalogue.json").read_text())
    return found


def values_of(endpoint: str, grpc_endpoint: str, service: str, key: str | None) -> Values:
    """What templates can name."""
    loopback = is_loopback(endpoint)
    tls = endpoint.startswith("https://")
    return {
        "endpoint": endpoint,
        "grpc_endpoint": grpc_endpoint,
        "pod_endpoint": _HOST.sub(r"\1YOUR-CLEW-HOST", endpoint) if loopback else endpoint,
        "service": service,
        "key": key,
        "key_header": None if key is None else f"kf-api-key: {key}",
        "headers": None if key is None else f"kf-api-key={quote(key, safe=_UNRESERVED)}",
        "tls": "yes" if tls else None,
        "plain": None if tls else "yes",
    }


def is_loopback(endpoint: str) -> bool:
    found = _HOST.match(endpoint)
    host = found[2] if found else ""
    return host in {"localhost", "[::1]"} or host.startswith("127.")


def snippet(name: str, values: Values) -> str:
    """The template of this name, filled."""
    return render((FOLDER / "templates" / name).read_text(), values)


def render(template: str, values: Values) -> str:
    kept = (
        _PLACE.sub(lambda place: _filled(place, values), line)
        for line in template.split("\n")
        if all(values[name] is not None for form, name in _PLACE.findall(line) if form == "when")
    )
    return "\n".join(kept)


def _filled(place: re.Match[str], values: Values) -> str:
    if place[1] == "when":
        return ""
    value = values[place[2]] or ""
    for form in reversed(place[1].split("+")):
        value = _FORMS[form](value)
    return value


def _shell(value: str) -> str:
    plain = _UNPRINTABLE.sub("", value)
    if _PLAIN.fullmatch(plain):
        return plain
    return "'" + plain.replace("'", "'\"'\"'") + "'"


def _json(value: str) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


_FORMS = {
    "shell": _shell,
    "yaml": _json,
    "json": _json,
    "dollars": lambda value: value.replace("$", "$$"),
}
