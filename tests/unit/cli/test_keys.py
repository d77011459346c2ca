"""Where the commands find their key, and what they make of a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from clew.cli.app import app
from clew.cli.client import Api, credentials
from clew.cli.options import api_key
from clew.cli.output import Failure


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("CLEW_API_KEY", "CLEW_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    token = api_key.set(None)
    yield
    api_key.reset(token)


def test_without_a_key_none_is_sent() -> None:
    assert credentials() == {}


def test_option_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("  of-the-file\n")
    monkeypatch.setenv("CLEW_API_KEY_FILE", str(tmp_path / "key"))
    assert credentials() == {"kf-api-key": "of-the-file"}
    api_key.set(" of-the-option ")
    assert credentials() == {"kf-api-key": "of-the-option"}


def test_file_without_a_key_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEW_API_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(Failure, match=r"cannot read the file .*No such file"):
        credentials()
    (tmp_path / "key").write_text("\n")
    with pytest.raises(Failure, match="is empty"):
        credentials()


@pytest.mark.parametrize("text", ["a\nb", "a\r\nx-other: b", "schlüssel", "a\x00b"])
def test_what_no_header_can_hold_is_not_sent_and_not_shown(text: str) -> None:
    api_key.set(text)
    with pytest.raises(Failure) as caught:
        credentials()
    assert text not in str(caught.value)


def test_key_goes_with_every_question() -> None:
    api_key.set("kf_x")
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["kf-api-key"])
        return httpx2.Response(200, json={})

    api = Api("http://h:1", transport=httpx2.MockTransport(answer))
    api.get("/")
    api.find("/")
    api.post("/", {})
    with api.stream("/") as pieces:
        assert pieces is not None
    assert seen == ["kf_x"] * 4


@pytest.mark.parametrize("code", ["missing_key", "unknown_key", "expired_key", "revoked_key"])
def test_refusal_says_where_a_key_comes_from(code: str) -> None:
    body: Any = {"error": {"code": code, "message": "No.", "hint": "of the API"}}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(401, json=body))
    with pytest.raises(Failure, match=r"No\. Give a key with --key, .*clew keys create"):
        Api("http://h:1", transport=transport).get("/")


def keys(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["keys", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "x"), "--scope"),
        (("create", "x", "--scope", "write"), "'write'"),
        (("create", "x", "--scope", "read", "--expires", "soon"), "not a duration"),
        (("create", "x", "--scope", "read", "--expires", "10ms"), "1 s or more in whole seconds"),
        (("create", "x", "--scope", "read", "--rate", "0"), "--rate"),
        (("rotate", "x", "--overlap", "-1d"), "not a duration"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_done(arguments: tuple[str, ...], said: str) -> None:
    done = keys(*arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_key_is_alone_on_standard_output(tmp_path: Path) -> None:
    folder = ("--data-dir", str(tmp_path / "data"))
    done = keys("create", "shop", "--scope", "ingest", *folder)
    assert done.exit_code == 0
    assert len(done.stdout) == 44
    assert done.stdout.strip() not in done.stderr
    rotated = keys("rotate", "shop", "--overlap", "0s", *folder)
    assert len(rotated.stdout) == 44
    listed = json.loads(keys("list", "--json", *folder).stdout)["keys"]
    assert [one["name"] for one in listed] == ["shop"]
    assert len(listed[0]["texts"]) == 2


def test_name_means_the_key_that_lives(tmp_path: Path) -> None:
    folder = ("--data-dir", str(tmp_path / "data"))
    for _ in range(2):
        keys("create", "shop", "--scope", "ingest", *folder)
        assert keys("revoke", "shop", *folder).exit_code == 0
    made = json.loads(keys("create", "shop", "--scope", "read", "--json", *folder).stdout)
    assert made["scope"] == "read"
    assert keys("rotate", "shop", *folder).exit_code == 0
    assert keys("revoke", made["id"].upper(), *folder).exit_code == 0
    states = [one["state"] for one in json.loads(keys("list", "--json", *folder).stdout)["keys"]]
    assert states == ["revoked"] * 3
