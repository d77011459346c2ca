"""The intake process: the kernel's listeners and journal under policy. It holds no database.

Started by the supervisor with a control channel as its only argument. It ends when it is told to
(the open segment is sealed first), when the supervisor is gone, or when the disk refuses a write:
then only a new process may try again.
"""

from __future__ import annotations

import resource
import signal
import sys
import threading
from typing import Any

from clew import _kernel
from clew.control import Channel, die_with_parent
from clew.settings import Settings

REPORT_EVERY_S = 0.5
STOP_WITHIN_S = 3.0
SPARE_DESCRIPTORS = 64


def kernel_config(settings: Settings, fds: list[int], fault: str) -> dict[str, Any]:
    """What `_kernel.Intake` takes; sizes in bytes."""
    return {
        "journal": str(settings.data_dir / "journal"),
        "listeners": fds,
        "max_request_bytes": settings.max_request_bytes,
        "max_connections": settings.max_connections,
        "memory_bytes": settings.intake_memory_bytes,
        "journal_max_bytes": settings.journal_max_bytes,
        "disk_reserve_bytes": settings.disk_reserve_bytes,
        "fault": fault,
    }


def raise_descriptor_limit(connections: int) -> None:
    """A connection is a descriptor; the usual soft limit of 1,024 is far below the cap."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_DESCRIPTORS
    if soft < wanted:
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))


def run(channel: Channel) -> int:
    """Serves until it is told to stop; the exit status."""
    first = channel.receive(10)
    if first is None:
        raise TimeoutError("the supervisor sent no settings within 10 s")
    die_with_parent(first["parent"])
    settings = Settings.from_json(first["settings"])
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the supervisor decides
    raise_descriptor_limit(settings.max_connections)
    intake = _kernel.Intake(kernel_config(settings, first["fds"], first["fault"]))
    status = 0
    try:
        while not stopping.is_set():
            channel.send({"ready": True, "metrics": intake.counters()})
            if intake.failed():
                print("clew: intake: the disk failed; starting again", file=sys.stderr)  # noqa: T201 # the process's log
                status = 1
                break
            try:
                channel.receive(REPORT_EVERY_S)  # nothing to obey yet but the end of the channel
            except EOFError:
                break
    finally:
        intake.stop(STOP_WITHIN_S)
    return status


def main() -> int:
    return run(Channel(int(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
