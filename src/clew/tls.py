"""TLS files: read, checked, and looked at again while Clew runs.

A file that is bad, half-written or gone changes nothing: what was presented last is presented
further, and the trouble is said until it is over.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

LOOK_EVERY_S = 1.0
WARN_BEFORE_S = 14 * 86_400.0
EXPIRES = "clew_tls_certificate_expires_seconds"
LOADS = "clew_tls_loads_total"

Signature = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Where the certificate chain, its key and the authorities of clients lie."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    @classmethod
    def of(cls, certificate: str, key: str, client_ca: str) -> Self | None:
        """From the settings; None without TLS."""
        if not certificate or not key:
            return None
        return cls(
            Path(certificate).expanduser(),
            Path(key).expanduser(),
            Path(client_ca).expanduser() if client_ca else None,
        )

    def paths(self) -> tuple[Path, ...]:
        """All there are."""
        return tuple(path for path in (self.certificate, self.key, self.client_ca) if path)

    def signature(self) -> Signature:
        """Changes whenever a file is written or another takes its place."""
        found = [path.stat() for path in self.paths()]
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)


@dataclass(frozen=True, slots=True)
class Pem:
    """What the files held. Secret: the key is in it."""

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    client_ca: bytes | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, str | None]:
        """For the processes; `from_json` is its inverse."""
        return {
            "certificate": self.certificate.decode("latin-1"),
            "key": self.key.decode("latin-1"),
            "client_ca": None if self.client_ca is None else self.client_ca.decode("latin-1"),
        }

    @classmethod
    def from_json(cls, values: dict[str, str | None] | None) -> Self | None:
        """The value of `to_json`; None when there was none."""
        if values is None:
            return None
        ca = values["client_ca"]
        return cls(
            str(values["certificate"]).encode("latin-1"),
            str(values["key"]).encode("latin-1"),
            None if ca is None else ca.encode("latin-1"),
        )


def read(files: Files) -> Pem:
    """The files, checked. `ValueError` names the file, what is wrong with it, and what to do."""
    from clew import _kernel

    pem = Pem(
        _bytes(files.certificate),
        _bytes(files.key),
        _bytes(files.client_ca) if files.client_ca else None,
    )
    if b"PRIVATE KEY-----" not in pem.key:
        raise ValueError(f"{files.key} holds no private key in PEM; name the key's file")
    if b"ENCRYPTED" in pem.key:
        raise ValueError(
            f"{files.key} is encrypted with a passphrase; write it without: "
            f"openssl pkey -in {files.key} -out KEY"
        )
    valid_s(pem.certificate, files.certificate)
    if pem.client_ca is not None:
        valid_s(pem.client_ca, files.client_ca)
    try:
        server_context(pem)
        _kernel.check_tls(pem.certificate, pem.key, pem.client_ca)
    except ssl.SSLError as error:
        raise ValueError(_sentence(files, pem, error)) from None
    except ValueError as error:
        places = ", ".join(map(str, files.paths()))
        raise ValueError(f"{error} ({places})") from None
    return pem


def _sentence(files: Files, pem: Pem, error: ssl.SSLError) -> str:
    """What OpenSSL means."""
    why = str(error.reason or error)
    if "MISMATCH" in why or "NO_CERTIFICATE_ASSIGNED" in why:
        # So it calls a key of another kind, too.
        if pem.certificate.count(b"-----BEGIN CERTIFICATE-----") > 1:
            return (
                f"the key in {files.key} does not belong to the first certificate in "
                f"{files.certificate}; write the server's certificate first, those that signed it "
                "behind it, or name the pair that was made together"
            )
        return (
            f"the key in {files.key} does not belong to the certificate in "
            f"{files.certificate}; name the pair that was made together"
        )
    if "TOO_SMALL" in why:
        why += "; take RSA of 2048 bits or more, ECDSA or Ed25519"
    elif "PEM" in why or "BAD_" in why:
        why += (
            "; one of them is damaged or half-written: each part stands on lines of its own, from "
            "-----BEGIN to -----END"
        )
    return f"{files.certificate} and {files.key} cannot be used: {why}"


# Some editors write it before the text; OpenSSL then sees no first line.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes().removeprefix(_BYTE_ORDER_MARK)
    except OSError as error:
        raise ValueError(
            f"cannot read {path}: {error.strerror}; give its right path, or the right to read it"
        ) from None


def valid_s(certificate: bytes, path: Path | None = None) -> tuple[float, float]:
    """From when to when the first certificate is valid, as Unix times."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(certificate)
        return found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
    except ValueError:
        raise ValueError(
            f"{path or 'the file'} holds no certificate in PEM; it begins with "
            "-----BEGIN CERTIFICATE-----"
        ) from None


_PLAINTEXT = b"this port speaks TLS; write https:// in its address\n"
_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s" % (len(_PLAINTEXT), _PLAINTEXT)
)


class _Context(ssl.SSLContext):
    """Answers HTTP without TLS in words, where a server would close without any."""

    def wrap_bio(self, incoming: Any, outgoing: Any, *more: Any, **named: Any) -> Any:
        return _Explained(super().wrap_bio(incoming, outgoing, *more, **named), outgoing)


class _Explained:
    """The connection of a `_Context`; asyncio takes it for one of ssl."""

    def __init__(self, wrapped: ssl.SSLObject, outgoing: ssl.MemoryBIO) -> None:
        self._wrapped = wrapped
        self._outgoing = outgoing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def do_handshake(self) -> None:
        try:
            self._wrapped.do_handshake()
        except ssl.SSLError as error:
            if error.reason != "HTTP_REQUEST":
                raise
            self._outgoing.write(_ANSWER)
            # Makes the server write what is there, and wait until the client hangs up, or not long.
            raise ssl.SSLWantReadError from None


def server_context(pem: Pem) -> ssl.SSLContext:
    """For a server in Python, HTTP/1.1 over TLS 1.2 or 1.3."""
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")  # of TLS 1.2; those of 1.3 are all good
    context.set_alpn_protocols(["http/1.1"])
    load(context, pem)
    return context


def load(context: ssl.SSLContext, pem: Pem) -> None:
    """Presented to new connections from now on. `pem` was checked: a failure here would leave the
    context with half of a pair.
    """
    with _as_file(pem.certificate + b"\n" + pem.key) as path:
        # An encrypted key beside the certificate would make OpenSSL ask on the terminal, and wait.
        context.load_cert_chain(path, password=_no_password)


def _no_password() -> str:
    raise ValueError(
        "a key in the certificate's file is encrypted with a passphrase; leave only certificates "
        "in that file"
    )


@contextlib.contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """OpenSSL's Python face takes only names of files; by its name a file may have changed since
    it was checked.
    """
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("clew-tls")
        try:
            os.write(fd, content)
            yield f"/proc/self/fd/{fd}"
        finally:
            os.close(fd)
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name


class Watch:
    """Hands what the files hold to `use` when they change; `use` may refuse with `ValueError`."""

    def __init__(
        self,
        files: Files,
        pem: Pem,
        use: Callable[[Pem], None],
        *,
        log: Callable[[str], None] = lambda text: None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.pem = pem
        self._files = files
        self._use = use
        self._log = log
        self._now_s = now_s
        self._seen: Signature = ()
        self._tried: Signature = ()
        self._trouble = ""
        self._loads = {"ok": 0, "failed": 0}
        self._begins_s, self._expires_s = valid_s(pem.certificate)
        self._warned = False

    def look(self) -> None:
        """Call it about every second; never raises."""
        signature: Signature = ()
        try:
            signature = self._files.signature()
            if signature != self._seen:
                self.take(read(self._files))
                self._seen = signature
            self._set_trouble("", signature)
        except OSError as error:
            self._set_trouble(f"cannot read {error.filename}: {error.strerror}", signature)
        except ValueError as error:
            self._set_trouble(str(error), signature)
        if self.warning() and not self._trouble and not self._warned:
            self._log(f"tls: {self.warning()}")
        self._warned = bool(self.warning())

    def take(self, pem: Pem) -> None:
        """What another watch has read and checked, also when the files are bad by now."""
        if pem == self.pem:
            return
        self._use(pem)
        self.pem = pem
        self._begins_s, self._expires_s = valid_s(pem.certificate)
        self._loads["ok"] += 1
        self._log(f"tls: presents the new certificate in {self._files.certificate}")

    def _set_trouble(self, trouble: str, signature: Signature) -> None:
        if trouble and (trouble, signature) != (self._trouble, self._tried):
            self._loads["failed"] += 1
        if trouble != self._trouble:
            said = f"{trouble}; the certificate before it stays" if trouble else "files are good"
            if trouble or self._trouble:
                self._log(f"tls: {said}")
        self._trouble, self._tried = trouble, signature

    def warning(self) -> str:
        """What somebody should see to; empty when all is well."""
        if self._trouble:
            return f"{self._trouble}; the certificate before it stays"
        left_s = self._expires_s - self._now_s()
        if self._now_s() < self._begins_s:
            return (
                "the certificate is not valid yet; clients refuse it; look at the clock, or write "
                "another to its file"
            )
        if left_s <= 0:
            return "the certificate has expired; clients refuse it; write a new one to its file"
        if left_s < WARN_BEFORE_S:
            return f"the certificate expires in {left_s / 86_400:.1f} days"
        return ""

    def state(self) -> str:
        """For /readyz: it never makes Clew unready."""
        warning = self.warning()
        return f"warning: {warning}" if warning else "ok"

    def figures(self) -> dict[str, float]:
        """Samples for /metrics."""
        return {
            EXPIRES: round(self._expires_s - self._now_s()),
            **{f'{LOADS}{{outcome="{word}"}}': count for word, count in self._loads.items()},
        }
