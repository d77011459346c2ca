"""What is said of TLS files, and what a file that is bad for a while changes: nothing."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from clew.cli.dev_cert import Pair, make
from clew.tls import EXPIRES, Files, Pem, Watch, read
from tests.fuzz import briefly, changed, refusal

DAY_S = 86_400


_stamps = itertools.count(1)


def put(path: Path, content: bytes) -> None:
    """With a time of its own: two writes within a tick of the clock are still two."""
    path.write_bytes(content)
    at = next(_stamps)
    os.utime(path, (at, at))


@pytest.fixture(scope="module")
def pairs() -> list[list[Pair]]:
    return [make(["localhost"], 30, client=False) for _ in range(2)]


@pytest.fixture
def files(tmp_path: Path, pairs: list[list[Pair]]) -> Files:
    files = Files(tmp_path / "server.pem", tmp_path / "server-key.pem", tmp_path / "ca.pem")
    (authority, server) = pairs[0]
    put(files.certificate, server.certificate)
    put(files.key, server.key)
    put(tmp_path / "ca.pem", authority.certificate)
    return files


class Seen:
    """A watch, what it handed over, and what it logged."""

    def __init__(self, files: Files) -> None:
        self.used: list[Pem] = []
        self.log: list[str] = []
        self.now_s = time.time()
        self.watch = Watch(
            files, read(files), self.used.append, log=self.log.append, now_s=lambda: self.now_s
        )
        self.watch.look()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("server.pem", None, "cannot read .*server.pem: No such file"),
        ("server.pem", b"nonsense", "server.pem holds no certificate in PEM"),
        ("server-key.pem", b"nonsense", "server-key.pem holds no private key in PEM"),
        (
            "server-key.pem",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
            "is encrypted with a passphrase",
        ),
        (
            "server-key.pem",
            b"-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n",
            "cannot be used",
        ),
        ("ca.pem", b"", "ca.pem holds no certificate in PEM"),
    ],
)
def test_bad_file_is_named(files: Files, name: str, content: bytes | None, sentence: str) -> None:
    path = files.certificate.parent / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read(files)


def test_key_of_another_certificate_is_named(files: Files, pairs: list[list[Pair]]) -> None:
    put(files.key, pairs[1][1].key)
    with pytest.raises(ValueError, match="does not belong to the certificate"):
        read(files)


def test_new_pair_is_handed_over_once_both_files_are_there(
    files: Files, pairs: list[list[Pair]]
) -> None:
    seen, new = Seen(files), pairs[1][1]
    put(files.certificate, new.certificate)
    seen.watch.look()
    seen.watch.look()
    assert seen.used == []
    assert seen.watch.state().startswith("warning: the key in ")
    assert len(seen.log) == 1
    put(files.key, new.key)
    seen.watch.look()
    seen.watch.look()
    assert [pem.certificate for pem in seen.used] == [new.certificate]
    assert seen.watch.state() == "ok"
    figures = seen.watch.figures()
    assert figures['clew_tls_loads_total{outcome="failed"}'] == 1
    assert figures['clew_tls_loads_total{outcome="ok"}'] == 1


def test_file_that_is_gone_for_a_while_is_a_warning(files: Files) -> None:
    seen = Seen(files)
    content = files.key.read_bytes()
    files.key.unlink()
    seen.watch.look()
    assert "No such file" in seen.watch.state()
    put(files.key, content)
    seen.watch.look()
    assert seen.watch.state() == "ok"
    assert seen.used == []


def test_pair_that_its_user_refuses_stays_out(files: Files, pairs: list[list[Pair]]) -> None:
    def refuse(pem: Pem) -> None:
        raise ValueError("the kernel says no")

    watch = Watch(files, read(files), refuse)
    before = watch.pem
    put(files.certificate, pairs[1][1].certificate)
    put(files.key, pairs[1][1].key)
    watch.look()
    assert watch.pem == before
    assert "the kernel says no" in watch.state()


def test_expiry_is_told_before_and_after(files: Files) -> None:
    seen = Seen(files)
    assert seen.watch.figures()[EXPIRES] == pytest.approx(30 * DAY_S, abs=60)
    seen.now_s += 20 * DAY_S
    for _ in range(3):
        seen.watch.look()
    assert seen.log == ["tls: the certificate expires in 10.0 days"]
    seen.now_s += 11 * DAY_S
    assert "has expired" in seen.watch.state()
    assert seen.watch.figures()[EXPIRES] < 0


def test_pem_survives_its_way_to_a_process_and_hides_its_key(files: Files) -> None:
    pem = read(files)
    assert Pem.from_json(pem.to_json()) == pem
    assert "PRIVATE" not in repr(pem)


def pem(key: CertificateIssuerPrivateKeyTypes, days_ahead: int = 0, passphrase: bytes = b"") -> Any:
    """A certificate of its own for this key, and the key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begins = datetime.now(UTC) + timedelta(days=days_ahead)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    private = key.private_bytes(
        Encoding.PEM,
        PrivateFormat.PKCS8,
        BestAvailableEncryption(passphrase) if passphrase else NoEncryption(),
    )
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM), private


def reading(folder: Path, certificate: bytes, key: bytes) -> Pem:
    put(folder / "cert.pem", certificate)
    put(folder / "key.pem", key)
    return read(Files(folder / "cert.pem", folder / "key.pem"))


def test_files_as_editors_and_other_systems_write_them_are_read(tmp_path: Path) -> None:
    for made in (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65_537, 2_048),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        certificate, key = pem(made)
        reading(tmp_path, certificate, key)
    bom = b"\xef\xbb\xbf"
    reading(tmp_path, bom + certificate, bom + key)
    reading(tmp_path, certificate.replace(b"\n", b"\r\n"), key.replace(b"\n", b"\r\n"))
    reading(tmp_path, b"subject: x\n\n" + certificate, key)
    reading(tmp_path, certificate + key, certificate + key)


def test_wrong_pair_and_wrong_order_are_told_whatever_their_kind(tmp_path: Path) -> None:
    curve, key = pem(ec.generate_private_key(ec.SECP256R1()))
    other, other_key = pem(rsa.generate_private_key(65_537, 2_048))
    with pytest.raises(ValueError, match=r"key.pem does not belong to the certificate in .*cert"):
        reading(tmp_path, curve, other_key)
    with pytest.raises(ValueError, match="write the server's certificate first"):
        reading(tmp_path, other + curve, key)
    reading(tmp_path, curve + other, key)


def test_kind_of_key_that_clew_cannot_use_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ECDSA of P-256 or P-384, or Ed25519"):
        reading(tmp_path, *pem(ec.generate_private_key(ec.SECP521R1())))
    with pytest.raises(ValueError, match="RSA of 2048 bits or more"):
        reading(tmp_path, *pem(rsa.generate_private_key(65_537, 1_024)))


def test_half_of_a_chain_is_called_damaged(tmp_path: Path) -> None:
    certificate, key = pem(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ValueError, match="damaged or half-written"):
        reading(tmp_path, certificate + certificate[:300], key)
    with pytest.raises(ValueError, match="damaged or half-written"):
        reading(tmp_path, certificate.replace(b"\n", b" "), key)


def test_encrypted_key_beside_the_certificate_asks_nobody_for_a_passphrase(tmp_path: Path) -> None:
    made = ec.generate_private_key(ec.SECP256R1())
    certificate, key = pem(made)
    _, encrypted = pem(made, passphrase=b"secret")
    with pytest.raises(ValueError, match="leave only certificates in that file"):
        reading(tmp_path, certificate + encrypted, key)


def test_certificate_that_is_not_valid_yet_is_a_warning(tmp_path: Path) -> None:
    pem_read = reading(tmp_path, *pem(ec.generate_private_key(ec.SECP256R1()), days_ahead=2))
    files = Files(tmp_path / "cert.pem", tmp_path / "key.pem")
    now_s = time.time()
    watch = Watch(files, pem_read, lambda pem: None, now_s=lambda: now_s)
    watch.look()
    assert "not valid yet" in watch.state()
    now_s += 3 * DAY_S
    watch.look()
    assert watch.state() == "ok"


def test_pair_that_another_watch_has_read_is_taken_though_the_files_are_bad_now(
    files: Files, pairs: list[list[Pair]]
) -> None:
    other, late = Seen(files), Seen(files)
    put(files.certificate, pairs[1][1].certificate)
    put(files.key, pairs[1][1].key)
    other.watch.look()
    put(files.key, pairs[1][1].key[:50])
    late.watch.look()
    assert late.used == []
    late.watch.take(other.watch.pem)
    late.watch.look()
    assert late.used == [other.watch.pem]
    assert late.watch.state().startswith("warning")


@pytest.fixture(scope="module")
def sample(pairs: list[list[Pair]]) -> list[bytes]:
    (authority, server) = pairs[0]
    return [server.certificate, server.key, authority.certificate]


@briefly
@given(data=st.data())
def test_changed_files_are_taken_or_named_without_the_key(
    data: st.DataObject, sample: list[bytes]
) -> None:
    words = (b"-----BEGIN CERTIFICATE-----\n", b"-----END PRIVATE KEY-----\n", b"=", b"\0", b"\r\n")
    parts = [data.draw(changed([part], words)) for part in sample]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("cert.pem", "key.pem", "ca.pem")]
        for path, part in zip(paths, parts, strict=True):
            path.write_bytes(part)
        said = str(refusal(lambda: read(Files(*paths))) or folder)
        assert folder in said
        key = [line for line in parts[1].decode(errors="replace").splitlines() if len(line) > 40]
        assert not any(line in said for line in key)
