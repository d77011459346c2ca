"""The application with real keys in a folder, and nothing to read behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx

from clew.admin import KeyWatch
from clew.api import Access, create_app

JSON = {"content-type": "application/json"}


class Status:
    """What needs no store."""

    def ready(self) -> tuple[bool, dict[str, str]]:
        return True, {"store": "ok"}

    def facts(self) -> Any:
        raise NotImplementedError

    def metrics_text(self) -> str:
        return "clew_up 1\n"


class Keyed:
    """An application that asks for keys, unless told otherwise."""

    def __init__(self, folder: Path, *, asks: bool = True, guards: bool = True) -> None:
        self.said: list[str] = []
        self.watch = KeyWatch(folder, self.said.append)
        reader: Any = SimpleNamespace(queries=1, streams=1)
        self._app = create_app(reader, Status(), Access(self.watch, asks=asks, guards=guards))

    def make(self, *scopes: str, **more: Any) -> str:
        """A new key's text."""
        return self.watch.keys.create(" ".join(scopes) + " key", scopes, **more)[1]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://clew") as client:
                return await client.request(method, path, **more)

        answer = asyncio.run(asked())
        assert answer.headers["cache-control"] == "no-store"
        return answer

    def get(self, path: str, key: str | None = None, **headers: str) -> httpx.Response:
        given = {} if key is None else {"kf-api-key": key}
        return self.ask("GET", path, headers={**given, **headers})

    def post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        given = {} if key is None else {"kf-api-key": key}
        return self.ask("POST", path, json=body, headers=given)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
