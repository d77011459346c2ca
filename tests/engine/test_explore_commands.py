"""`clew operations` and `clew attributes` against the API over the real engine."""

import httpx2 as httpx
import orjson
import pytest

from clew.cli import attributes, operations
from clew.cli.client import Api
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

pytestmark = pytest.mark.embedded_only("the commands know the API, not the engine")
RANGE = {"start": "1795348800", "end": "1795348801"}


@pytest.fixture
def served(store: FilledStore, client: Client, monkeypatch: pytest.MonkeyPatch) -> FilledStore:
    """Commands reach the application without a port."""

    def pass_on(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        answer = client.get(path, **dict(request.url.params))
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    monkeypatch.setattr(
        "clew.cli.client.Api", lambda url: Api(url, transport=httpx.MockTransport(pass_on))
    )
    store.take(
        build.request(
            build.span("GET /cart", attrs={"a/b": "x y", "n": 1}, error=True),
            build.span("GET /cart", span_id=2, attrs={"n": 1}),
        )
    )
    return store


def test_operations_are_printed(served: FilledStore, capsys: pytest.CaptureFixture[str]) -> None:
    operations.command("shop", limit=5, **RANGE)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["SERVICE", "OPERATION", "KIND", "SPANS", "ERRORS"],
        ["shop", "GET", "/cart", "server", "2", "1"],
    ]
    operations.command("none", limit=5, **RANGE)
    assert "'none' has not sent spans" in capsys.readouterr().err


def test_keys_and_values_are_printed(
    served: FilledStore, capsys: pytest.CaptureFixture[str]
) -> None:
    attributes.command(scope="span", limit=5, **RANGE)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["KEY", "SCOPE", "TYPE", "SPANS"],
        ["n", "span", "int", "2"],
        ["a/b", "span", "string", "1"],
    ]
    attributes.command("a/b", query="{ status = error }", limit=5, **RANGE, json=True)
    (value,) = orjson.loads(capsys.readouterr().out)["values"]
    assert value == {"value": "x y", "type": "string", "spanCount": 1}
