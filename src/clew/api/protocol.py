"""What the HTTP server refuses before the application sees it, in the shape of all errors."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from clew.api.errors import RETRY_SECONDS
from clew.api.errors import answer as error_answer
from clew.api.types import ErrorAnswer, ErrorDetail
from clew.headers import SAFE
from clew.query.language import MAX_LENGTH

# Of a URL: the server's parser counts in 16 bits.
MAX_URL_BYTES = 2**16 - 1
# A request that is not whole by then is not waited for: its connection is one of few.
REQUEST_WITHIN_S = 15.0
# Answered however many are connected: who restarts a busy server makes it worse.
_PROBES = (b"/livez", b"/readyz")

_BUSY = ErrorDetail(
    code="too_many_connections",
    message="More clients are connected than this server takes.",
    hint="Try again in a few seconds.",
)


class Protocol(HttpToolsProtocol):
    """uvicorn's, which says what it cannot read in plain text, and waits for it without end."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._most_connections, self.limit_concurrency = self.limit_concurrency, None
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Begin to wait for a request's end with its first byte."""
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        if self._late is None and (cycle is None or cycle.response_complete):
            self._wait()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Hand the request to the application, or to a refusal when too many are connected."""
        app = self.app
        most = self._most_connections
        if most is not None and len(self.connections) > most and self.url not in _PROBES:
            headers = {**SAFE, "Retry-After": str(RETRY_SECONDS), "Connection": "close"}
            self.app = error_answer(503, _BUSY, headers)
        super().on_headers_complete()
        self.app = app

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._wait_no_longer()
        super().on_message_complete()

    def _wait(self) -> None:
        self._late = self.loop.call_later(REQUEST_WITHIN_S, self._give_up)

    def _wait_no_longer(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self.transport is not None:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse the request that is being read, and hang up; uvicorn's words do not help."""
        size = len(getattr(self, "url", b""))
        if size > MAX_URL_BYTES:
            status = b"414 URI Too Long"
            detail = ErrorDetail(
                code="url_too_long",
                message=f"The URL has {size} bytes, {MAX_URL_BYTES} can be read.",
                hint=f"Ask with a shorter query: it may have {MAX_LENGTH} characters.",
            )
        else:
            status = b"400 Bad Request"
            detail = ErrorDetail(
                code="bad_request",
                message="What came in is no HTTP request.",
                hint="Percent-encode what stands in the URL; curl does with --data-urlencode.",
            )
        body = ErrorAnswer(error=detail).model_dump_json(by_alias=True, exclude_none=True).encode()
        headers = {
            **SAFE,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        lines = [f"{name}: {value}".encode() for name, value in headers.items()]
        self.transport.write(b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", body]))
        self.transport.close()
