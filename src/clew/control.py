"""The pipe between the supervisor and each of its processes: one JSON object a line, both ways.

It also tells each side that the other is gone: reading ends. A process additionally asks the kernel
to be killed with its supervisor, because a SIGKILL leaves no time for anything else.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
from typing import Any

# A process ends with it when starting again would not help (EX_CONFIG of sysexits.h).
FINAL_STATUS = 78

_PR_SET_PDEATHSIG = 1
_MAX_LINE = 4 << 20


class Channel:
    """The child's end; the supervisor reads and writes its end through asyncio."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._buffer = b""

    def send(self, message: dict[str, Any]) -> None:
        self._socket.sendall(encode(message))

    def receive(self, timeout_s: float | None) -> dict[str, Any] | None:
        """The next message, or None after `timeout_s`. `EOFError` when the supervisor is gone."""
        while b"\n" not in self._buffer:
            self._socket.settimeout(timeout_s)
            try:
                got = self._socket.recv(1 << 16)
            except TimeoutError:
                return None
            finally:
                self._socket.settimeout(None)
            if not got:
                raise EOFError("the supervisor closed the control channel")
            self._buffer += got
            if len(self._buffer) > _MAX_LINE:
                raise ValueError("a control message is larger than 4 MiB")
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        self._socket.close()


def encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def die_with_parent(parent_pid: int) -> None:
    """Linux only; elsewhere the end of the channel does it, a little later."""
    if hasattr(os, "pidfd_open"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent_pid:
            raise SystemExit("the supervisor ended before this process started")
