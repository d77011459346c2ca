"""Who may ask: a key for reading where keys are asked for, one of an administrator for keys.

Probes and the document of the API are for everybody. A key in the address is refused everywhere:
it stands in logs by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clew import counters
from clew.admin import ADMIN, READ, Key, KeyRefused, Keys, KeysError, allows, scope_names
from clew.api.errors import RETRY_SECONDS, answer
from clew.api.given import given_key, is_in_query
from clew.api.types import ErrorDetail

KEYS_PATH = "/api/v1/keys"
DEMO_PATH = "/api/v1/demo"
TEST_TRACE_PATH = "/api/v1/arrival/test-trace"
_OPEN_TO_ALL = frozenset({"/livez", "/readyz", "/openapi.json"})
_MOST_BODY_BYTES = 1 << 16


class KeyStore(Protocol):
    """The keys as a process that serves has them."""

    @property
    def keys(self) -> Keys:
        """To change them; `KeysError` while they cannot be opened."""

    def check(self, secret: str, now_s: float) -> Key:
        """As `Keys.check`."""


@dataclass(frozen=True)
class Access:
    """`asks`: reading needs a key; `guards`: changing keys does."""

    store: KeyStore
    asks: bool = False
    guards: bool = False


class AccessCheck:
    """Passes on what may be asked."""

    def __init__(
        self, app: ASGIApp, access: Access, now_s: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._access = access
        self._now_s = now_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 403 or 503 for everything else."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        path = scope["path"]
        if path in _OPEN_TO_ALL:
            return None
        if is_in_query(scope["query_string"]):
            return _unauthorized(
                "key_in_query",
                "An API key must not be in the address, where every log on the way keeps it.",
                "Send it in the kf-api-key header, and revoke this one.",
            )
        administers = path in (KEYS_PATH, DEMO_PATH) or path.startswith(f"{KEYS_PATH}/")
        wanted = ADMIN if administers else READ
        if not (self._access.guards if administers else self._access.asks):
            return None
        try:
            secret = given_key(Headers(scope=scope))
            key = self._access.store.check(secret, self._now_s())
        except KeyRefused as refused:
            word = scope_names(wanted)[0]
            return _unauthorized(
                refused.reason,
                f"{_sentence(refused)}.",
                f"Send kf-api-key: KEY or authorization: Bearer KEY; clew keys create NAME "
                f"--scope {word} makes one.",
            )
        except KeysError:
            return keys_unavailable()
        if not allows(key.scopes, wanted):
            return _forbidden(key, wanted)
        return None


class JsonBodies:
    """Passes on changes only as JSON, which no form of a foreign page can send, and small ones."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 415 for others."""
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or not scope["path"].startswith((KEYS_PATH, DEMO_PATH, TEST_TRACE_PATH))
        ):
            await self._app(scope, receive, send)
            return
        kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            detail = ErrorDetail(
                code="unsupported_media_type",
                message=f"The body is {kind[:100]!r}, and has to be application/json.",
                hint="Send content-type: application/json.",
            )
            await answer(415, detail)(scope, receive, send)
            return
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > _MOST_BODY_BYTES or not message.get("more_body", False):
                break
        if size > _MOST_BODY_BYTES:
            detail = ErrorDetail(
                code="too_large", message=f"The body has more than {_MOST_BODY_BYTES} bytes."
            )
            await answer(413, detail, {"Connection": "close"})(scope, receive, send)
            return
        read = iter(messages)

        async def replay() -> Message:
            found = next(read, None)
            return await receive() if found is None else found

        await self._app(scope, replay, send)


def keys_unavailable(why: str = "") -> Response:
    """Nobody can say now which keys there are: never a reason to throw a key away."""
    counters.add("clew_api_refused_total", reason="keys_unavailable")
    detail = ErrorDetail(
        code="keys_unavailable",
        message="Clew cannot use its API keys now"
        + (f": {why}." if why else ", which says nothing about yours."),
        hint=None if why else "Ask again; its log says what is wrong with admin.sqlite.",
    )
    return answer(503, detail, {"Retry-After": str(RETRY_SECONDS)})


def _sentence(refused: KeyRefused) -> str:
    text = str(refused)
    return text[0].upper() + text[1:]


def _unauthorized(reason: str, message: str, hint: str) -> Response:
    counters.add("clew_api_refused_total", reason=reason)
    # RFC 6750: a request without a key gets no error in the challenge.
    error = "" if reason == "missing_key" else ', error="invalid_token"'
    challenge = {"WWW-Authenticate": f'Bearer realm="clew"{error}'}
    return answer(401, ErrorDetail(code=reason, message=message, hint=hint), challenge)


def _forbidden(key: Key, wanted: int) -> Response:
    counters.add("clew_api_refused_total", reason="wrong_scope")
    has, lacks = ", ".join(scope_names(key.scopes)), scope_names(wanted)[0]
    detail = ErrorDetail(
        code="wrong_scope",
        message=f"The key {key.name!r} is for {has}; this needs the scope {lacks}.",
        hint=f"Make one that has it: clew keys create NAME --scope {lacks}.",
    )
    challenge = f'Bearer realm="clew", error="insufficient_scope", scope="{lacks}"'
    return answer(403, detail, {"WWW-Authenticate": challenge})
