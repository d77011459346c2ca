"""Pages and their files beside the API, without a store."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx
import pytest

from clew.api import Access, create_app
from clew.headers import SAFE

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "ui"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<meta name="csp-nonce" content="__CSP_NONCE__">')
    (folder / "assets" / "index-abc.js").write_text("let clew = 1;\n" * 200)
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def app(built: Path) -> Any:
    reader: Any = SimpleNamespace(queries=1, streams=1)
    keys: Any = SimpleNamespace()
    # Everything of the API asks for a key here.
    return create_app(reader, keys, Access(keys, asks=True, guards=True), ui=built)


def ask(
    built: Path, path: str, accept: str = BROWSER, method: str = "GET", **headers: str
) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app(built), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://clew") as client:
            return await client.request(method, path, headers={"accept": accept, **headers})

    return asyncio.run(asked())


@pytest.mark.parametrize("path", ["/", "/traces", "/traces/00ff", "/send", "/anything/else"])
def test_browser_gets_the_page_without_a_key(built: Path, path: str) -> None:
    answer = ask(built, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


def test_page_allows_nothing_but_files_of_ours_and_a_new_nonce(built: Path) -> None:
    first, second = ask(built, "/"), ask(built, "/")
    policy = first.headers["content-security-policy"]
    (nonce,) = re.findall(r"style-src 'self' 'nonce-([\w-]{20,})'", policy)
    assert f'content="{nonce}"' in first.text
    assert nonce not in second.text
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert first.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/nowhere", "*/*"), ("/traces", "application/json"), ("/robots.txt", BROWSER)],
)
def test_program_that_asks_for_a_page_gets_what_the_api_says(
    built: Path, path: str, accept: str
) -> None:
    assert "error" in ask(built, path, accept).json()


def test_pages_are_only_read(built: Path) -> None:
    assert ask(built, "/traces", method="HEAD").status_code == 200
    assert "error" in ask(built, "/traces", method="POST").json()


def test_no_page_hides_a_route_of_the_api(built: Path) -> None:
    reader: Any = SimpleNamespace(queries=1, streams=1)
    nothing: Any = SimpleNamespace()
    routes: Any = create_app(reader, nothing, Access(nothing)).routes
    for route in routes:
        answer = ask(built, re.sub(r"\{.*?\}", "x", route.path))
        assert "text/html" not in answer.headers["content-type"], route.path


def test_files_may_be_kept_for_ever_and_are_what_they_say(built: Path) -> None:
    answer = ask(built, "/assets/index-abc.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == SAFE["Content-Security-Policy"]
    again = ask(built, "/assets/index-abc.js", **{"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nothing.js",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets//etc/passwd",
        "/assets/",
        "/assets/%00",
        "/assets/" + "a" * 5000,
    ],
)
def test_nothing_else_is_given_out(built: Path, path: str) -> None:
    answer = ask(built, path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert answer.headers["cache-control"] == "no-store"


def test_ui_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    answer = ask(tmp_path / "nothing", "/")
    assert answer.status_code == 404
    assert "make ui" in answer.text
