"""Questions and their answers. Every function takes the reader to ask; nothing here keeps state."""

from clew.query.language import QueryError
from clew.store import Reader, StoreError

__all__ = ["QueryError", "Reader", "StoreError"]
