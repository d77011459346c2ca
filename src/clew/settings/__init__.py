"""Every setting, declared once in `declared.py`; the only package that reads the environment.

A value comes from a flag, else from the environment (`CLEW_` + name in capitals), else from the
settings file, else from the default. A bad value is a `ValueError` that says where it stands, what
is wrong and what is allowed; all mistakes are named at once, one a line.
"""

from clew.settings.declared import Settings, child_environment
from clew.settings.load import (
    FLAG_CONFIG,
    Loaded,
    Origin,
    check_file,
    env_name,
    flag_name,
    load,
)
from clew.settings.server_address import ServerAddress
from clew.settings.values import (
    GIB,
    MIB,
    Address,
    allowed,
    kind_name,
    readable,
    readable_size,
    rough_size,
)

__all__ = [
    "FLAG_CONFIG",
    "GIB",
    "MIB",
    "Address",
    "Loaded",
    "Origin",
    "ServerAddress",
    "Settings",
    "allowed",
    "check_file",
    "child_environment",
    "env_name",
    "flag_name",
    "kind_name",
    "load",
    "readable",
    "readable_size",
    "rough_size",
]
