"""TLS as a scanner sees it: every version, suite and trick that should not work, on every port."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clew.cli.dev_cert import Pair, make
from tests.flow.door import knock, until_closed
from tests.flow.server import Clew


@pytest.fixture(scope="module")
def authority_and_server() -> list[Pair]:
    return make(["localhost", "127.0.0.1"], 30, client=False)


@pytest.fixture(scope="module")
def clew(
    tmp_path_factory: pytest.TempPathFactory, authority_and_server: list[Pair]
) -> Iterator[Clew]:
    folder = tmp_path_factory.mktemp("scan")
    (authority, server) = authority_and_server
    for name, content in (
        ("ca.pem", authority.certificate),
        ("server.pem", server.certificate),
        ("server-key.pem", server.key),
    ):
        (folder / name).write_bytes(content)
    trusting = ssl.create_default_context(cafile=folder / "ca.pem")
    options = (
        "--tls-cert",
        str(folder / "server.pem"),
        "--tls-key",
        str(folder / "server-key.pem"),
    )
    running = Clew(folder / "data", folder / "log", options=options, context=trusting)
    running.start()
    running.wait_ready()
    yield running
    running.stop()


def client(version: ssl.TLSVersion | None = None, suites: str = "") -> ssl.SSLContext:
    """Offers whatever this machine's library has, and trusts everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(suites or "ALL:@SECLEVEL=0")
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


def shake(context: ssl.SSLContext, port: int) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port), timeout=30)
    return context.wrap_socket(raw, server_hostname="localhost")


PORTS = pytest.mark.parametrize("port", [0, 1, 2], ids=["grpc", "http", "ui"])


@PORTS
def test_only_tls_1_2_and_1_3_are_spoken(clew: Clew, port: int) -> None:
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        with shake(client(version), clew.ports[port]) as connection:
            assert connection.version() == name
            assert connection.compression() is None
    for old in range(3):  # SSL 3.0 to TLS 1.1 by hand: libraries refuse to send them
        hello = bytes([3, old]) + bytes(32) + b"\0" + b"\0\4\xc0\x2f\0\x2f" + b"\1\0"
        record = b"\1" + struct.pack(">I", len(hello))[1:] + hello
        sent = bytes([22, 3, min(old, 1)]) + struct.pack(">H", len(record)) + record
        connection = knock(clew.ports[port], sent)
        answer = until_closed(connection)
        connection.close()
        # An alert or nothing; never a ServerHello.
        assert answer[:1] in (b"", b"\x15"), answer


@PORTS
def test_only_suites_with_forward_secrecy_and_aead_are_spoken(clew: Clew, port: int) -> None:
    offered = {
        suite["name"]
        for suite in client(ssl.TLSVersion.TLSv1_2).get_ciphers()
        if suite["protocol"] != "TLSv1.3"
    }
    assert len(offered) > 20, "this machine's library offers too little to tell"
    spoken = set()
    for name in sorted(offered):
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            with shake(
                client(ssl.TLSVersion.TLSv1_2, f"{name}:@SECLEVEL=0"), clew.ports[port]
            ) as one:
                spoken.add(one.cipher()[0])  # type: ignore[index]
    assert spoken
    for name in spoken:
        assert name.startswith(("ECDHE-ECDSA-", "ECDHE-RSA-")), spoken
        assert "GCM" in name or "CHACHA20" in name, spoken


@PORTS
def test_chain_names_and_key_are_sound(
    clew: Clew, port: int, authority_and_server: list[Pair], tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(authority_and_server[0].certificate)
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    raw = socket.create_connection(("127.0.0.1", clew.ports[port]), timeout=30)
    with trusting.wrap_socket(raw, server_hostname="localhost") as connection:
        names = dict(connection.getpeercert()["subjectAltName"])  # type: ignore[arg-type,index,misc]
        assert names["DNS"] == "localhost"
    # Another name, and nobody's authority.
    for context, name in (
        (trusting, "elsewhere.test"),
        (ssl.create_default_context(), "localhost"),
    ):
        raw = socket.create_connection(("127.0.0.1", clew.ports[port]), timeout=30)
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(raw, server_hostname=name)
        raw.close()


@PORTS
def test_client_cannot_renegotiate_compress_or_send_early_data(clew: Clew, port: int) -> None:
    openssl = shutil.which("openssl")
    assert openssl, "this test needs the openssl command"
    base = [
        openssl,
        "s_client",
        "-connect",
        f"127.0.0.1:{clew.ports[port]}",
        "-servername",
        "localhost",
    ]
    shown = subprocess.run(
        [*base, "-tls1_2", "-comp"], input=b"", capture_output=True, timeout=50
    ).stdout.decode()
    assert "Compression: NONE" in shown
    assert "Secure Renegotiation IS supported" in shown
    # `R` at the start of a line asks for another handshake.
    again = subprocess.run([*base, "-tls1_2"], input=b"R\n", capture_output=True, timeout=50)
    said = again.stdout + again.stderr
    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said or b"error" in said or again.returncode != 0
    shown = subprocess.run(
        [*base, "-tls1_3"], input=b"", capture_output=True, timeout=50
    ).stdout.decode()
    assert "Early data was not sent" in shown
    assert "Max Early Data: 0" in shown or "Max Early Data" not in shown


@PORTS
def test_heartbeats_and_broken_records_end_the_connection(clew: Clew, port: int) -> None:
    for sent in (
        b"\x18\x03\x02\x00\x03\x01\x40\x00",  # Heartbleed's question
        b"\x16\x03\x01\xff\xff" + bytes(100),  # a record above the largest
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",  # a ServerHello
        b"\x80\x2e\x01\x00\x02",  # SSL 2
    ):
        connection = knock(clew.ports[port], sent)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        answer = until_closed(connection)
        connection.close()
        assert len(answer) < 1_000
        assert answer[:1] != b"\x18"
    with shake(client(), clew.ports[port]) as after:
        assert after.version() == "TLSv1.3"
