"""Keys at the OTLP ports of the real server, by both protocols."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from clew.admin import Keys
from clew.admin.secret import digest, new_secret
from tests.flow.door import EXPORT, RETRY_INFO, Calls, Line, body, post, stored, trace_id
from tests.flow.server import Clew
from tests.flow.test_keys_api import EFFECTIVE_WITHIN_S, clew, make

pytestmark = pytest.mark.timeout(120)


@dataclass
class Said:
    """What a sender was told: the status of HTTP, and the words."""

    status: int
    message: str
    is_final: bool = True


HTTP_OF = {
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.UNAVAILABLE: 503,
}


def by_http(server: Clew, key: str | None, name: str) -> Said:
    headers = {} if key is None else {"kf_api_key": key}
    found = post(server, body(name), **headers)
    if found.status == 200:
        return Said(200, "")
    if found.status == 401:
        assert found.headers["WWW-Authenticate"] == 'Bearer realm="clew"'
    return Said(found.status, found.said().message, "Retry-After" not in found.headers)


def by_grpc(server: Clew, key: str | None, name: str) -> Said:
    with Calls(server) as calls:
        return export(calls, key, name)


def export(calls: Calls, key: str | None, name: str) -> Said:
    metadata = () if key is None else (("kf-api-key", key),)
    try:
        calls.method(EXPORT)(body(name), timeout=30, metadata=metadata)
    except grpc.RpcError as error:
        is_final = RETRY_INFO not in dict(error.trailing_metadata() or ())
        return Said(HTTP_OF[error.code()], error.details(), is_final)
    return Said(200, "")


Send = Callable[[Clew, str | None, str], Said]
WAYS = pytest.mark.parametrize("send", [by_http, by_grpc])


@dataclass
class Keyed:
    """A server that asks for keys, and the texts of some."""

    server: Clew
    sender: str
    reader: str

    def __post_init__(self) -> None:
        self.server.key = self.reader


def start(folder: Path) -> Keyed:
    data = folder / "data"
    sender, reader = make(data, "sender", "ingest"), make(data, "reader", "read")
    keyed = Keyed(Clew(data, folder / "log", options=("--require-keys",)), sender, reader)
    keyed.server.start()
    keyed.server.wait_ready()
    return keyed


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    found = start(tmp_path_factory.mktemp("keyed"))
    yield found
    found.server.stop()


def wait_for(seen: Callable[[], bool]) -> float:
    """Seconds until it is so."""
    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < 20
        time.sleep(0.02)
    return time.monotonic() - began


@WAYS
def test_right_key_opens_the_door(keyed: Keyed, send: Send) -> None:
    name = f"right {send.__name__}"
    assert send(keyed.server, keyed.sender, name).status == 200
    assert len(stored(keyed.server, name)) == 1


def test_bearer_opens_it_too(keyed: Keyed) -> None:
    assert post(keyed.server, body("bearer"), authorization=f"Bearer {keyed.sender}").status == 200
    with Calls(keyed.server) as calls:
        metadata = (("authorization", f"bearer {keyed.sender}"),)
        calls.method(EXPORT)(body("bearer by grpc"), timeout=30, metadata=metadata)


@WAYS
def test_every_key_that_does_not_do_is_told_why_and_stores_nothing(
    keyed: Keyed, send: Send
) -> None:
    keys = Keys(keyed.server.data_dir)
    gone, revoked = keys.create(f"gone {send.__name__}", ["ingest"])
    keys.revoke(gone.id)
    _, expired = keys.create(f"late {send.__name__}", ["ingest"], expires_s=1)
    keys.close()
    known = keyed.sender
    wait_for(lambda: "expired" in send(keyed.server, expired, "not yet").message)
    wrong = "a" if known[-1] != "a" else "b"
    for key, status, words in (
        (None, 401, "no API key came"),
        (new_secret(), 401, "is not known here"),
        (revoked, 401, "was revoked on"),
        (expired, 401, "expired on"),
        (keyed.reader, 403, "lacks the scope ingest"),
        (f'"{known}"', 401, "quotation marks"),
        (known[:-1], 401, "42 characters"),
        (known[:-1] + wrong, 401, "wrong character"),
        (f"Bearer {known}", 401, "a word before the key"),
        ("$CLEW_KEY", 401, "placeholder"),
        ("", 401, "empty"),
    ):
        name = f"refused {send.__name__} {words}"
        said = send(keyed.server, key, name)
        assert (said.status, said.is_final) == (status, True), (words, said)
        assert words in said.message
        assert not key or len(key) < 40 or key not in said.message
        assert keyed.server.get(f"/api/v1/traces/{trace_id(name).hex()}")[0] == 404


def test_blanks_around_a_key_do_no_harm(keyed: Keyed) -> None:
    assert by_http(keyed.server, f"  {keyed.sender}\t", "blanks").status == 200


def test_key_in_the_address_is_refused_and_named(keyed: Keyed) -> None:
    for path in (f"/v1/traces?kf-api-key={keyed.sender}", f"/v1/traces?{keyed.sender}"):
        found = post(keyed.server, body("query"), path=path, kf_api_key=keyed.sender)
        assert found.status == 401
        assert "must not be in the address" in found.said().message
        assert keyed.sender not in found.said().message


def test_new_and_revoked_keys_count_within_two_seconds_on_open_connections(keyed: Keyed) -> None:
    folder = keyed.server.data_dir
    line = Line(keyed.server.ports[1])
    with Calls(keyed.server) as calls, contextlib.closing(line):
        assert export(calls, keyed.sender, "open").status == 200
        key = make(folder, "coming and going", "ingest")
        took = [wait_for(lambda: export(calls, key, "new").status == 200)]
        took.append(wait_for(lambda: line.send(body("new"), kf_api_key=key).status == 200))
        done = clew("keys", "revoke", "coming and going", "--data-dir", str(folder))
        assert done.returncode == 0
        took.append(wait_for(lambda: export(calls, key, "revoked").status == 401))
        took.append(wait_for(lambda: line.send(body("revoked"), kf_api_key=key).status == 401))
        assert export(calls, keyed.sender, "still open").status == 200
    print("created, created, revoked, revoked:", *(f"{seconds:.2f} s" for seconds in took))
    assert max(took) < EFFECTIVE_WITHIN_S


def test_rotated_key_has_no_gap(keyed: Keyed) -> None:
    folder = ("--data-dir", str(keyed.server.data_dir))
    before = make(keyed.server.data_dir, "turning", "ingest")
    wait_for(lambda: by_grpc(keyed.server, before, "before").status == 200)
    after = clew("keys", "rotate", "turning", "--overlap", "4s", *folder).stdout.strip()
    wait_for(lambda: by_grpc(keyed.server, after, "after").status == 200)
    assert by_grpc(keyed.server, before, "both").status == 200
    wait_for(lambda: "expired" in by_grpc(keyed.server, before, "over").message)
    assert by_grpc(keyed.server, after, "still").status == 200


def test_key_has_its_own_share_and_takes_nothing_from_others(keyed: Keyed) -> None:
    folder = ("--data-dir", str(keyed.server.data_dir))
    done = clew("keys", "create", "few", "--scope", "ingest", "--rate", "10", *folder)
    few = done.stdout.strip()
    wait_for(lambda: by_http(keyed.server, few, "few").status == 200)
    assert post(keyed.server, body("many", 500), kf_api_key=few).status == 200
    said = post(keyed.server, body("more"), kf_api_key=few)
    assert (said.status, "10" in said.said().message) == (429, True)
    assert said.headers["Retry-After"]
    assert by_http(keyed.server, keyed.sender, "others").status == 200


def test_commands_send_with_a_key(keyed: Keyed) -> None:
    server = keyed.server
    both = make(server.data_dir, "both", "ingest", "read")
    wait_for(lambda: by_http(server, both, "both").status == 200)
    environ = {"CLEW_API_KEY": both, "CLEW_API": server.ui}
    # The API looks at the keys by itself.
    wait_for(lambda: clew("services", **environ).returncode == 0)
    for protocol, endpoint in (
        ("grpc", server.grpc),
        ("http/protobuf", server.http),
        ("http/json", server.http),
    ):
        asked = ("send", "--protocol", protocol, "--endpoint", endpoint)
        assert clew(*asked, "--wait", **environ).returncode == 0
        refused = clew(*asked)
        assert refused.returncode == 1
        assert "no API key came" in refused.stderr
        assert "CLEW_API_KEY" in refused.stderr
    for asked in (("demo", "--duration", "1s"), ("demo", "--duration", "1s", "--protocol", "grpc")):
        endpoint = server.grpc if "grpc" in asked else server.http
        assert clew(*asked, "--endpoint", endpoint, **environ).returncode == 0
        refused = clew(*asked, "--endpoint", endpoint)
        assert (refused.returncode, "CLEW_API_KEY" in refused.stderr) == (1, True), refused.stderr
    exported = clew("export", "--since", "10m", **environ)
    assert exported.returncode == 0, exported.stderr


def test_ledger_names_the_reasons_and_keeps_no_key(keyed: Keyed) -> None:
    stranger = new_secret()
    by_http(keyed.server, stranger, "stranger")
    by_grpc(keyed.server, keyed.reader, "reader")
    by_http(keyed.server, f'"{keyed.sender}"', "quoted")

    def reasons() -> dict[str, dict[str, str]]:
        found = json.loads(keyed.server.get("/api/v1/ledger")[1])["entries"]
        return {f"{one['reason']} {one['keyPrefix']}": one for one in found}

    expected = {f"unknown_key {stranger[:8]}", f"wrong_scope {keyed.reader[:8]}"}
    wait_for(lambda: expected <= set(reasons()))
    text = keyed.server.get("/api/v1/ledger?limit=10000")[1]
    for key in (stranger, keyed.sender, keyed.reader):
        assert key[8:] not in text


def test_no_key_and_no_hash_is_anywhere_but_in_its_own_file(keyed: Keyed) -> None:
    server, secrets = keyed.server, (keyed.sender, keyed.reader)
    for key in secrets:
        by_http(server, key, "trail")
    by_http(server, f"{keyed.sender} ", "trail?kf-api-key")
    shown = clew("config", "show", "--json", CLEW_REQUIRE_KEYS="1", CLEW_API_KEY=keyed.sender)
    texts = [shown.stdout, shown.stderr, *(server.get(p)[1] for p in ("/metrics", "/readyz"))]
    texts += [server.get("/api/v1/status")[1], server.get("/api/v1/ledger")[1]]
    texts.append(server.log.read_text())
    for key in secrets:
        for text in texts:
            assert key[8:] not in text
            assert digest(key).hex() not in text
        for path in sorted(server.data_dir.rglob("*")):
            if path.is_file():
                with contextlib.suppress(FileNotFoundError):
                    content = path.read_bytes()
                    assert key.encode() not in content, path
                    if not path.name.startswith("admin.sqlite"):
                        assert digest(key) not in content, path


def test_key_that_was_printed_survives_a_kill_of_everything(tmp_path: Path) -> None:
    keyed = start(tmp_path)
    server = keyed.server
    admin = make(server.data_dir, "admin", "admin")
    wait_for(lambda: server.get("/api/v1/keys")[0] == 403)
    api = ("--api", server.ui, "--key", admin)
    wait_for(lambda: clew("keys", "list", *api).returncode == 0)
    done = clew("keys", "create", "late", "--scope", "ingest", *api)
    assert server.process is not None
    for pid in (server.process.pid, *server.children().values()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    try:
        server.wait_ready()
        assert by_grpc(server, done.stdout.strip(), "late").status == 200
        assert len(stored(server, "late")) == 1
    finally:
        server.stop()


def test_damaged_file_turns_no_known_sender_away_and_calls_no_key_wrong(tmp_path: Path) -> None:
    keyed = start(tmp_path)
    server = keyed.server
    stranger = new_secret()
    try:
        assert by_grpc(server, stranger, "stranger").status == 401
        file = server.data_dir / "admin.sqlite"
        whole = file.read_bytes()
        file.write_bytes(b"?" * len(whole))
        with Calls(server) as calls:
            wait_for(lambda: export(calls, stranger, "stranger").status == 503)
        for send in (by_http, by_grpc):
            said = send(server, stranger, "stranger")
            assert (said.status, said.is_final) == (503, False)
            assert "says nothing about this one" in said.message
            assert send(server, keyed.sender, "known").status == 200
            assert send(server, None, "nobody").status == 401
        wait_for(lambda: "damaged" in json.loads(server.get("/readyz")[1])["checks"]["keys"])
        file.write_bytes(whole)
        wait_for(lambda: by_http(server, stranger, "stranger").status == 401)
        new = make(server.data_dir, "after", "ingest")
        wait_for(lambda: by_http(server, new, "after").status == 200)
    finally:
        server.stop()


def test_start_with_a_damaged_file_takes_nothing_and_says_why(tmp_path: Path) -> None:
    key = make(tmp_path / "data", "sender", "ingest")
    (tmp_path / "data" / "admin.sqlite").write_bytes(b"?" * 8192)
    server = Clew(tmp_path / "data", tmp_path / "log", options=("--require-keys",))
    server.start()
    try:
        wait_for(lambda: _status(server, key) == 503)
        wait_for(lambda: "is damaged" in server.log.read_text())
        wait_for(lambda: "is damaged" in server.get("/readyz")[1])
        assert server.get("/readyz")[0] == 503
    finally:
        server.stop()


def _status(server: Clew, key: str) -> int:
    try:
        return by_http(server, key, "early").status
    except OSError:
        return 0
