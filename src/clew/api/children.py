"""Clew's own commands, run by the server for who looks at its pages: a test trace, the demo shop.

They are clients like any other and come in by the front door. One of each at a time; none outlives
this process.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from clew.api.errors import ApiError
from clew.settings import Settings, child_environment

DEMO_S = 600
SEND_WITHIN_S = 20.0
_STOP_WITHIN_S = 3.0
_MOST_SAID = 2000
# The kernel ends it with the thread that started it, which is the event loop's.
_PROGRAM = (
    "import sys; from clew.control import die_with_parent; "
    "die_with_parent(int(sys.argv.pop(1))); from clew.cli.app import main; main()"
)


@dataclass(frozen=True)
class _Running:
    process: asyncio.subprocess.Process
    ends_s: float


class Children:
    """Used from the event loop only."""

    def __init__(
        self, settings: Callable[[], Settings], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._now_s = now_s
        self._demo: _Running | None = None
        self._sending = asyncio.Lock()

    @property
    def available(self) -> bool:
        """Their way in needs no certificates of somebody else's."""
        return not self._settings().tls_cert

    def demo_ends_in(self) -> int | None:
        """Seconds until the demo shop ends by itself; None: it does not run."""
        if self._demo is None or self._demo.process.returncode is not None:
            return None
        return max(0, round(self._demo.ends_s - self._now_s()))

    async def send(self, key: str | None) -> str:
        """Send a test trace; its id once it is acknowledged."""
        self._check("send a test trace", "clew send --ca FILE", key)
        async with self._sending:
            process = await self._start(key, "send", "--json", "--endpoint", self._endpoint())
            try:
                async with asyncio.timeout(SEND_WITHIN_S):
                    said, trouble = await process.communicate()
            except TimeoutError:
                process.kill()
                await process.wait()
                raise ApiError(
                    504, "test_trace_failed", f"No answer within {SEND_WITHIN_S:g} s."
                ) from None
        if process.returncode != 0:
            text = trouble.decode("utf-8", "replace").strip()[-_MOST_SAID:]
            raise ApiError(502, "test_trace_failed", f"The test trace was refused: {text}")
        found = json.loads(said)["traceId"]
        assert isinstance(found, str)
        return found

    async def start_demo(self, key: str | None) -> None:
        """Start the demo shop, if it does not run."""
        self._check("start the demo shop", "clew demo --ca FILE", key)
        if self.demo_ends_in() is None:
            arguments = ("--duration", f"{DEMO_S}s", "--endpoint", self._endpoint())
            # With something to look at from the beginning.
            process = await self._start(key, "demo", "--history", "10m", *arguments, quiet=True)
            self._demo = _Running(process, self._now_s() + DEMO_S)

    async def stop_demo(self) -> None:
        """End it, and wait until it has."""
        if self._demo is None or self._demo.process.returncode is not None:
            return
        process = self._demo.process
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _check(self, what: str, instead: str, key: str | None) -> None:
        if not self.available:
            raise ApiError(
                409,
                "needs_certificates",
                f"Senders need TLS here, so the server cannot {what} by itself.",
                f"Run {instead}.",
            )
        if not key and self._settings().asks_for_key("ingest"):
            raise ApiError(
                400, "missing_key", f"Senders need a key here, also to {what}.", "Make one first."
            )

    def _endpoint(self) -> str:
        address = self._settings().http
        host = "127.0.0.1" if address.host in ("0.0.0.0", "::") else address.host
        return f"http://[{host}]:{address.port}" if ":" in host else f"http://{host}:{address.port}"

    async def _start(
        self, key: str | None, *arguments: str, quiet: bool = False
    ) -> asyncio.subprocess.Process:
        environment = child_environment()
        if key:
            environment["CLEW_API_KEY"] = key
        pipe = asyncio.subprocess.DEVNULL if quiet else asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PROGRAM,
            str(os.getpid()),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            env=environment,
        )
