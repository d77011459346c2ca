"""`clew config` from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clew.cli.config import text_of
from clew.settings import Settings
from tests.unit.settings.test_load import WithSecret


def config(*arguments: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clew", "config", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", **environ},
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / ".config" / "clew" / "clew.toml"
    path.parent.mkdir(parents=True)
    path.write_text('retention_days = "30d"\nmax_connections = 7\n')
    return path


def test_every_value_is_shown_with_its_source(file: Path, tmp_path: Path) -> None:
    done = config("show", "--http", "127.0.0.1:9", home=tmp_path, CLEW_MAX_CONNECTIONS="8")
    assert done.returncode == 0
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert lines["retention_days"] == ["30", f"{file}:1"]
    assert lines["max_connections"] == ["8", "env", "CLEW_MAX_CONNECTIONS"]
    assert lines["http"] == ["127.0.0.1:9", "--http"]
    assert lines["grpc"] == ["127.0.0.1:4317", "default"]
    assert lines["store_max_bytes"] == ["0", "(no", "cap)", "default"]
    assert "fault" not in lines
    assert str(file) in done.stderr


def test_json_has_plain_values(file: Path, tmp_path: Path) -> None:
    shown = json.loads(config("show", "--json", home=tmp_path).stdout)
    assert shown["file"] == str(file)
    found = {one["name"]: one for one in shown["settings"]}
    assert found["journal_max_bytes"]["value"] == 8 << 30
    assert found["retention_days"]["source"] == {"kind": "file", "name": f"{file}:1"}


def test_file_without_mistakes_is_valid(file: Path, tmp_path: Path) -> None:
    done = config("validate", str(file), home=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{file}: 2 settings, no mistakes\n")


def test_every_mistake_of_a_file_is_printed(file: Path, tmp_path: Path) -> None:
    file.write_text('retention = 3\nui = "x"\n')
    done = config("validate", str(file), home=tmp_path)
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == [f"{file}:1", f"{file}:2"]
    assert config("show", home=tmp_path).returncode == 1


def test_secret_is_masked() -> None:
    assert text_of("password", WithSecret(password="open sesame")) == "********"
    assert text_of("password", WithSecret()) == "-"
    assert text_of("journal_max_bytes", Settings()) == "8GiB"
