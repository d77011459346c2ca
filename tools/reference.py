"""Writes docs/reference/commands.md from the program itself; `make reference` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from clew.cli.app import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "commands.md"
HEAD = """# Commands

Written by `make reference` from the program; `clew COMMAND --help` says the same.
A setting of `clew serve` comes from its flag, else from the variable that `[env: …]` names.
Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""


def text() -> str:
    """The page."""
    names = [command.name for command in app.registered_commands if command.name]
    sections = [f"\n## clew {name}\n\n```text\n{_help(name)}```\n" for name in names]
    return HEAD + "".join(sections)


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
    """Writes the page."""
    os.makedirs(PAGE.parent, exist_ok=True)
    PAGE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
