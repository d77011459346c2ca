"""The intake process: the kernel's listeners and journal under policy. It holds no database.

Started by the supervisor with a control channel as its only argument. It ends when it is told to
(the open segment is sealed first), when the supervisor is gone, or when the disk refuses a write:
then only a new process may try again.
"""

from __future__ import annotations

import math
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from clew import _kernel
from clew.admin.handover import Handover
from clew.admin.keys import Snapshot
from clew.control import Channel, die_with_parent
from clew.settings import Settings, rough_size
from clew.tls import LOOK_EVERY_S, Files, Pem, Watch

REPORT_EVERY_S = 0.5
STOP_WITHIN_S = 3.0
SPARE_DESCRIPTORS = 128
REFUSED_FULL = 'clew_intake_spans_refused_total{reason="journal_full"}'
# How long after a refusal the state tells of it.
REFUSING_FOR_S = 5.0


def kernel_config(
    settings: Settings,
    fds: list[int],
    fault: str,
    pem: Pem | None = None,
    keys: Snapshot | None = None,
) -> dict[str, Any]:
    """What `_kernel.Intake` takes; sizes in bytes. Without keys, none is known yet."""
    return {
        "journal": str(settings.data_dir / "journal"),
        "listeners": fds,
        "max_request_bytes": settings.max_request_bytes,
        "max_connections": settings.max_connections,
        "max_connections_per_address": settings.max_connections_per_address,
        "max_spans_per_second": settings.max_spans_per_second,
        "max_attributes": settings.max_attributes,
        "max_value_bytes": settings.max_value_bytes,
        "memory_bytes": settings.intake_memory_bytes,
        "journal_max_bytes": settings.journal_max_bytes,
        "disk_reserve_bytes": settings.disk_reserve_bytes,
        "fault": fault,
        "require_keys": settings.asks_for_key("ingest"),
        "keys": keys,
        "tls": (pem.certificate, pem.key, pem.client_ca) if pem else None,
    }


class State:
    """Whether spans are taken, in words, from the kernel's counters as they come."""

    def __init__(self, settings: Settings, now_s: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now_s = now_s
        self._refused = 0.0
        self._refused_at = -math.inf

    def of(self, figures: Mapping[str, float], keys: str = "") -> str:
        """`ok`, or why senders are asked to send again; `keys` says that none is known."""
        if keys and self._settings.asks_for_key("ingest"):
            return f"refusing: {keys}"
        free = figures.get("clew_journal_disk_free_bytes", math.inf)
        if free < self._settings.disk_reserve_bytes:
            return (
                f"refusing: {rough_size(free)} free on the disk, "
                f"reserve {rough_size(self._settings.disk_reserve_bytes)}"
            )
        # A full journal has room for a small request and none for a large one: only refusals tell.
        refused = figures.get(REFUSED_FULL, 0)
        if refused > self._refused:
            self._refused, self._refused_at = refused, self._now_s()
        if self._now_s() - self._refused_at < REFUSING_FOR_S:
            return (
                f"refusing: the journal holds {rough_size(figures.get('clew_journal_bytes', 0))} "
                f"of {rough_size(self._settings.journal_max_bytes)}, the store is behind"
            )
        return "ok"


def tls_watch(settings: Settings, pem: Pem | None, intake: _kernel.Intake) -> Watch | None:
    """Of the settings' files; None without TLS. The other processes look too, and say nothing."""
    files = Files.of(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    if files is None or pem is None:
        return None

    def present(pem: Pem) -> None:
        intake.replace_tls(pem.certificate, pem.key, pem.client_ca)

    return Watch(files, pem, present, log=log)


def log(text: str) -> None:
    print(f"clew: intake: {text}", file=sys.stderr, flush=True)  # noqa: T201 # the process's log


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
    pem = Pem.from_json(first["tls"])
    keys = Handover(settings.data_dir, log=log)
    config = kernel_config(settings, first["fds"], first["fault"], pem, keys.first())
    intake = _kernel.Intake(config)
    watch, looked = tls_watch(settings, pem, intake), -math.inf
    status, was, state = 0, "ok", State(settings)
    try:
        while not stopping.is_set():
            keys.look(intake.set_keys, intake.keys_used)
            figures: dict[str, float] = dict(intake.counters())
            checks = {"keys": keys.state()} if settings.require_keys else {}
            if watch:
                if time.monotonic() - looked >= LOOK_EVERY_S:
                    watch.look()
                    looked = time.monotonic()
                figures |= watch.figures()
                checks["tls"] = watch.state()
            now = state.of(figures, keys.state() if keys.is_lost() else "")
            if (now == "ok") != (was == "ok"):
                said = "takes spans again" if now == "ok" else now
                log(said)
            was = now
            report = {"ready": True, "state": now, "checks": checks, "metrics": figures}
            if watch and watch.pem != pem:
                # The next life of this process begins with it, whatever the files are by then.
                pem = watch.pem
                report["tls"] = pem.to_json()
            channel.send(report)
            if intake.failed():
                log("the disk failed; starting again")
                status = 1
                break
            try:
                channel.receive(REPORT_EVERY_S)  # nothing to obey yet but the end of the channel
            except EOFError:
                break
    finally:
        intake.stop(STOP_WITHIN_S)
        keys.close()
    return status


def main() -> int:
    return run(Channel(int(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
