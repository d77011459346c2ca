"""Who answers on the UI port, and what the store process is told about it."""

import asyncio
import socket
from collections.abc import Callable

from clew.serve import Supervisor
from clew.settings import Settings


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 # what changes has no event
            await asyncio.sleep(0.01)


def test_supervisor_says_until_when_it_takes_requests() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    sockets = dict.fromkeys(("grpc", "http", "ui"), listening)

    async def run() -> None:
        supervisor = Supervisor(Settings(), sockets)
        answering = asyncio.create_task(supervisor._answer_health_while_alone())
        await until(lambda: supervisor._others()["supervisor"]["answers"])
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 503")
        writer.close()
        supervisor._changed.clear()
        supervisor._set_ready(supervisor.store, ready=True)
        await until(lambda: not supervisor._others()["supervisor"]["answers"])
        assert supervisor._changed.is_set(), "the store process is told at once"
        # Nobody but the store process takes what comes from now on.
        _, writer = await asyncio.open_connection(*listening.getsockname())
        await asyncio.sleep(0)
        taken, _ = await asyncio.to_thread(listening.accept)
        taken.close()
        writer.close()
        answering.cancel()

    listening.settimeout(10)
    try:
        asyncio.run(run())
    finally:
        listening.close()
