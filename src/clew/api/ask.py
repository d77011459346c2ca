"""The way from the event loop to the store: questions run in threads, a few at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Concatenate, ParamSpec, TypeVar

from anyio import to_thread

from clew.api.errors import ApiError
from clew.query import Reader

WAIT_SECONDS = 5.0

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Ask:
    """Lets in as many questions as the reader has connections; the others wait, not for long."""

    def __init__(self, reader: Reader, wait_seconds: float = WAIT_SECONDS) -> None:
        self._reader = reader
        self._turns = asyncio.Semaphore(reader.connections)
        self._wait_seconds = wait_seconds

    async def __call__(
        self,
        question: Callable[Concatenate[Reader, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """The answer of a function of `query`, which runs in a thread."""
        async with self._turn():
            return await to_thread.run_sync(lambda: question(self._reader, *args, **kwargs))

    async def stream(self, question: Callable[[Reader], Generator[bytes]]) -> "Pieces | None":
        """Like a call, for an answer that comes in pieces; None when it has none."""
        turn = AsyncExitStack()
        await turn.enter_async_context(self._turn())
        async with turn:
            pieces = question(self._reader)
            first = await to_thread.run_sync(next, pieces, None)
            return None if first is None else Pieces(first, pieces, turn.pop_all())

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise ApiError(
                503,
                "busy",
                f"All {self._reader.connections} connections to the store were in use for "
                f"{self._wait_seconds:g} s.",
                "Try again in a few seconds.",
                retry=True,
            ) from None
        try:
            yield
        finally:
            self._turns.release()


class Pieces:
    """An answer under way. Who has one closes it: until then it holds a turn and a connection."""

    def __init__(self, first: bytes, rest: Generator[bytes], turn: AsyncExitStack) -> None:
        self._first: bytes | None = first
        self._rest = rest
        self._turn = turn

    async def next(self) -> bytes | None:
        """The next piece, None after the last."""
        first, self._first = self._first, None
        return first if first is not None else await to_thread.run_sync(next, self._rest, None)

    async def close(self) -> None:
        """Give the turn back, whatever is left to read."""
        async with self._turn:
            await to_thread.run_sync(self._rest.close)
