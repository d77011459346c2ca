"""Keys at the real server: made before its start, beside it and through it; what they open."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clew.admin.secret import new_secret
from tests.flow.conftest import BIN
from tests.flow.server import Clew

pytestmark = pytest.mark.timeout(120)

EFFECTIVE_WITHIN_S = 2.0
READS = "/api/v1/services"


def clew(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CLEW_"))
    }
    return subprocess.run(
        [str(BIN / "clew"), *arguments],
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def make(folder: Path, name: str, *scopes: str) -> str:
    """A key's text, made on the folder as a user makes it."""
    asked = [word for scope in scopes for word in ("--scope", scope)]
    done = clew("keys", "create", name, *asked, "--data-dir", str(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert done.stdout.strip() not in done.stderr
    return done.stdout.strip()


class Asking:
    """Somebody who asks a server with keys."""

    def __init__(self, server: Clew) -> None:
        self.server = server

    def ask(
        self, method: str, path: str, key: str | None = None, body: Any = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.ports[2], timeout=10)
        with contextlib.closing(connection):
            headers = {} if key is None else {"kf-api-key": key}
            if body is not None:
                headers["content-type"] = "application/json"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def status(self, key: str | None = None, path: str = READS) -> tuple[int, str]:
        """The status, and the word of an error."""
        status, document = self.ask("GET", path, key)
        return status, document.get("error", {}).get("code", "")

    def wait_for(self, expected: tuple[int, str], key: str) -> float:
        """Seconds until a key is answered so."""
        began = time.monotonic()
        while self.status(key) != expected:
            assert time.monotonic() - began < 20, (self.status(key), expected)
            time.sleep(0.02)
        return time.monotonic() - began


def started(folder: Path, *options: str) -> Clew:
    server = Clew(folder / "data", folder / "log", options=options)
    server.start()
    server.wait_ready()
    return server


@pytest.fixture(scope="module")
def admin_key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder that no Clew has used yet, with a first key."""
    folder = tmp_path_factory.mktemp("keyed")
    return folder, make(folder / "data", "admin", "admin")


@pytest.fixture(scope="module")
def guarded(admin_key: tuple[Path, str]) -> Iterator[tuple[Asking, str]]:
    """A server that asks for keys, and the key of its administrator."""
    server = started(admin_key[0], "--require-keys")
    yield Asking(server), admin_key[1]
    server.stop()


Guarded = tuple[Asking, str]


def test_key_made_before_the_first_start_opens_the_api(guarded: Guarded) -> None:
    asking, key = guarded
    assert asking.status() == (401, "missing_key")
    assert asking.status(new_secret()) == (401, "unknown_key")
    assert asking.status(key) == (200, "")
    assert asking.server.get("/livez")[0] == asking.server.get("/readyz")[0] == 200
    assert asking.status(path="/metrics") == (401, "missing_key")


def test_commands_take_the_key_from_option_variable_and_file(
    guarded: Guarded, tmp_path: Path
) -> None:
    asking, key = guarded
    (tmp_path / "key").write_text(f"{key}\n")
    api = ("--api", asking.server.ui)
    for done in (
        clew("services", *api, "--key", key),
        clew("services", *api, CLEW_API_KEY=key),
        clew("services", *api, CLEW_API_KEY_FILE=str(tmp_path / "key")),
    ):
        assert done.returncode == 0, done.stderr
    without = clew("services", *api)
    assert without.returncode == 1
    assert "CLEW_API_KEY" in without.stderr
    assert "clew keys create" in without.stderr
    assert "Traceback" not in without.stderr
    missing = clew("services", *api, CLEW_API_KEY_FILE=str(tmp_path / "no"))
    assert (missing.returncode, "cannot read" in missing.stderr) == (1, True)


def test_wrong_key_is_never_printed(guarded: Guarded) -> None:
    asking, _ = guarded
    secret = new_secret()
    for wrong in (secret, f'"{secret}"', f"{secret}\n{secret}", f"{secret}é"):
        done = clew("services", "--api", asking.server.ui, "--key", wrong)
        assert done.returncode == 1
        assert secret not in done.stdout + done.stderr
        assert "key" in done.stderr


def test_whole_life_of_a_key_through_the_api(guarded: Guarded) -> None:
    asking, admin = guarded
    keyed = ("--api", asking.server.ui, "--key", admin)
    done = clew("keys", "create", "dash", "--scope", "read", "--expires", "90d", "--json", *keyed)
    made = json.loads(done.stdout)
    assert set(made) == {"id", "name", "scope", "key"}
    assert (made["name"], made["scope"]) == ("dash", "read")
    assert asking.status(made["key"]) == (200, "")
    assert asking.status(made["key"], "/api/v1/keys") == (403, "wrong_scope")
    rotated = clew("keys", "rotate", "dash", "--overlap", "1h", *keyed).stdout.strip()
    assert asking.status(made["key"]) == asking.status(rotated) == (200, "")
    assert clew("keys", "rotate", made["id"], "--overlap", "0s", *keyed).returncode == 0
    assert asking.status(rotated) == (401, "expired_key")
    assert clew("keys", "revoke", "dash", *keyed).returncode == 0
    assert asking.status(rotated) == (401, "revoked_key")
    listed = clew("keys", "list", *keyed)
    assert made["key"][:8] in listed.stdout
    assert made["key"] not in listed.stdout
    again = clew("keys", "revoke", "dash2", *keyed)
    assert (again.returncode, "there is no key 'dash2'" in again.stderr) == (1, True)


def test_change_on_the_folder_is_effective_in_the_server_within_two_seconds(
    guarded: Guarded,
) -> None:
    asking, _ = guarded
    key = make(asking.server.data_dir, "beside", "read")
    took_s = asking.wait_for((200, ""), key)
    done = clew("keys", "revoke", "beside", "--data-dir", str(asking.server.data_dir))
    assert done.returncode == 0
    revoked_s = asking.wait_for((401, "revoked_key"), key)
    print(f"created: {took_s:.2f} s, revoked: {revoked_s:.2f} s")
    assert max(took_s, revoked_s) < EFFECTIVE_WITHIN_S


def test_key_in_the_address_is_refused(guarded: Guarded) -> None:
    asking, key = guarded
    assert asking.status(key, f"{READS}?kf-api-key={key}") == (401, "key_in_query")


def test_last_use_is_shown(guarded: Guarded) -> None:
    asking, admin = guarded
    asking.status(admin)
    deadline = time.monotonic() + 30
    while not asking.ask("GET", "/api/v1/keys", admin)[1]["keys"][0]["lastUsed"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def is_ready(server: Clew) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return server.get("/readyz")[0] == 200
    return False


def test_metrics_need_a_key_while_the_store_is_away_too(guarded: Guarded) -> None:
    asking, _ = guarded
    pid = asking.server.children()["store"]
    os.kill(pid, signal.SIGKILL)
    seen = set()
    deadline = time.monotonic() + 30
    while (
        asking.server.children().get("store", pid) == pid or asking.server.get("/readyz")[0] != 200
    ):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            seen.add(asking.status(path="/metrics"))
        assert time.monotonic() < deadline
    assert seen <= {(503, "store_unavailable"), (401, "missing_key")}


def test_no_key_is_in_logs_or_settings(guarded: Guarded) -> None:
    asking, admin = guarded
    log = asking.server.log.read_text()
    shown = clew("config", "show", "--json", CLEW_API_KEY=admin, CLEW_REQUIRE_KEYS="1")
    assert shown.returncode == 0
    for path in sorted(asking.server.data_dir.rglob("*")):
        if path.is_file():
            with contextlib.suppress(FileNotFoundError):
                assert admin.encode() not in path.read_bytes(), path
    assert admin not in log + shown.stdout + shown.stderr


def test_server_without_any_key_starts_and_says_how_to_make_one(tmp_path: Path) -> None:
    server = started(tmp_path, "--require-keys")
    try:
        command = f"clew keys create NAME --scope ingest --data-dir {server.data_dir}"
        assert command in server.log.read_text()
        assert command in json.loads(server.get("/readyz")[1])["checks"]["keys"]
        key = make(server.data_dir, "first", "read")
        Asking(server).wait_for((200, ""), key)
        assert json.loads(server.get("/readyz")[1])["checks"]["keys"] == "ok"
        assert "  keys       ok" in clew("status", "--api", server.ui, "--key", key).stdout
    finally:
        server.stop()


def test_without_require_keys_nothing_is_asked_on_this_machine(tmp_path: Path) -> None:
    server = started(tmp_path)
    try:
        done = clew("keys", "create", "shop", "--scope", "ingest", "--api", server.ui)
        assert done.stdout.startswith("kf_")
        assert Asking(server).status() == Asking(server).status(new_secret()) == (200, "")
        assert "keys" not in json.loads(server.get("/readyz")[1])["checks"]
    finally:
        server.stop()


def test_damaged_file_makes_nobody_throw_a_key_away(tmp_path: Path) -> None:
    key = make(tmp_path / "data", "reader", "read")
    server = started(tmp_path, "--require-keys")
    asking = Asking(server)
    try:
        assert asking.status(key) == (200, "")
        file = server.data_dir / "admin.sqlite"
        whole = file.read_bytes()
        file.write_bytes(b"?" * len(whole))
        stranger = new_secret()
        asking.wait_for((503, "keys_unavailable"), stranger)
        assert asking.status(key) == (200, "")
        assert asking.status() == (401, "missing_key")
        deadline = time.monotonic() + 20
        while "damaged" not in json.loads(server.get("/readyz")[1])["checks"]["keys"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert server.get("/readyz")[0] == 200
        done = clew("keys", "list", "--data-dir", str(server.data_dir))
        assert (done.returncode, "is damaged" in done.stderr) == (1, True)
        file.write_bytes(whole)
        asking.wait_for((401, "unknown_key"), stranger)
        assert server.log.read_text().count("is damaged") <= 3
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: None, "there is no folder"),
        (lambda folder: folder.write_text(""), "is not a folder"),
        (lambda folder: _other_things(folder), "holds other things"),
        (lambda folder: folder.mkdir(), "there are no keys in"),
    ],
)
def test_folder_that_cannot_be_meant_is_said_and_left_alone(
    tmp_path: Path, prepare: Callable[[Path], object], said: str
) -> None:
    folder = tmp_path / "data"
    prepare(folder)
    before = sorted(tmp_path.rglob("*"))
    done = clew("keys", "list", "--data-dir", str(folder))
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def _other_things(folder: Path) -> None:
    folder.mkdir()
    (folder / "holiday.jpg").write_text("")


def test_folder_around_that_is_missing_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "typo" / "data"
    done = clew("keys", "create", "x", "--scope", "read", "--data-dir", str(folder))
    assert (done.returncode, "there is no folder" in done.stderr) == (1, True)
    assert not folder.parent.exists()


def test_nobody_listens(tmp_path: Path) -> None:
    server = Clew(tmp_path / "data", tmp_path / "log")
    done = clew("keys", "list", "--api", server.ui)
    assert done.returncode == 1
    assert "--data-dir DIR works without the API" in done.stderr
