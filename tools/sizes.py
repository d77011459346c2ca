"""Fails when a source file has outgrown its place: 800 lines are the hard stop, 500 a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WARN_ABOVE = 500
STOP_ABOVE = 800
SQL_STOP_ABOVE = 150  # a longer statement is split into views
SUFFIXES = {".py", ".pyi", ".rs", ".sql", ".sh", ".ts", ".tsx", ".css"}
GENERATED = (".gen.ts",)


def source_files(root: Path) -> list[Path]:
    """What git tracks and what it would track, but for what programs write."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = (root / name for name in listed.split("\0") if name)
    return [
        file
        for file in files
        if file.suffix in SUFFIXES and not file.name.endswith(GENERATED) and file.is_file()
    ]


def verdict(path: str, lines: int) -> tuple[str, str] | None:
    """`("error" | "warning", message)` when a file is too long."""
    stop = SQL_STOP_ABOVE if path.endswith(".sql") else STOP_ABOVE
    if lines > stop:
        return "error", f"{path}: {lines} lines, and {stop} are the most; split it by what it does"
    if lines > WARN_ABOVE:
        return "warning", f"{path}: {lines} lines; is it still one thing?"
    return None


def main(root: Path) -> int:
    """Prints what is too long; 1 when something must be split."""
    failed = False
    for file in source_files(root):
        with file.open("rb") as lines:
            found = verdict(str(file.relative_to(root)), sum(1 for _ in lines))
        if found:
            level, message = found
            print(f"{level}: {message}", file=sys.stderr)
            failed = failed or level == "error"
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
