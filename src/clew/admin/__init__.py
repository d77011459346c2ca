"""What must not vanish although it is no trace: API keys, in DATA/admin.sqlite.

A key itself is never kept, only its hash and the first characters. Every process that needs keys
opens the file by itself, and the command line too: SQLite lets them in together.
"""

from clew.admin.database import FILE, KeysError
from clew.admin.keys import ConflictError, Key, KeyRefused, Keys, Secret
from clew.admin.scopes import ADMIN, INGEST, READ, SCOPES, allows, parse_scopes, scope_names
from clew.admin.secret import find_key, is_whole
from clew.admin.shown import describe
from clew.admin.watch import KeyWatch

__all__ = [
    "ADMIN",
    "FILE",
    "INGEST",
    "READ",
    "SCOPES",
    "ConflictError",
    "Key",
    "KeyRefused",
    "KeyWatch",
    "Keys",
    "KeysError",
    "Secret",
    "allows",
    "describe",
    "find_key",
    "is_whole",
    "parse_scopes",
    "scope_names",
]
