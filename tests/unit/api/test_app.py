"""What holds for every answer of the application, without a store."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx
import pytest

from clew.api import Access, create_app
from clew.api.app import COMPRESS_FROM_BYTES


class Broken:
    """A status that cannot be told."""

    def ready(self) -> tuple[bool, dict[str, str]]:
        raise RuntimeError

    def facts(self) -> Any:
        raise RuntimeError

    def metrics_text(self) -> str:
        return "clew_up 1\n" * COMPRESS_FROM_BYTES


def get(path: str, **headers: str) -> httpx.Response:
    reader: Any = SimpleNamespace(queries=1, streams=1)
    keys: Any = SimpleNamespace()
    app = create_app(reader, Broken(), Access(keys))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://clew") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_answer_of_a_fault_has_the_headers_of_all_answers() -> None:
    for path, status in (("/livez", 200), ("/nowhere", 404), ("/readyz", 500)):
        answer = get(path)
        assert answer.status_code == status
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["error"]["code"] == "internal"


def test_missing_parameter_is_named() -> None:
    answer = get(f"/api/v1/traces/{'ab' * 16}/spans")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["message"] == "ids: the parameter is missing."
    assert error["hint"].startswith("Give it: ?ids=…; ")


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZIP ;q=0.5", True),
        ("gzip;q=0", False),
        ("identity, gzip; q=0.000", False),
        ("br", False),
        ("not-gzip", False),
    ],
)
def test_answer_is_compressed_for_those_who_take_it(accepted: str, packed: bool) -> None:
    answer = get("/metrics", **{"Accept-Encoding": accepted})
    assert answer.text.startswith("clew_up 1\n")
    assert (answer.headers.get("content-encoding") == "gzip") is packed
