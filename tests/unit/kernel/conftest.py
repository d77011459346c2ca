"""Property tests run with few examples; `CLEW_THOROUGH=1` runs many."""

import os

import pytest
from hypothesis import HealthCheck, settings

_THOROUGH = os.environ.get("CLEW_THOROUGH") == "1"

# The kernel answers in microseconds; building the examples is slow, more so on a busy machine.
_SLOW_TO_BUILD = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "quick", max_examples=40, deadline=None, suppress_health_check=_SLOW_TO_BUILD
)
settings.register_profile(
    "thorough", max_examples=2_000, deadline=None, suppress_health_check=_SLOW_TO_BUILD
)
settings.load_profile("thorough" if _THOROUGH else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _THOROUGH:
        for item in items:
            if item.path.parent.name == "kernel":
                item.add_marker(pytest.mark.timeout(1_800))
