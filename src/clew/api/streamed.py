"""A response that is sent while it is made."""

from anyio import CancelScope, create_task_group, fail_after
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from clew.api.ask import Pieces

# A client that takes nothing for so long loses its answer, or a few such clients would hold
# every connection to the store.
STALL_SECONDS = 20.0


class Streamed(Response):
    """Sends the pieces one by one. A failure after the first cuts the answer off, visibly."""

    media_type = "application/json"

    def __init__(self, pieces: Pieces, stall_seconds: float = STALL_SECONDS) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._pieces = pieces
        self._stall_seconds = stall_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run until the last piece is sent or the client is gone."""
        try:
            async with create_task_group() as group:

                async def leave_when_the_client_does() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(leave_when_the_client_does)
                await self._send_all(send)
                group.cancel_scope.cancel()
        finally:
            with CancelScope(shield=True):
                await self._pieces.close()

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        while (piece := await self._pieces.next()) is not None:
            with fail_after(self._stall_seconds):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
