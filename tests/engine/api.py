"""The API over the store of a test, in process: no port, no sleep. Import the fixtures by name."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI

from clew.admin import KeysError, KeyWatch
from clew.api import Access, create_app
from clew.api.health import Facts
from clew.api.types import ErrorAnswer
from clew.settings import Settings
from tests import build
from tests.engine.conftest import FilledStore

NOW_NS = build.START_NS + build.SECOND_NS


class Status:
    """What the other processes would report."""

    def __init__(self) -> None:
        self.is_ready = True

    def ready(self) -> tuple[bool, dict[str, str]]:
        return self.is_ready, {"store": "ok" if self.is_ready else "starting"}

    def facts(self) -> Facts:
        return Facts(Settings(), uptime_s=1.5, figures={}, rates={})

    def metrics_text(self) -> str:
        return "clew_up 1\n"


class Client:
    """Asks the application and checks what every answer promises."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(
        self,
        path: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        **parameters: Any,
    ) -> httpx.Response:
        return asyncio.run(self._get(path, method, headers or {}, parameters))

    async def _get(
        self, path: str, method: str, headers: dict[str, str], parameters: dict[str, Any]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://clew") as client:
            response = await client.request(method, path, params=parameters, headers=headers)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        return response

    def error(self, path: str, status: int, **parameters: Any) -> dict[str, Any]:
        response = self.get(path, **parameters)
        assert response.status_code == status
        ErrorAnswer.model_validate(response.json())
        error: dict[str, Any] = response.json()["error"]
        return error


@pytest.fixture
def status() -> Status:
    return Status()


class NoKeys:
    """A store of keys that nobody can open."""

    @property
    def keys(self) -> Any:
        raise KeysError("there are no keys in this test")

    def check(self, secret: str, now_s: float) -> Any:
        raise KeysError("there are no keys in this test")


def no_keys() -> Access:
    return Access(NoKeys())


@pytest.fixture
def app(store: FilledStore, status: Status, tmp_path: Path) -> FastAPI:
    access = Access(KeyWatch(tmp_path, print))
    return create_app(store.reader(), status, access, now_ns=lambda: NOW_NS, wait_seconds=0.1)


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)
