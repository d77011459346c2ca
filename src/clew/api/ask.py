"""The way from the event loop to the store: questions run in threads, a few at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Concatenate, ParamSpec, TypeVar

from anyio import CancelScope, to_thread

from clew.api.errors import ApiError
from clew.query import Reader

WAIT_SECONDS = 5.0
READ_AHEAD_BYTES = 1 << 20

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Ask:
    """Lets in as many questions as the reader has connections; the others wait, not for long."""

    def __init__(self, reader: Reader, wait_seconds: float = WAIT_SECONDS) -> None:
        self._reader = reader
        self._queries = asyncio.Semaphore(reader.queries)
        self._streams = asyncio.Semaphore(reader.streams)
        self._wait_seconds = wait_seconds

    async def __call__(
        self,
        question: Callable[Concatenate[Reader, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """The answer of a function of `query`, which runs in a thread."""
        async with self._turn(self._queries):
            return await to_thread.run_sync(lambda: question(self._reader, *args, **kwargs))

    async def stream(self, question: Callable[[Reader], Generator[bytes]]) -> "Pieces | None":
        """Like a call, for an answer that comes in pieces; None when it has none."""
        turn = AsyncExitStack()
        await turn.enter_async_context(self._turn(self._streams))
        pieces = Pieces(question(self._reader), turn)
        if await pieces.read_ahead():
            return pieces
        return None

    @asynccontextmanager
    async def _turn(self, turns: asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turns.acquire()
        except TimeoutError:
            raise ApiError(
                503,
                "busy",
                f"All connections to the store were in use for {self._wait_seconds:g} s.",
                "Ask again after the seconds of Retry-After, fewer questions at a time, or of a "
                "shorter range; /api/v1/status says how many are answered at once.",
                retry=True,
            ) from None
        try:
            yield
        finally:
            turns.release()


class Pieces:
    """An answer under way. It holds a turn until all of it is read, or until it is closed.

    Most answers are read before the first byte is sent, so that a slow client holds nothing.
    """

    def __init__(self, source: Generator[bytes], turn: AsyncExitStack) -> None:
        self._ready: deque[bytes] = deque()
        self._source: Generator[bytes] | None = source
        self._turn = turn

    async def read_ahead(self) -> bool:
        """Read what may wait in memory; False when there is nothing at all."""
        size = 0
        while size < READ_AHEAD_BYTES and (piece := await self._read()) is not None:
            self._ready.append(piece)
            size += len(piece)
        return size > 0

    async def next(self) -> bytes | None:
        """The next piece, None after the last."""
        return self._ready.popleft() if self._ready else await self._read()

    async def close(self) -> None:
        """Give the turn back, whatever is left to read."""
        source, self._source = self._source, None
        if source is not None:
            async with self._turn:
                await to_thread.run_sync(source.close)

    async def _read(self) -> bytes | None:
        if self._source is None:
            return None
        try:
            piece = await to_thread.run_sync(next, self._source, None)
        except BaseException:
            with CancelScope(shield=True):
                await self.close()
            raise
        if piece is None:
            await self.close()
        return piece
