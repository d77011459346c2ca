"""Keys for the kernel, which looks at one for each request: all of them, anew when they changed.

Who can read the keys no longer still knows those it read last, and goes by them for a while: that
admin.sqlite is damaged must not stop every sender at once. A key that is not among them may be new,
so it is neither taken nor called wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from clew.admin.database import FILE, KeysError
from clew.admin.keys import Keys, Snapshot

LOOK_EVERY_S = 0.5
WRITE_USE_EVERY_S = 10.0
# Longer than a repair at hand, shorter than a night in which nobody can revoke anything.
GO_BY_OLD_FOR_S = 600.0

Present = Callable[[Snapshot | None, bool], None]


class Handover:
    """Reads the keys and presents them whenever they changed; one thread's."""

    def __init__(
        self,
        data_dir: Path,
        *,
        log: Callable[[str], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data_dir = data_dir
        self._log = log
        self._now_s = now_s
        self._keys: Keys | None = None
        self._file: tuple[int, int] | None = None
        self._version: int | None = None
        self._known: Snapshot | None = None
        self._read_at = now_s()
        self._looked = self._written = -1e9
        self._trouble = ""
        self._presented: tuple[bool, bool] = (False, False)

    def first(self) -> Snapshot | None:
        """What to begin with; None: the keys cannot be read, which is logged."""
        self._read()
        self._presented = (self._known is not None, not self._trouble)
        return self._known

    def look(self, present: Present, used: Callable[[], dict[bytes, int]]) -> None:
        """Call it often. `used` gives the keys used since the last time, in Unix seconds."""
        now = self._now_s()
        if now - self._looked < LOOK_EVERY_S:
            return
        self._looked = now
        changed = self._read()
        if self._trouble and now - self._read_at > GO_BY_OLD_FOR_S:
            self._known = None
        state = (self._known is not None, not self._trouble)
        if changed or state != self._presented:
            present(self._known, not self._trouble)
            self._presented = state
        if self._keys and now - self._written >= WRITE_USE_EVERY_S:
            self._written = now
            try:
                self._keys.used(used())
            except KeysError as error:
                self._log(f"cannot write when API keys were used last: {error}")

    def state(self) -> str:
        """`ok`, or the trouble in words."""
        return self._trouble or "ok"

    def is_lost(self) -> bool:
        """No key is known at all."""
        return self._known is None

    def close(self) -> None:
        """Ends the connection."""
        if self._keys:
            self._keys.close()
            self._keys = None

    def _read(self) -> bool:
        """Whether the keys are others than before."""
        try:
            changed = self._read_changed()
        except (KeysError, OSError) as error:
            if not self._trouble:
                known = "" if self._known is None else "; those known are good for 10 minutes"
                self._log(f"cannot read the API keys: {error}{known}")
            self._trouble = f"the API keys cannot be read: {error}"
            self.close()
            return False
        if self._trouble:
            self._log("reads the API keys again")
        self._trouble = ""
        self._read_at = self._now_s()
        return changed

    def _read_changed(self) -> bool:
        if self._keys is not None or self._known is not None:
            # A file that is gone must not be made anew, empty: every key would be unknown.
            found = (self._data_dir / FILE).stat()
            file = (found.st_dev, found.st_ino)
            if self._keys is not None and file != self._file:
                self.close()
        if self._keys is None:
            self._keys = Keys(self._data_dir)
            found = (self._data_dir / FILE).stat()
            self._file, self._version = (found.st_dev, found.st_ino), None
        version = self._keys.version()
        if version == self._version:
            return False
        # In this order: a change between the two is seen the next time.
        self._version, known = version, self._keys.snapshot()
        changed, self._known = known != self._known, known
        return changed
