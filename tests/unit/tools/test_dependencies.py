"""What is installed is locked by hash, and not older than what fixed known holes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCKED = (ROOT / "requirements/dev.txt").read_text()
# Fixed: recursion and segfaults in orjson, decompression in aiohttp, Range and forms in starlette,
# recursion in protobuf, parsing in h11 and in h2.
LEAST = {
    "orjson": (3, 11, 6),
    "aiohttp": (3, 13, 3),
    "starlette": (0, 49, 1),
    "protobuf": (5, 29, 5),
    "h11": (0, 16, 0),
    "h2": (4, 3, 0),
    "cryptography": (44, 0, 1),
    "uvicorn": (0, 30, 0),
}


def pinned() -> dict[str, tuple[str, str]]:
    """Name → version and what follows it, in the lock."""
    found = re.findall(r"^([\w.-]+)==(\S+) \\\n((?: +--hash=\S+(?: \\)?\n)+)", LOCKED, re.M)
    return {name.lower(): (version, hashes) for name, version, hashes in found}


def test_every_python_dependency_is_locked_by_hash() -> None:
    lines = [line for line in LOCKED.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert len(lines) > 50
    assert len(lines) == len(pinned())
    assert all("--hash=sha256:" in hashes for _, hashes in pinned().values())


@pytest.mark.parametrize("name", LEAST)
def test_locked_version_has_the_known_fixes(name: str) -> None:
    if name in pinned():
        version = tuple(int(part) for part in re.findall(r"\d+", pinned()[name][0])[:3])
        assert version >= LEAST[name]


def test_every_rust_dependency_is_locked_by_checksum() -> None:
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    assert len(packages) > 50
    for package in packages:
        # Those of this repository have no source.
        assert "source" not in package or re.fullmatch(r"[0-9a-f]{64}", package["checksum"]), (
            package
        )
        assert package.get("source", "registry+").startswith("registry+"), package
    makefile = (ROOT / "Makefile").read_text()
    assert "--require-hashes" in makefile
    assert "--locked" in makefile


def test_server_of_tests_is_locked_too() -> None:
    assert (
        '"integrity": "sha512-' in (ROOT / "requirements/clickhouse/package-lock.json").read_text()
    )


def test_what_users_may_install_has_the_known_fixes_too() -> None:
    asked = (ROOT / "pyproject.toml").read_text()
    assert '"orjson>=3.11.6"' in asked
    assert '"protobuf>=5.29.5"' in asked
