"""What the HTTP server refuses before the application sees it, in the shape of all errors."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from clew.api.headers import SAFE
from clew.api.types import ErrorAnswer, ErrorDetail
from clew.query.language import MAX_LENGTH

# Of a URL: the server's parser counts in 16 bits.
MAX_URL_BYTES = 2**16 - 1


class Protocol(HttpToolsProtocol):
    """uvicorn's, which says what it cannot read in plain text."""

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
