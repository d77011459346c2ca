"""Builds and runs `clew-load`, the load generator of `bench/load`."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Report = dict[str, Any]


def build() -> Path:
    """The release binary, built when it is not fresh."""
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--package", "clew-load"], cwd=ROOT, check=True
    )
    return target_folder() / "release" / "clew-load"


def target_folder() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def start(
    binary: Path, options: Mapping[str, object], command_name: str = ""
) -> subprocess.Popen[str]:
    """Begins a run; options as on the command line, with `True` for a bare flag."""
    command = [str(binary), *([command_name] if command_name else [])]
    for name, value in options.items():
        command.append(f"--{name}")
        if value is not True:
            command.append(str(value))
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], limit_s: float) -> Report:
    try:
        output, errors = process.communicate(timeout=limit_s)
    finally:
        process.kill()  # does nothing to one that has ended
    if process.returncode != 0:
        raise RuntimeError(f"clew-load failed with {process.returncode}: {errors.strip()}")
    report: Report = json.loads(output)
    return report


def run(binary: Path, seconds: float, **options: object) -> Report:
    """One run of `seconds`; underscores in option names become dashes."""
    named = {name.replace("_", "-"): value for name, value in options.items() if value is not False}
    # Compressed payloads take up to a minute to make, and the last answers ten seconds to come.
    return finish(start(binary, {"seconds": seconds, **named}), seconds + 180)
