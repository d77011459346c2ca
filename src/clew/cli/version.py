"""`clew version`"""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version


def command() -> None:
    """Print the version."""
    print(text())


def text() -> str:
    """One line."""
    machine = f"{sys.platform} {platform.machine()}"
    return f"clew {version('clew')} (Python {platform.python_version()}, {machine})"
