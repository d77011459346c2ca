"""Writes docs/reference from the program itself; `make reference` runs it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

from clew import counters
from clew.cli.app import app
from clew.cli.setting_options import is_for_tests, shown_default
from clew.settings import Settings, allowed, env_name, flag_name, kind_name

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
HEAD = """# Commands

Written by `make reference` from the program; `clew COMMAND --help` says the same.
A setting of `clew serve` comes from its flag, else the variable `[env: …]`, else the file.
All settings are in [settings.md](settings.md).
Exit status: 0 done, 1 failed, 2 wrong usage.
As after signals: 130 interrupted, 141 nobody reads the output any more (`| head`), 143 terminated.
"""
SETTINGS_HEAD = """# Settings

Written by `make reference` from the program.
A value comes from the flag of `clew serve`, else the environment, else the settings file.
`clew config show` says which, and which values are defaults.
A size is a number of bytes or has a unit: `512MiB`, `8GiB`, `1TiB`.
Days are a number, or have a unit: `14d`, `2w`.
How the settings file is found and written is in [configure.md](../guides/configure.md).
"""
SETTING_HEAD = """| In the file | Flag | Environment | Type | Default | Allowed |
| --- | --- | --- | --- | --- | --- |
"""
METRICS_HEAD = """# Metrics

Written by `make reference` from the program; the text of `/metrics` says the same.
A histogram has samples that end in `_bucket`, `_sum` and `_count`, a summary in the last two.

| Metric | Type | What it tells |
| --- | --- | --- |
"""


def commands() -> str:
    """The page of the command line."""
    names = [[command.name] for command in app.registered_commands if command.name]
    for group in app.registered_groups:
        inner = group.typer_instance
        assert inner is not None
        commands = (command.name for command in inner.registered_commands)
        names += [[str(inner.info.name), name] for name in commands if name]
    sections = [f"\n## clew {' '.join(name)}\n\n```text\n{_help(*name)}```\n" for name in names]
    return HEAD + "".join(sections)


def settings() -> str:
    """The page of the settings."""
    mine = os.environ.pop("XDG_DATA_HOME", None)
    try:
        return SETTINGS_HEAD + "".join(
            _setting(one) for one in dataclasses.fields(Settings) if not is_for_tests(one)
        )
    finally:
        if mine is not None:
            os.environ["XDG_DATA_HOME"] = mine


def _setting(one: dataclasses.Field[object]) -> str:
    shown = shown_default(one)
    facts = [
        f"`{one.name}`",
        f"`{flag_name(one.name)}`",
        f"`{env_name(one.name)}`",
        kind_name(one),
        shown if shown.startswith("twice") else f"`{shown}`" if shown else "none",
        allowed(one) or "any",
    ]
    if one.metadata.get("secret"):
        facts[2] += f", `{env_name(one.name)}_FILE`"
    return f"\n## {one.name}\n\n{one.metadata['help']}\n\n{SETTING_HEAD}| {' | '.join(facts)} |\n"


def metrics() -> str:
    """The page of the metrics."""
    return METRICS_HEAD + "".join(
        f"| `{name}` | {metric.kind} | {metric.help} |\n"
        for name, metric in sorted(counters.declared().items())
    )


PAGES = {"commands.md": commands, "metrics.md": metrics, "settings.md": settings}


def _help(*name: str) -> str:
    # Nobody's terminal and nobody's settings show in the page.
    kept = {key: value for key, value in os.environ.items() if key in ("HOME", "PATH")}
    done = subprocess.run(
        [sys.executable, "-m", "clew", *name, "--help"],
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
