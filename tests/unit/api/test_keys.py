"""`/api/v1/keys`, in process, with real keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clew.admin.keys import LONGEST_NAME
from tests.unit.api.keyed import JSON, Keyed, code

KEYS = "/api/v1/keys"
ASKED = {"name": "shop", "scopes": ["ingest"]}


@pytest.fixture
def keyed(tmp_path: Path) -> Keyed:
    return Keyed(tmp_path, guards=False)


def test_key_made_by_the_api_is_listed_without_its_text(keyed: Keyed) -> None:
    made = keyed.post(KEYS, {**ASKED, "expiresInSeconds": 60, "spansPerSecond": 9}).json()
    answer = keyed.get(KEYS)
    (shown,) = answer.json()["keys"]
    assert shown == made["apiKey"]
    assert (shown["name"], shown["scopes"], shown["state"]) == ("shop", ["ingest"], "active")
    assert (shown["spansPerSecond"], shown["lastUsed"]) == (9, None)
    assert int(shown["expires"]) - int(shown["created"]) == 60 * 10**9
    assert shown["texts"][0]["prefix"] == made["key"][:8]
    assert made["key"] not in answer.text


def test_rotated_key_works_with_both_texts(tmp_path: Path) -> None:
    keyed = Keyed(tmp_path, guards=False)
    made = keyed.post(KEYS, {"name": "dash", "scopes": ["read"]}).json()
    path = f"{KEYS}/{made['apiKey']['id']}"
    new = keyed.post(f"{path}/rotate", {"overlapSeconds": 100}).json()
    assert new["key"] != made["key"]
    for text in (made["key"], new["key"]):
        assert keyed.get("/metrics", text).status_code == 200
    last = keyed.post(f"{path}/rotate", {"overlapSeconds": 0}).json()
    for text in (made["key"], new["key"]):
        assert code(keyed.get("/metrics", text)) == (401, "expired_key")
    assert keyed.get("/metrics", last["key"]).status_code == 200


def test_revoked_key_stays_listed_and_works_no_more(keyed: Keyed) -> None:
    made = keyed.post(KEYS, {"name": "dash", "scopes": ["read"]}).json()
    path = f"{KEYS}/{made['apiKey']['id']}"
    assert keyed.get("/metrics", made["key"]).status_code == 200
    assert keyed.post(f"{path}/revoke", {}).json()["state"] == "revoked"
    assert code(keyed.get("/metrics", made["key"])) == (401, "revoked_key")
    assert keyed.post(f"{path}/revoke", {}).status_code == 200
    assert code(keyed.post(f"{path}/rotate", {"overlapSeconds": 0})) == (409, "conflict")
    assert [one["state"] for one in keyed.get(KEYS).json()["keys"]] == ["revoked"]


def test_name_is_taken_until_its_key_is_revoked(keyed: Keyed) -> None:
    first = keyed.post(KEYS, ASKED).json()
    assert code(keyed.post(KEYS, ASKED)) == (409, "conflict")
    keyed.post(f"{KEYS}/{first['apiKey']['id']}/revoke", {})
    assert keyed.post(KEYS, ASKED).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "shop"},
        {"name": "shop", "scopes": []},
        {"name": "shop", "scopes": ["write"]},
        {"name": "shop", "scopes": "ingest"},
        {"name": "", "scopes": ["read"]},
        {"name": "x" * (LONGEST_NAME + 1), "scopes": ["read"]},
        {"name": "a\nb", "scopes": ["read"]},
        {"name": "a\u202eb", "scopes": ["read"]},
        {"name": " shop", "scopes": ["read"]},
        {**ASKED, "expiresInSeconds": 0},
        {**ASKED, "expiresInSeconds": 2**63},
        {**ASKED, "expiresInSeconds": True},
        {**ASKED, "spansPerSecond": -1},
        {**ASKED, "expires": 60},
        ["shop"],
    ],
)
def test_body_that_makes_no_sense_makes_no_key(keyed: Keyed, body: Any) -> None:
    assert code(keyed.post(KEYS, body)) == (400, "invalid_argument")
    assert keyed.get(KEYS).json() == {"keys": []}


def test_key_is_no_name(keyed: Keyed) -> None:
    text = keyed.make("read")
    answer = keyed.post(KEYS, {"name": f"old {text}", "scopes": ["read"]})
    assert code(answer) == (400, "invalid_argument")
    assert text not in answer.text


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain; application/json",
        "",
    ],
)
def test_what_a_form_of_another_site_can_send_changes_nothing(keyed: Keyed, kind: str) -> None:
    body = b'{"name":"shop","scopes":["admin"]}'
    answer = keyed.ask("POST", KEYS, content=body, headers={"content-type": kind})
    assert code(answer) == (415, "unsupported_media_type")
    answer = keyed.ask("POST", KEYS, content=body)
    assert code(answer) == (415, "unsupported_media_type")
    assert keyed.get(KEYS).json() == {"keys": []}


def test_large_body_is_not_read_to_its_end(keyed: Keyed) -> None:
    body = b'{"name":"' + b"x" * (1 << 17) + b'"}'
    assert code(keyed.ask("POST", KEYS, content=body, headers=JSON)) == (413, "too_large")


def test_key_that_is_not_there(keyed: Keyed) -> None:
    path = f"{KEYS}/{'ab' * 16}"
    assert code(keyed.post(f"{path}/revoke", {})) == (404, "key_not_found")
    assert code(keyed.post(f"{path}/rotate", {"overlapSeconds": 0})) == (404, "key_not_found")
    assert code(keyed.post(f"{KEYS}/shop/revoke", {})) == (400, "invalid_argument")


def test_without_a_usable_file_no_key_is_made(tmp_path: Path) -> None:
    (tmp_path / "admin.sqlite").write_bytes(b"?" * 8192)
    keyed = Keyed(tmp_path, guards=False)
    assert code(keyed.post(KEYS, ASKED)) == (503, "keys_unavailable")
    assert code(keyed.get(KEYS)) == (503, "keys_unavailable")
