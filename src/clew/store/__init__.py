"""The only package that talks to the engine; see `store.Store` for what it promises."""

from clew.store.errors import SchemaError, StoreError, UnusableError
from clew.store.reader import Reader
from clew.store.store import DetachedPart, Store

__all__ = ["DetachedPart", "Reader", "SchemaError", "Store", "StoreError", "UnusableError"]
