"""What the engine's failures mean to those who call the store.

`transient` tells the write path whether waiting helps: a full disk or a memory limit passes, a
batch that the engine cannot read does not. An error nobody knows counts as permanent, because a
segment that fails for ever has to end in the dead-letter folder and not in an endless loop.
"""

import re

_CODE = re.compile(r"Code: (\d+)\.")

_TIMEOUT = frozenset({159, 160, 209, 394})
_MEMORY = frozenset({173, 241, 307, 396})

# The engine's numbers for conditions that pass by themselves or once room has been made.
_TRANSIENT = frozenset(
    {
        *_TIMEOUT,
        *_MEMORY,
        74,  # cannot read from a file
        75,  # cannot write to a file: also how a full disk shows
        76,  # cannot open a file: too many of them
        202,  # too many queries at once
        203,  # no free connection
        210,  # network
        216,  # the same insert is still running
        236,  # aborted: the engine shuts down
        242,  # the table is read-only for now
        243,  # no room for the part that is to be written
        252,  # too many parts: merges are behind
        279,  # no server of the cluster can be reached
        319,  # nobody knows whether the insert was done
        341,  # a deletion did not end in time
        425,  # the operating system refused
        439,  # no free thread
        999,  # the coordinator of the cluster
    }
)
_FULL = ("No space left on device", "Disk quota exceeded", "Too many open files")


class StoreError(Exception):
    """The engine refused or failed. `code` is its own number, 0 when it gave none."""

    def __init__(self, message: str, code: int = 0, *, transient: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.transient = transient

    @property
    def timeout(self) -> bool:
        """The query ran into its time limit."""
        return self.code in _TIMEOUT

    @property
    def memory(self) -> bool:
        """The query ran into its memory limit or its limit on rows returned."""
        return self.code in _MEMORY


class UnusableError(StoreError):
    """The store cannot be opened as it was named, and waiting does not help."""


class SchemaError(UnusableError):
    """The data was written by another version of Clew."""


def classify(message: str) -> StoreError:
    """The engine's error text as a `StoreError`."""
    match = _CODE.search(message)
    code = int(match[1]) if match else 0
    transient = code in _TRANSIENT or any(text in message for text in _FULL)
    return StoreError(message, code, transient=transient)
