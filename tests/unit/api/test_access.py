"""Who may ask the API, by key."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from clew.admin.secret import new_secret
from tests.unit.api.keyed import Keyed, code

READS = "/metrics"
KEYS = "/api/v1/keys"


@pytest.fixture
def keyed(tmp_path: Path) -> Keyed:
    return Keyed(tmp_path)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json"])
def test_probes_and_the_document_need_no_key(keyed: Keyed, path: str) -> None:
    assert keyed.get(path).status_code == 200


@pytest.mark.parametrize("path", [READS, KEYS, "/api/v1/search", "/nowhere"])
def test_without_a_key_nothing_else_is_answered(keyed: Keyed, path: str) -> None:
    answer = keyed.get(path)
    assert code(answer) == (401, "missing_key")
    assert answer.headers["www-authenticate"] == 'Bearer realm="clew"'


def test_key_is_taken_from_either_header(keyed: Keyed) -> None:
    key = keyed.make("read")
    assert keyed.get(READS, key).status_code == 200
    assert keyed.get(READS, authorization=f"Bearer {key}").status_code == 200
    assert keyed.get(READS, authorization=f"bearer   {key}").status_code == 200


def test_refusals_are_told_apart(keyed: Keyed) -> None:
    unknown = keyed.get(READS, new_secret())
    assert code(unknown) == (401, "unknown_key")
    assert 'error="invalid_token"' in unknown.headers["www-authenticate"]
    text = keyed.make("read")
    keyed.watch.keys.revoke(keyed.watch.keys.list()[0].id)
    assert code(keyed.get(READS, text)) == (401, "revoked_key")
    text = keyed.make("read", expires_s=1)
    deadline = time.monotonic() + 10
    while (answer := keyed.get(READS, text)).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert code(answer) == (401, "expired_key")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "is empty"),
        ('"{}"', "quotation marks"),
        ("'{}'", "quotation marks"),
        ("Bearer {}", "word before the key"),
        ("{} {}", "white space"),
        ("{}x", "44 characters"),
        ("hunter2", "begin with kf_"),
    ],
)
def test_slip_with_a_right_key_is_named_and_not_repeated(
    keyed: Keyed, value: str, said: str
) -> None:
    key = keyed.make("read")
    answer = keyed.get(READS, value.format(key, key))
    assert code(answer) == (401, "malformed_key")
    assert said in answer.json()["error"]["message"]
    assert key not in answer.text


def test_wrong_character_is_told_from_an_unknown_key(keyed: Keyed) -> None:
    key = keyed.make("read")
    other = "a" if key[-1] != "a" else "b"
    answer = keyed.get(READS, key[:-1] + other)
    assert code(answer) == (401, "malformed_key")
    assert "wrong character" in answer.json()["error"]["message"]


def test_key_in_another_header_is_told_where_it_belongs(keyed: Keyed) -> None:
    answer = keyed.get(READS, **{"x-api-key": keyed.make("read")})
    assert code(answer) == (401, "missing_key")
    assert "x-api-key" in answer.json()["error"]["message"]


def test_two_different_keys_are_refused(keyed: Keyed) -> None:
    one, other = keyed.make("read"), keyed.make("admin")
    headers = [("kf-api-key", one), ("kf-api-key", other)]
    assert code(keyed.ask("GET", READS, headers=headers)) == (401, "malformed_key")


@pytest.mark.parametrize(
    ("scopes", "reads", "administers"),
    [
        (["ingest"], 403, 403),
        (["read"], 200, 403),
        (["ingest", "read"], 200, 403),
        (["admin"], 200, 200),
    ],
)
def test_scope_decides(keyed: Keyed, scopes: list[str], reads: int, administers: int) -> None:
    key = keyed.make(*scopes)
    assert keyed.get(READS, key).status_code == reads
    answer = keyed.get(KEYS, key)
    assert answer.status_code == administers
    if administers == 403:
        assert code(answer) == (403, "wrong_scope")
        assert 'scope="admin"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "query", ["kf-api-key={}", "Token={}", "key={}", "q=%7B%20.x%20%3D%20%22{}%22%20%7D", "{}"]
)
@pytest.mark.parametrize("asks", [True, False])
def test_key_in_the_address_is_refused_even_if_it_is_right(
    tmp_path: Path, query: str, asks: bool
) -> None:
    keyed = Keyed(tmp_path, asks=asks)
    key = keyed.make("read")
    answer = keyed.get(f"{READS}?{query.format(key)}", key)
    assert code(answer) == (401, "key_in_query")
    assert key not in answer.text


def test_search_for_what_only_looks_like_a_key_is_no_key_in_the_address(tmp_path: Path) -> None:
    keyed = Keyed(tmp_path, asks=False)
    for query in ("x=kf_", "x=kf_agent", f"x=kf_{'0' * 40}"):
        assert keyed.get(f"{READS}?{query}").status_code == 200


def test_where_no_key_is_asked_for_none_is_looked_at(tmp_path: Path) -> None:
    keyed = Keyed(tmp_path, asks=False, guards=False)
    assert keyed.get(READS).status_code == 200
    assert keyed.get(READS, new_secret()).status_code == 200
    assert keyed.get(KEYS).status_code == 200


def test_keys_are_guarded_where_reading_is_open(tmp_path: Path) -> None:
    keyed = Keyed(tmp_path, asks=False, guards=True)
    assert keyed.get(READS).status_code == 200
    assert code(keyed.get(KEYS)) == (401, "missing_key")
    assert code(keyed.get(f"{KEYS}/x/rotate")) == (401, "missing_key")


def test_trouble_with_the_file_says_nothing_about_a_key(keyed: Keyed, tmp_path: Path) -> None:
    known, revoked = keyed.make("read"), keyed.make("ingest")
    keyed.watch.keys.revoke(keyed.watch.keys.list()[1].id)
    (tmp_path / "admin.sqlite").write_bytes(b"?" * 8192)
    keyed.watch.look()
    assert keyed.get(READS, known).status_code == 200
    answer = keyed.get(READS, new_secret())
    assert code(answer) == (503, "keys_unavailable")
    assert answer.headers["retry-after"]
    assert keyed.get(READS, revoked).status_code == 401
    assert code(keyed.get(READS)) == (401, "missing_key")
    assert "damaged" in keyed.said[-1]


def test_file_that_was_never_readable_is_trouble_too(tmp_path: Path) -> None:
    (tmp_path / "admin.sqlite").write_bytes(b"?" * 8192)
    keyed = Keyed(tmp_path)
    assert code(keyed.get(READS, new_secret())) == (503, "keys_unavailable")
    for name in ("admin.sqlite", "admin.sqlite-wal", "admin.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    keyed.watch.look()
    assert keyed.get(READS, keyed.make("read")).status_code == 200
    assert keyed.said[-1] == "keys: can be read again"
