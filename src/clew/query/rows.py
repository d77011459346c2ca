"""Arrow answers of the engine → Python values, column by column: a call per value is too slow.

Strings come as binary, because the engine does not promise UTF-8, and repeated ones as dictionary.
"""

from itertools import pairwise
from typing import Any

import pyarrow as pa


def values(column: pa.Array) -> list[Any]:
    """The column's values; bytes stay bytes, a dictionary is looked up."""
    if pa.types.is_dictionary(column.type):
        words = values(column.dictionary)
        return [words[index] for index in column.indices.to_pylist()]
    plain: list[Any] = column.to_pylist()
    return plain


def texts(column: pa.Array) -> list[str]:
    """A column of strings."""
    if pa.types.is_dictionary(column.type):
        words = texts(column.dictionary)
        return [words[index] for index in column.indices.to_pylist()]
    return [text(value) for value in column.to_pylist()]


def text(value: bytes) -> str:
    """A string of the store; what is no UTF-8 shows as U+FFFD, as the kernel writes it."""
    return value.decode("utf-8", "replace")


def records(table: pa.Table) -> list[dict[str, Any]]:
    """A small answer row by row; strings are for the caller to decode."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def lists(column: pa.Array, flat: list[Any]) -> list[list[Any]]:
    """The rows of a list column whose values, all rows in one list, are `flat`."""
    offsets = column.offsets.to_pylist()
    return [flat[first:last] for first, last in pairwise(offsets)]


def maps(column: pa.MapArray) -> list[list[tuple[str, Any]]]:
    """The rows of a map column as pairs in their order; a repeated key is there twice."""
    if not len(column.keys):
        # Most typed maps are empty in most blocks.
        return [[]] * len(column)
    return lists(column, list(zip(texts(column.keys), values(column.items), strict=True)))
