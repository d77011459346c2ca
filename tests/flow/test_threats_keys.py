"""Who has no key, or not the right one, at every door of a server that asks for keys."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from clew.admin import Keys
from clew.admin.secret import new_secret
from clew.api import create_app
from tests.flow.door import (
    DATA,
    EXPORT,
    HEADERS,
    JSON,
    PROTOBUF,
    WITHIN_S,
    Calls,
    Frames,
    Line,
    Refused,
    body,
    frame,
    knock,
    until_closed,
)
from tests.flow.server import Clew

OPEN = {"/livez", "/readyz", "/openapi.json"}
SCOPES = ("ingest", "read", "admin")


class Guarded:
    """A server that asks for keys, and one of each scope."""

    def __init__(self, folder: Path) -> None:
        (folder / "data").mkdir(mode=0o700)
        self.store = Keys(folder / "data")
        self.made = {scope: self.store.create(scope, [scope]) for scope in SCOPES}
        self.keys = {scope: secret for scope, (_, secret) in self.made.items()}
        self.clew = Clew(folder / "data", folder / "log", options=("--require-keys",))
        self.clew.start()
        self.clew.wait_ready()

    def get(self, path: str, method: str = "GET", port: int = 2, **headers: str) -> tuple[int, str]:
        """The status, and everything else that was answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.clew.ports[port], timeout=30)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return (
                answer.status,
                f"{answer.reason}\n{answer.headers}\n{answer.read().decode(errors='replace')}",
            )

    def accepted(self) -> float:
        """Spans that were taken, over both processes' reports, which come twice a second."""
        before, found = -1.0, 0.0
        while before != found:
            time.sleep(0.7)
            before, text = found, self.get("/metrics", kf_api_key=self.keys["read"])[1]
            values = re.findall(r"^clew_intake_spans_accepted_total(?:{.*})? (.*)$", text, re.M)
            found = sum(map(float, values))
        return found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    found = Guarded(tmp_path_factory.mktemp("guarded"))
    yield found
    found.clew.stop()


def routes() -> set[tuple[str, str]]:
    """Method and path of everything that the application answers, from itself."""
    reader: Any = SimpleNamespace(queries=1, streams=1)
    nothing: Any = SimpleNamespace()
    found = set()
    for route in create_app(reader, nothing, nothing).routes:
        for method in getattr(route, "methods", None) or {"GET"}:
            path = getattr(route, "path")  # noqa: B009  # not every kind of route has one
            for name in ("trace_id", "key:path", "key_id", "id", "key", "trace"):
                path = path.replace(f"{{{name}}}", "ab" * 16)
            assert "{" not in path, path
            found.add((method, path))
    return found


def test_without_a_key_every_route_but_the_probes_is_closed(guarded: Guarded) -> None:
    found = routes()
    assert len(found) > 15
    for method, path in sorted(found):
        status, text = guarded.get(path, method)
        if path in OPEN:
            assert status in (200, 405), (method, path, text)
        else:
            assert status == 401, (method, path, status, text)
    assert "traceId" not in guarded.get("/openapi.json")[1].split("\n\n")[0]


def disguises(path: str) -> Iterator[str]:
    yield from (f"/{path}", f"{path}/", f"{path}//", f"/.{path}", f"/livez/..{path}", f"{path}/.")
    yield from (path.upper(), path.replace("/api", "/%61pi"), path.replace("/v1/", "/v1%2f"))
    yield from (f"{path};a=b", f"{path}%00", f"{path}%20", f"{path}.json", f"{path}?x=/livez")
    yield from (f"/livez{path}", f"/livez%2f..{path}", f"http://127.0.0.1{path}", f"{path}#/livez")


@pytest.mark.parametrize(
    "path", ["/api/v1/services", "/api/v1/search", "/api/v1/keys", "/metrics", "/api/v1/status"]
)
def test_no_spelling_of_a_path_gets_past_the_check(guarded: Guarded, path: str) -> None:
    for spelt in disguises(path):
        for method in ("GET", "get", "HEAD", "OPTIONS", "POST", "TRACE"):
            status, text = guarded.get(spelt, method)
            assert status >= 400, (method, spelt, text)
            assert '"services"' not in text, (method, spelt, text)


def test_no_spelling_of_a_path_gets_spans_past_the_check(guarded: Guarded) -> None:
    before = guarded.accepted()
    content = body("uninvited")
    for port in (0, 1):
        for spelt in disguises("/v1/traces"):
            for method in ("POST", "post", "PUT"):
                head = (
                    f"{method} {spelt} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
                    f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
                )
                connection = knock(guarded.clew.ports[port], head.encode() + content)
                answer = until_closed(connection)
                connection.close()
                assert b" 200 " not in answer.partition(b"\r\n")[0], (method, spelt, answer)
    assert guarded.accepted() == before


def test_grpc_paths_of_any_form_are_closed(guarded: Guarded) -> None:
    before = guarded.accepted()
    service = EXPORT.removeprefix("/").removesuffix("/Export")
    for path in (EXPORT, EXPORT.removeprefix("/"), f"/{EXPORT}", EXPORT.upper(), f"{EXPORT}/", "*"):
        frames = Frames(guarded.clew.ports[0])
        message = body("uninvited")

        def text(name: bytes, value: bytes) -> bytes:
            return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value

        # Longer than 126 bytes would need another form of the length.
        assert len(path) < 127
        block = b"\x83\x86" + b"\x04" + bytes([len(path)]) + path.encode()
        block += text(b"content-type", b"application/grpc") + text(b"te", b"trailers")
        frames.send(
            frame(HEADERS, 4, 1, block),
            frame(DATA, 1, 1, b"\0" + struct.pack(">I", len(message)) + message),
            frame(6, 0, 0, b"the last"),
        )
        answered = False
        with contextlib.suppress(ConnectionError, OSError):
            for kind, flags, stream, _ in frames:
                answered = answered or kind in (3, 7) or (stream == 1 and bool(flags & 1))
                if answered:
                    break
        frames.close()
        assert answered, path
    assert guarded.accepted() == before
    with Calls(guarded.clew) as calls:
        for method in (
            f"/{service}/Import",
            "/grpc.health.v1.Health/Check",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            "/grpc.channelz.v1.Channelz/GetServers",
            "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus",
        ):
            answer = calls.export(b"", path=method)
            assert isinstance(answer, Refused)
            assert answer.code in (
                grpc.StatusCode.UNIMPLEMENTED,
                grpc.StatusCode.UNAUTHENTICATED,
            )


def test_each_scope_opens_its_own_door_only(guarded: Guarded) -> None:
    line = Line(guarded.clew.ports[1])
    doors = {
        "ingest": lambda key: line.send(b"{}", JSON, kf_api_key=key).status,
        "read": lambda key: guarded.get("/api/v1/services", kf_api_key=key)[0],
        "admin": lambda key: guarded.get("/api/v1/keys", kf_api_key=key)[0],
    }
    deadline = time.monotonic() + WITHIN_S
    while doors["ingest"](guarded.keys["ingest"]) != 200:
        assert time.monotonic() < deadline
    for scope, key in guarded.keys.items():
        for door, ask in doors.items():
            allowed = scope == door or (scope, door) == ("admin", "read")
            assert ask(key) == (200 if allowed else 403), (scope, door)
    line.close()


def test_revoked_key_ends_on_a_connection_that_is_open(guarded: Guarded) -> None:
    made, secret = guarded.store.create("soon revoked", ["ingest"])
    calls = guarded.clew.grpc.removeprefix("http://")
    with grpc.insecure_channel(calls, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        export = channel.unary_unary(EXPORT)

        def send() -> grpc.StatusCode:
            try:
                export(body("revoked"), metadata=[("kf-api-key", secret)], timeout=30)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
            return grpc.StatusCode.OK

        def seconds_until(wanted: grpc.StatusCode) -> float:
            began = time.monotonic()
            while send() != wanted:
                assert time.monotonic() - began < WITHIN_S
                time.sleep(0.05)
            return time.monotonic() - began

        seconds_until(grpc.StatusCode.OK)
        guarded.store.revoke(made.id)
        assert seconds_until(grpc.StatusCode.UNAUTHENTICATED) < 5


def test_key_is_in_nothing_that_the_server_says(guarded: Guarded) -> None:
    secret = new_secret()
    ways: list[dict[str, str]] = [
        {"kf_api_key": secret},
        {"authorization": f"Bearer {secret}"},
        {"authorization": secret},
        {"kf_api_key": f'"{secret}"'},
        {"kf_api_key": f"Bearer {secret}"},
        {"kf_api_key": f"{secret} {secret}"},
        {"kf_api_key": f"{secret[:-1]}"},
        {"x_api_key": secret},
        {"content_type": secret},
        {"content_encoding": secret, "content_type": PROTOBUF},
    ]
    told = []
    for port in (0, 1, 2):
        for way in ways:
            for path in ("/v1/traces", "/api/v1/services", "/nowhere"):
                told.append(guarded.get(path, "POST", port, **way)[1])
                told.append(guarded.get(path, "GET", port, **way)[1])
        for path in (f"/v1/traces?kf-api-key={secret}", f"/api/v1/services?token={secret}"):
            told.append(guarded.get(path, "POST", port)[1])
            told.append(guarded.get(path, "GET", port)[1])
    with Calls(guarded.clew) as calls:
        for name in ("kf-api-key", "authorization", "x-api-key"):
            with pytest.raises(grpc.RpcError) as refused:
                calls.method()(b"", metadata=[(name, secret)], timeout=30)
            told.append(f"{refused.value.details()} {refused.value.trailing_metadata()}")  # type: ignore[attr-defined]
    admin, read = guarded.keys["admin"], guarded.keys["read"]
    deadline = time.monotonic() + WITHIN_S
    while "unknown_key" not in (ledger := guarded.get("/api/v1/ledger", kf_api_key=read)[1]):
        assert time.monotonic() < deadline, ledger
        time.sleep(0.1)
    told += [ledger, guarded.get("/metrics", kf_api_key=read)[1]]
    told += [guarded.get("/api/v1/status", kf_api_key=read)[1]]
    told += [guarded.get("/api/v1/keys", kf_api_key=admin)[1], guarded.clew.log.read_text()]
    for text in told:
        for key in (secret, secret[:-1], *guarded.keys.values()):
            assert key not in text, text


def test_many_wrong_keys_lock_nobody_out(guarded: Guarded) -> None:
    """Nobody guesses one of 202 random bits, so there is no lock that could be turned on others."""
    line = Line(guarded.clew.ports[1])
    for number in range(2_000):
        status = line.send(b"{}", JSON, kf_api_key=new_secret()).status
        assert status == 401, (number, status)
    assert line.send(b"{}", JSON, kf_api_key=guarded.keys["ingest"]).status == 200
    line.close()
    ledger = json.loads(
        guarded.get("/api/v1/ledger?limit=1000", kf_api_key=guarded.keys["read"])[1].split("\n\n")[
            1
        ]
    )
    assert len(ledger["entries"]) < 1_000


def test_no_key_at_all_opens_nothing(tmp_path: Path) -> None:
    """That there is no key yet does not mean that none is needed."""
    server = Clew(tmp_path / "data", tmp_path / "log", options=("--require-keys",))
    server.start()
    try:
        server.wait_ready()
        for key in ({}, {"kf_api_key": ""}, {"kf_api_key": new_secret()}, {"kf_api_key": "null"}):
            line = Line(server.ports[1])
            assert line.send(body("x"), **key).status == 401, key
            line.close()
        assert server.get("/api/v1/services")[0] == 401
    finally:
        server.stop()


def test_right_key_lets_spans_in_and_they_are_counted(guarded: Guarded) -> None:
    before = guarded.accepted()
    line = Line(guarded.clew.ports[1])
    assert line.send(body("invited"), kf_api_key=guarded.keys["ingest"]).status == 200
    line.close()
    deadline = time.monotonic() + 30
    while (accepted := guarded.accepted()) != before + 1:
        # The intake's report is not there yet.
        assert accepted == before
        assert time.monotonic() < deadline
