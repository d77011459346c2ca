"""Who may be asked for by name: a page on another site must not read traces through a DNS trick.

A browser that was led to this machine under a foreign name says that name in `Host`.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from clew.api.errors import answer
from clew.api.types import ErrorDetail

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# They tell nothing that a stranger could use, and probes call them by any name.
_OPEN_TO_ALL = frozenset({"/livez", "/readyz", "/metrics"})


class HostCheck:
    """Passes on what was asked of one of these hosts, by name or address, without port."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 for any other host."""
        if scope["type"] == "http" and scope["path"] not in _OPEN_TO_ALL:
            given = Headers(scope=scope).get("host", "")
            if _name(given) not in self._hosts:
                detail = ErrorDetail(
                    code="wrong_host",
                    message=f"This server does not answer to the name {given[:100]!r}.",
                    hint=f"Ask it as one of: {', '.join(sorted(self._hosts))}. "
                    "A proxy in front of it has to send one of them as Host.",
                )
                await answer(421, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _name(host: str) -> str:
    """`[::1]:7070` → `::1`, `LocalHost:7070` → `localhost`."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return name.lower() if not port or port.startswith(":") else ""
    return host.partition(":")[0].lower().removesuffix(".")
