"""Text of senders in logs and metrics: one line stays one line, and no name makes a metric."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.build import request, span
from tests.flow.door import (
    JSON,
    WITHIN_S,
    Calls,
    Line,
    body,
    knock,
    post,
    serving,
    stored,
    until_closed,
)
from tests.flow.server import Clew

EVIL = "\r\nclew: intake: all is well\x1b[2J\x1b]0;owned\x07\x00\u202e\u2028 %s {} \\n"
# What no line of a log may hold, but the line break at its end.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("logs")) as server:
        yield server


def send_evil(clew: Clew) -> None:
    """The text in every place that a sender can fill."""
    evil = request(
        span(EVIL, trace_id=b"e" * 16, attrs={EVIL: EVIL}), resource={"service.name": EVIL}
    )
    assert post(clew, evil.SerializeToString()).status == 200
    bad = request(span(EVIL, trace_id=bytes(15), attrs={EVIL: EVIL}))
    assert post(clew, bad.SerializeToString()).rejected()[0] == 1
    raw = EVIL.encode().replace(b"\0", b"")
    for head in (
        b"POST /" + raw.replace(b"\r\n", b"%0d%0a") + b" HTTP/1.1\r\nHost: x",
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nUser-Agent: \x1b[2J" + b"\xe2\x80\xa8",
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: a\x1b]0;b",
        b"GET /v1/traces HTTP/1.1\r\nHost: x\r\nkf-api-key: \x1b[2J" + b"k" * 40,
        b"\x1b[2J" + raw,
        b"\x16\x03\x01" + raw,
        raw,
    ):
        for port in clew.ports:
            with suppress(OSError):
                connection = knock(port, head + b"\r\nContent-Length: 0\r\n\r\n")
                connection.shutdown(1)
                until_closed(connection)
                connection.close()
    assert post(clew, b'{"resourceSpans":"' + raw + b'"}', JSON).status == 400
    assert post(clew, body("x"), path="/v1/" + "A" * 3_000).status == 404
    with Calls(clew) as calls:
        calls.export(b"\xff" + raw, path="/a.\x7f/Export".replace("\x7f", "B"))
        calls.export(b"\xff" + raw)
    for path in ("/%0d%0aclew:%20all%20is%20well", "/api/v1/search?q=%1b[2J%0a%00"):
        clew.get(path)


def test_no_line_of_the_log_holds_what_a_sender_put_there(clew: Clew) -> None:
    send_evil(clew)
    # Each process has answered, so what it had to say is said.
    assert post(clew, body("after")).status == 200
    stored(clew, "after")
    text = clew.log.read_bytes().decode()
    assert "all is well" not in text
    assert CONTROL.search(text) is None, text
    for line in text.splitlines():
        assert line.startswith("clew: "), line


def series(clew: Clew) -> set[str]:
    text = clew.get("/metrics")[1]
    return {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}


def test_a_thousand_names_make_no_metric(clew: Clew) -> None:
    """Item 16: every label that we write has a closed set of values."""

    def one_round(word: str) -> None:
        for number in range(250):
            name = f"{word}-{number}"
            one = request(
                span(name, attrs={name: name}, trace_id=os.urandom(16)),
                resource={"service.name": name},
            )
            answer = line.send(one.SerializeToString(), User_Agent=name)
            assert answer.status == 200
            line.send(b"x", path=f"/{name}")
            line.send(b"x", f"application/{name}", Content_Encoding=name)
            line.send(b"x", method=f"M{word}{number}".upper())
        with Calls(clew) as calls:
            for number in range(20):
                calls.export(b"", path=f"/{word}.Service{number}/Export")

    line = Line(clew.ports[1])
    one_round("early")
    before = series(clew)
    one_round("late")
    line.close()
    new = series(clew) - before
    assert not [name for name in new if "late-" in name or "early-" in name]
    # A label's value may appear late, but not one for each name.
    assert len(new) < 100, new


def test_ledger_holds_no_control_characters(clew: Clew) -> None:
    send_evil(clew)
    deadline = time.monotonic() + WITHIN_S
    while "unknown_protocol" not in (text := clew.get("/api/v1/ledger")[1]):
        assert time.monotonic() < deadline, text
        time.sleep(0.1)

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | dict):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from texts(inner)

    found = list(texts(json.loads(text)))
    assert found
    assert not [one for one in found if CONTROL.search(one)]
