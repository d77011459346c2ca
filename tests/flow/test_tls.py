"""TLS on the real server, with real clients: what they get, and what they are told."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from clew.cli.dev_cert import make
from tests.flow.conftest import BIN, environ_for
from tests.flow.server import Clew

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
WITHIN_S = 20


def write(folder: Path, client: bool = True) -> None:
    """An authority and certificates of its own; each file at once."""
    folder.mkdir(exist_ok=True)
    for pair in make(["localhost", "127.0.0.1"], 30, client=client):
        for name, content in zip(pair.names, (pair.certificate, pair.key), strict=True):
            (folder / f"{name}.new").write_bytes(content)
            (folder / f"{name}.new").replace(folder / name)


def trusting(
    folder: Path, *, client: Path | None = None, alpn: tuple[str, ...] = ()
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    if client:
        context.load_cert_chain(client / "client.pem", client / "client-key.pem")
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


@contextlib.contextmanager
def serving(folder: Path, certs: Path, *options: str) -> Iterator[Clew]:
    server = Clew(folder / "data", folder / "log", context=trusting(certs))
    given = ("--tls-cert", str(certs / "server.pem"), "--tls-key", str(certs / "server-key.pem"))
    server.options = (*given, *options)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs")
    write(folder)
    return folder


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory, certs: Path) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("tls"), certs) as server:
        yield server


def wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        time.sleep(0.05)


def a_span() -> ReadableSpan:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.get_tracer("test").start_span("by TLS").end()
    return memory.get_finished_spans()[0]


def failures(server: Clew, reason: str) -> float:
    name = f'clew_intake_connection_failures_total{{reason="{reason}"}}'
    lines = [line for line in server.get("/metrics")[1].splitlines() if line.startswith(name)]
    return float(lines[0].rpartition(" ")[2]) if lines else 0


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf", "http/json"])
@pytest.mark.parametrize("port", ["grpc", "http"])
def test_either_port_takes_either_protocol_by_tls(
    clew: Clew, certs: Path, protocol: str, port: str
) -> None:
    done = subprocess.run(
        [
            *(BIN / "clew", "send", "--protocol", protocol, "--wait"),
            *("--endpoint", clew.grpc if port == "grpc" else clew.http),
        ],
        env=environ_for(clew) | {"CLEW_CA": str(certs / "ca.pem")},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert "accepted 4 of 4 spans" in done.stderr
    assert "searchable after" in done.stderr


def test_exporters_of_the_python_sdk_come_in_by_tls(
    clew: Clew, certs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `requests`, which the HTTP exporter sends with, prefers them to the exporter's own file.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    ca = certs / "ca.pem"
    over_grpc = GrpcExporter(
        endpoint=clew.grpc, credentials=grpc.ssl_channel_credentials(ca.read_bytes())
    )
    over_http = HttpExporter(endpoint=f"{clew.http}/v1/traces", certificate_file=str(ca))
    for exporter in (over_grpc, over_http):
        assert exporter.export([a_span()]) is SpanExportResult.SUCCESS
        exporter.shutdown()


def test_client_that_closes_without_a_goodbye_is_no_failure(clew: Clew, certs: Path) -> None:
    wait(lambda: clew.metric("clew_intake_open_connections") == 0, "nobody else")
    before = clew.metric("clew_intake_connection_failures_total")
    served = clew.metric("clew_intake_tls_connections_total")
    for _ in range(3):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", clew.ports[1], timeout=5, context=trusting(certs)
        )
        connection.request("POST", "/v1/traces", b"", PROTOBUF)
        assert connection.getresponse().status == 200
        connection.close()
    wait(lambda: clew.metric("clew_intake_tls_connections_total") >= served + 3, "all served")
    wait(lambda: clew.metric("clew_intake_open_connections") == 0, "all closed")
    assert clew.metric("clew_intake_connection_failures_total") == before


def test_alpn_and_versions_are_offered_to_tls_1_2_and_1_3(clew: Clew, certs: Path) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for offered, chosen in ((("h2", "http/1.1"), "h2"), (("http/1.1",), "http/1.1")):
            context = trusting(certs, alpn=offered)
            context.minimum_version = context.maximum_version = version
            with (
                socket.create_connection(("127.0.0.1", clew.ports[0]), 5) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                assert secured.selected_alpn_protocol() == chosen


def test_tls_1_1_is_refused_with_an_alert_and_counted(clew: Clew) -> None:
    before = failures(clew, "tls_old_version")
    hello = b"\x03\x02" + bytes(32) + b"\0" + b"\0\x04\xc0\x13\x00\x2f" + b"\x01\0"
    message = b"\x01" + len(hello).to_bytes(3) + hello
    with socket.create_connection(("127.0.0.1", clew.ports[1]), 5) as plain:
        plain.sendall(b"\x16\x03\x01" + len(message).to_bytes(2) + message)
        alert = plain.recv(64)
    assert alert[0] == 21
    assert alert[-1] in (40, 70)  # handshake_failure, protocol_version
    wait(lambda: failures(clew, "tls_old_version") > before, "the count")


def test_client_that_distrusts_the_certificate_is_counted(clew: Clew) -> None:
    before = failures(clew, "tls_not_trusted")
    with (
        socket.create_connection(("127.0.0.1", clew.ports[1]), 5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    wait(lambda: failures(clew, "tls_not_trusted") > before, "the count")


@pytest.mark.parametrize("port", [0, 1])
def test_plain_http_is_told_to_use_tls_and_never_redirected(clew: Clew, port: int) -> None:
    asked = f"127.0.0.1:{clew.ports[port]}"
    with contextlib.closing(http.client.HTTPConnection(asked, timeout=5)) as connection:
        connection.request("POST", "/v1/traces", b"x", {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
    assert answer.status == 400
    assert answer.reason.startswith(f"this port speaks TLS; use https://{asked}")
    assert said["code"] == 9
    assert said["message"].startswith(f"this port speaks TLS; use https://{asked}")


@pytest.mark.parametrize("port", [0, 1])
def test_plain_grpc_is_told_to_use_tls_with_a_code_that_is_not_retried(
    clew: Clew, port: int
) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{clew.ports[port]}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(EXPORT)(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "this port speaks TLS; use https://127.0.0.1:" in caught.value.details()


def test_ledger_says_who_failed_to_come_by_tls(clew: Clew) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", clew.ports[1], timeout=10)
    plain.request("POST", "/v1/traces", b"", PROTOBUF)
    assert plain.getresponse().status == 400
    with (
        pytest.raises(ssl.SSLError),
        socket.create_connection(("127.0.0.1", clew.ports[1]), timeout=10) as raw,
    ):
        ssl.create_default_context().wrap_socket(raw, server_hostname="clew.example")

    def details(reason: str) -> list[str]:
        found = json.loads(clew.get(f"/api/v1/ledger?reason={reason}")[1])["entries"]
        return [entry["detail"] for entry in found]

    wait(lambda: bool(details("plaintext_on_tls_port")), "plaintext is in the ledger")
    wait(
        lambda: any("clew.example" in one for one in details("tls_not_trusted")),
        "the name that the client asked for is in the ledger",
    )
    assert details("tls_on_plain_port") == []


def test_health_is_answered_by_tls_while_the_store_is_away(clew: Clew) -> None:
    os.kill(clew.children()["store"], signal.SIGKILL)
    wait(lambda: clew.get("/readyz")[0] == 503, "unready")
    assert json.loads(clew.get("/readyz")[1])["checks"]["tls"] == "ok"
    assert clew.get("/livez")[0] == 200
    clew.wait_ready()


def test_client_certificate_is_required_and_verified(tmp_path: Path, certs: Path) -> None:
    foreign = tmp_path / "foreign"
    write(foreign)
    with serving(tmp_path, certs, "--tls-client-ca", str(certs / "ca.pem")) as server:

        def post(client: Path | None) -> int:
            context = trusting(certs, client=client)
            connection = http.client.HTTPSConnection(
                "127.0.0.1", server.ports[1], timeout=5, context=context
            )
            with contextlib.closing(connection):
                connection.request("POST", "/v1/traces", b"", PROTOBUF)
                return connection.getresponse().status

        assert post(certs) == 200
        for client, reason in (
            (None, "tls_no_client_certificate"),
            (foreign, "tls_bad_client_certificate"),
        ):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                post(client)
            wait(lambda why=reason: failures(server, why) == 1, reason)
        own = grpc.ssl_channel_credentials(
            *((certs / name).read_bytes() for name in ("ca.pem", "client-key.pem", "client.pem"))
        )
        exporter = GrpcExporter(endpoint=server.grpc, credentials=own)
        assert exporter.export([a_span()]) is SpanExportResult.SUCCESS
        exporter.shutdown()


def test_plaintext_to_the_port_of_the_api_is_told_to_come_by_tls(clew: Clew) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", clew.ports[2], timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (
            400,
            b"this port speaks TLS; write https:// in its address\n",
        )
    done = subprocess.run(
        [str(BIN / "clew"), "status", "--api", f"http://127.0.0.1:{clew.ports[2]}"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert "this port speaks TLS; write https://" in done.stderr


def test_commands_present_a_client_certificate(tmp_path: Path, certs: Path) -> None:
    with serving(tmp_path, certs, "--tls-client-ca", str(certs / "ca.pem")) as server:
        environ = environ_for(server) | {"CLEW_CA": str(certs / "ca.pem")}
        pair = ("--cert", str(certs / "client.pem"), "--cert-key", str(certs / "client-key.pem"))

        def clew(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [str(BIN / "clew"), *arguments]
            return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=50)

        for protocol, endpoint in (("grpc", server.grpc), ("http/protobuf", server.http)):
            to = ("--protocol", protocol, "--endpoint", endpoint)
            sent = clew("send", *to, *pair)
            assert sent.returncode == 0, sent.stderr
            refused = clew("send", *to)
            assert refused.returncode == 1
            shop = clew("demo", *to, *pair, "--duration", "1s", "--rate", "20")
            assert shop.returncode == 0, shop.stderr
        wrong = clew("send", "--endpoint", server.http, "--cert", str(certs / "client.pem"))
        assert wrong.returncode == 1
        assert "name a pair in PEM" in wrong.stderr
        wait(lambda: "certificate" in clew("ledger").stdout, "who was refused, in the ledger")


def presented(port: int) -> bytes:
    """The certificate that a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def test_new_certificate_is_taken_up_while_connections_stay_and_a_bad_one_is_not(
    tmp_path: Path,
) -> None:
    certs = tmp_path / "certs"
    write(certs)
    with serving(tmp_path, certs) as server:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", server.ports[1], timeout=5, context=trusting(certs)
        )
        with contextlib.closing(connection):

            def post() -> int:
                connection.request("POST", "/v1/traces", b"", PROTOBUF)
                answer = connection.getresponse()
                answer.read()
                return answer.status

            assert post() == 200
            its_socket = connection.sock
            first = presented(server.ports[1])

            write(certs)
            new = ssl.PEM_cert_to_DER_cert((certs / "server.pem").read_text())
            for port in server.ports:
                wait(lambda at=port: presented(at) == new, f"the new certificate on {port}")
            assert first != new
            assert post() == 200
            assert connection.sock is its_socket

            server.context = trusting(certs)
            key = (certs / "server-key.pem").read_bytes()
            (certs / "server-key.pem").write_bytes(key[: len(key) // 2])
            wait(lambda: "warning" in server.get("/readyz")[1], "the warning")
            status, text = server.get("/readyz")
            assert status == 200
            assert "the certificate before it stays" in json.loads(text)["checks"]["tls"]
            assert [presented(port) for port in server.ports] == [new] * 3
            assert post() == 200
            assert server.metric("clew_tls_certificate_expires_seconds") > 29 * 86_400
            assert 'clew_tls_loads_total{outcome="failed"} 1' in server.get("/metrics")[1]
            assert "intake: tls: " in server.log.read_text()

            # A process that starts again has the files' last good state too.
            os.kill(server.children()["intake"], signal.SIGKILL)
            wait(lambda: _presented_or_nothing(server.ports[1]) == new, "the intake again")

            (certs / "server-key.pem").write_bytes(key)
            wait(lambda: json.loads(server.get("/readyz")[1])["checks"].get("tls") == "ok", "ok")


def _presented_or_nothing(port: int) -> bytes:
    try:
        return presented(port)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--tls-cert", "server.pem"], "--tls-key is missing beside --tls-cert"),
        (["--tls-cert", "gone.pem", "--tls-key", "server-key.pem"], "cannot read gone.pem"),
        (
            ["--tls-cert", "server.pem", "--tls-key", "ca-key.pem"],
            "the key in ca-key.pem does not belong to the certificate in server.pem",
        ),
    ],
)
def test_start_says_what_is_wrong_with_the_files(
    certs: Path, tmp_path: Path, options: list[str], sentence: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clew", "serve", "--data-dir", str(tmp_path / "data"), *options],
        cwd=certs,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode in (1, 2)
    assert sentence in " ".join(done.stderr.replace("│", " ").split())
