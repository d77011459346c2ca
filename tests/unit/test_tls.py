"""What is said of TLS files, and what a file that is bad for a while changes: nothing."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from pathlib import Path

import pytest
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
