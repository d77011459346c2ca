"""`clew version`"""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version


def command() -> None:
    """Print the version."""
    machine = f"{sys.platform} {platform.machine()}"
    print(f"clew {version('clew')} (Python {platform.python_version()}, {machine})")
