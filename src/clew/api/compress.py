"""Compressed answers, for those who ask for them."""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class Gzip:
    """Starlette's looks for the word in `Accept-Encoding`, which is also in `gzip;q=0`."""

    def __init__(self, app: ASGIApp, minimum_size: int, compresslevel: int) -> None:
        self._app = GZipMiddleware(app, minimum_size, compresslevel)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with the word alone for a request that wants it."""
        if scope["type"] == "http":
            given = ",".join(Headers(scope=scope).getlist("accept-encoding"))
            headers = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
            wish = [(b"accept-encoding", b"gzip")] if _wanted(given) else []
            scope = {**scope, "headers": headers + wish}
        await self._app(scope, receive, send)


def _wanted(accepted: str) -> bool:
    """`br, gzip;q=0.5` wants gzip."""
    for one in accepted.lower().split(","):
        coding, *parameters = (part.strip() for part in one.split(";"))
        if coding == "gzip":
            return not any(_is_zero(parameter) for parameter in parameters)
    return False


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False
