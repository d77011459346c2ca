"""The keys of a process that serves: opened when they can be, looked at often, rarely written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from clew.admin.database import FILE, KeysError
from clew.admin.handover import GO_BY_OLD_FOR_S
from clew.admin.keys import Key, Keys

LOOK_EVERY_S = 0.5
WRITE_EVERY_S = 10.0


class KeyWatch(threading.Thread):
    """A change is known within a second. What goes wrong is said once, and is no end."""

    def __init__(
        self,
        data_dir: Path,
        log: Callable[[str], None],
        *,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="keys", daemon=True)
        self._data_dir = data_dir
        self._log = log
        self._clock_s = clock_s
        self._keys: Keys | None = None
        self._ended = threading.Event()
        self._used: dict[bytes, int] = {}
        self._wrote = self._clock_s()
        self._read_at = self._clock_s()
        self.trouble = ""
        self.look()

    @property
    def keys(self) -> Keys:
        """`KeysError` while they cannot be opened."""
        if self._keys is None:
            raise KeysError(self.trouble)
        return self._keys

    def check(self, secret: str, now_s: float) -> Key:
        """As `Keys.check`; notes the use."""
        if self.trouble and self._clock_s() - self._read_at > GO_BY_OLD_FOR_S:
            raise KeysError(self.trouble)
        key = self.keys.check(secret, now_s)
        self._used[key.id] = int(now_s)
        return key

    def look(self) -> None:
        """Opens the keys, or brings them up to date."""
        try:
            trouble = self._keys.look() if self._keys else ""
            if self._keys is None or trouble:
                self._open()
                trouble = ""
            self._read_at = self._clock_s()
        except (KeysError, OSError) as error:
            trouble = str(error)
        if trouble != self.trouble:
            self._log(f"keys: {trouble or 'can be read again'}")
        self.trouble = trouble

    def _open(self) -> None:
        before = self._keys
        if before is not None:
            # A file that is gone must not be made anew, empty: every key would be unknown.
            (self._data_dir / FILE).stat()
        # What was known stays known until there is something to read again.
        self._keys = Keys(self._data_dir)
        if before is not None:
            before.close()

    def run(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self.look()
            if self._clock_s() - self._wrote >= WRITE_EVERY_S:
                self._write()

    def stop(self) -> None:
        """Ends the thread; what is not yet written is."""
        self._ended.set()
        if self.is_alive():
            self.join()
        self._write()
        if self._keys is not None:
            self._keys.close()

    def _write(self) -> None:
        self._wrote = self._clock_s()
        used, self._used = self._used, {}
        try:
            if self._keys is not None and not self.trouble:
                self._keys.used(used)
        except KeysError as error:
            # Only "last used" is behind; `look` finds out whether more is wrong.
            self._log(f"keys: when they were last used is not written: {error}")
