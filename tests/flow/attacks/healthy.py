"""Clients that do nothing wrong, in a process of their own: what each request took, and what was
acknowledged.

Three at a time: one HTTP connection that is kept, one gRPC channel that is kept, and one that
connects anew for every request. The schedule is fixed before the start, and a latency counts from
the moment a request was due until it was acknowledged, so that a stall cannot hide the requests
that it held up. What was refused or lost is sent again as SDKs do, byte for byte.
"""

from __future__ import annotations

import http.client
import json
import random
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc

from tests.flow.door import EXPORT, PROTOBUF, RETRY_INFO

RATES = {"http": 20.0, "grpc": 20.0, "new": 10.0}
SPANS = 5
ANSWER_WITHIN_S = 10
GIVE_UP_AFTER_S = 30
AGAIN_AFTER_S = 0.2

# What an answer is: `ok`, or in a few words what else.
Send = Callable[[bytes], str]


class Client(threading.Thread):
    """One request after the other at a fixed rate, until told to stop."""

    def __init__(self, kind: str, send: Send, halt: threading.Event) -> None:
        super().__init__(name=kind)
        self._kind, self._send, self._halt = kind, send, halt
        self._random = random.Random(f"{kind} {time.time_ns()}")
        # When it was due, milliseconds until it was acknowledged (None: never), failures before.
        self.requests: list[tuple[float, float | None, list[str]]] = []
        self.acknowledged: list[str] = []
        self.unknown: list[str] = []

    def run(self) -> None:
        due = time.monotonic()
        while not self._halt.is_set():
            due += 1 / RATES[self._kind]
            time.sleep(max(0.0, due - time.monotonic()))
            trace_id, body = self._request()
            failures: list[str] = []
            while (answer := self._send(body)) != "ok":
                failures.append(answer)
                if time.monotonic() - due > GIVE_UP_AFTER_S:
                    break
                time.sleep(AGAIN_AFTER_S)
            done = answer == "ok"
            (self.acknowledged if done else self.unknown).append(trace_id.hex())
            took = 1e3 * (time.monotonic() - due) if done else None
            self.requests.append((due, took, failures))

    def _request(self) -> tuple[bytes, bytes]:
        from tests.build import request, span

        trace_id = self._random.randbytes(16)
        now = time.time_ns()
        first = self._random.getrandbits(62) + 1
        spans = (
            span(self._kind, trace_id=trace_id, span_id=first + n, start_ns=now)
            for n in range(SPANS)
        )
        return trace_id, request(*spans, service="healthy").SerializeToString()


class OverHttp:
    """HTTP/1; the connection is kept, or another one for each request."""

    def __init__(self, port: int, context: ssl.SSLContext | None, *, kept: bool) -> None:
        self._port, self._context, self._kept = port, context, kept
        self._open: http.client.HTTPConnection | None = None

    def __call__(self, body: bytes) -> str:
        try:
            if self._open is None:
                self._open = self._connect()
            self._open.request("POST", "/v1/traces", body, {"Content-Type": PROTOBUF})
            answer = self._open.getresponse()
            rejected = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._close()
            return f"lost: {type(error).__name__}"
        if not self._kept or answer.will_close:
            self._close()
        if answer.status == 200:
            return "spans were rejected" if rejected else "ok"
        return f"{answer.status}" + ("" if answer.getheader("Retry-After") else " for good")

    def _connect(self) -> http.client.HTTPConnection:
        where = ("127.0.0.1", self._port)
        if self._context:
            return http.client.HTTPSConnection(
                *where, timeout=ANSWER_WITHIN_S, context=self._context
            )
        return http.client.HTTPConnection(*where, timeout=ANSWER_WITHIN_S)

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


class OverGrpc:
    """One channel."""

    def __init__(self, port: int, authority: bytes | None) -> None:
        options = [
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 500),
        ]
        where = f"127.0.0.1:{port}"
        channel = (
            grpc.secure_channel(where, grpc.ssl_channel_credentials(authority), options=options)
            if authority
            else grpc.insecure_channel(where, options=options)
        )
        self._call = channel.unary_unary(EXPORT)

    def __call__(self, body: bytes) -> str:
        try:
            rejected = self._call(body, timeout=ANSWER_WITHIN_S)
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            if RETRY_INFO in trailers:
                return str(error.code().name)
            # Without trailers of the server it is the client's own word for a broken connection.
            own = "lost" if error.code() == grpc.StatusCode.UNAVAILABLE else "for good"
            return f"{own}: {error.code().name}"
        return "spans were rejected" if rejected else "ok"


def main() -> None:
    """Arguments: gRPC port, HTTP port, where the result goes, and an authority's file or nothing.
    Ends with the end of its input.
    """
    ports, result = list(map(int, sys.argv[1:3])), Path(sys.argv[3])
    authority = Path(sys.argv[4]).read_bytes() if sys.argv[4] else None
    context = ssl.create_default_context(cadata=authority.decode()) if authority else None
    halt = threading.Event()
    sends: dict[str, Send] = {
        "http": OverHttp(ports[1], context, kept=True),
        "grpc": OverGrpc(ports[0], authority),
        "new": OverHttp(ports[1], context, kept=False),
    }
    clients = {kind: Client(kind, send, halt) for kind, send in sends.items()}
    for client in clients.values():
        client.start()
    sys.stdin.read()
    halt.set()
    for client in clients.values():
        client.join()
    result.write_text(
        json.dumps(
            {
                "requests": {kind: client.requests for kind, client in clients.items()},
                "acknowledged": [one for c in clients.values() for one in c.acknowledged],
                "unknown": [one for c in clients.values() for one in c.unknown],
            }
        )
    )


if __name__ == "__main__":
    main()
