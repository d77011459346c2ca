"""How much the tests do: a part of their rounds by default; all where CLEW_THOROUGH is 1, as in
continuous integration. Tests marked `thorough` run only there.
"""

import os

THOROUGH = os.environ.get("CLEW_THOROUGH") == "1"


def rounds(quick: int, thorough: int) -> int:
    """The number of rounds for this run."""
    return thorough if THOROUGH else quick
