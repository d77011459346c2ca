"""Writes docs/reference from the program itself; `make reference` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from clew import counters
from clew.cli.app import app

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
HEAD = """# Commands

Written by `make reference` from the program; `clew COMMAND --help` says the same.
A setting of `clew serve` comes from its flag, else from the variable that `[env: …]` names.
Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""
METRICS_HEAD = """# Metrics

Written by `make reference` from the program; the text of `/metrics` says the same.
A histogram has samples that end in `_bucket`, `_sum` and `_count`, a summary in the last two.

| Metric | Type | What it tells |
| --- | --- | --- |
"""


def commands() -> str:
    """The page of the command line."""
    names = [command.name for command in app.registered_commands if command.name]
    sections = [f"\n## clew {name}\n\n```text\n{_help(name)}```\n" for name in names]
    return HEAD + "".join(sections)


def metrics() -> str:
    """The page of the metrics."""
    return METRICS_HEAD + "".join(
        f"| `{name}` | {metric.kind} | {metric.help} |\n"
        for name, metric in sorted(counters.declared().items())
    )


PAGES = {"commands.md": commands, "metrics.md": metrics}


def _help(name: str) -> str:
    # Nobody's terminal and nobody's settings show in the page.
    kept = {key: value for key, value in os.environ.items() if key in ("HOME", "PATH")}
    done = subprocess.run(
        [sys.executable, "-m", "clew", name, "--help"],
        env={**kept, "COLUMNS": "80"},
        check=True,
        capture_output=True,
        text=True,
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def main() -> int:
    """Writes the pages."""
    os.makedirs(FOLDER, exist_ok=True)
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
