"""The API as the commands use it. Whatever goes wrong is one `Failure` that says what to do."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
import orjson

from clew.cli.options import api_key, authority, identity
from clew.cli.output import Failure, marked

# A server under load is asked again so often, and not waited for longer than this between.
_TRIES = 6
_LONGEST_WAIT_S = 10.0


def trusted() -> Path | None:
    """The file that `--ca` named to the command that runs."""
    file = authority.get()
    if not file:
        return None
    path = Path(file).expanduser()
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        why = getattr(error, "strerror", None) or error
        raise Failure(f"--ca {file!r} is no authority in PEM ({why}); name its file") from None
    return path


def verify() -> ssl.SSLContext | bool:
    """For an HTTP client: what the server's certificate must be signed by."""
    path = trusted()
    return True if path is None else ssl.create_default_context(cafile=path)


def presented() -> tuple[Path, Path] | None:
    """The client certificate and its key that `--cert` named to the command that runs."""
    certificate, key = identity.get()
    if not certificate:
        if key:
            raise Failure("--cert-key is given without --cert; name the certificate's file too")
        return None
    pair = Path(certificate).expanduser(), Path(key or certificate).expanduser()
    try:
        _load(ssl.create_default_context(), pair)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        why = getattr(error, "strerror", None) or error
        raise Failure(
            f"--cert {certificate!r} and its key {str(pair[1])!r} cannot be used ({why}); "
            "name a pair in PEM, the key without a passphrase"
        ) from None
    return pair


def _load(context: ssl.SSLContext, pair: tuple[Path, Path]) -> None:
    # Without a password OpenSSL would ask for one on the terminal.
    context.load_cert_chain(*pair, password=lambda: "")


def verify_and_present() -> ssl.SSLContext | bool:
    """As `verify`, for an OTLP port, which may ask for a client certificate."""
    pair = presented()
    if pair is None:
        return verify()
    context = ssl.create_default_context(cafile=trusted())
    _load(context, pair)
    return context


def channel_files() -> tuple[bytes | None, bytes | None, bytes | None]:
    """For gRPC: authority, key and certificate, each None for the usual or none."""
    ca, pair = trusted(), presented()
    roots = ca.read_bytes() if ca else None
    return (roots, pair[1].read_bytes(), pair[0].read_bytes()) if pair else (roots, None, None)


KEY_ADVICE = (
    "give a key with --key, CLEW_API_KEY or the file CLEW_API_KEY_FILE; clew keys create makes one"
)
# The API's words for a key that does not do.
_NO_KEY = ("missing_key", "malformed_key", "unknown_key", "expired_key", "revoked_key")


def credentials() -> dict[str, str]:
    """The header with the key that `--key` or the environment gives; empty without one."""
    source, text = "--key or CLEW_API_KEY", api_key.get()
    # What holds secrets is no setting of Clew, and no option: a command line can be seen by all.
    if text is None and (file := os.environ.get("CLEW_API_KEY_FILE")):
        source = f"the file {file} of CLEW_API_KEY_FILE"
        try:
            text = Path(file).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or error
            raise Failure(f"cannot read {source}: {why}") from None
    if text is None:
        return {}
    text = text.strip()
    if not text:
        raise Failure(f"{source} is empty; write the key there, or leave it out")
    if not text.isascii() or not text.isprintable():
        raise Failure(f"{source} is no API key: it has characters that no key has")
    return {"kf-api-key": text}


LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


class Api:
    """Clew's HTTP API at one address."""

    def __init__(self, address: str, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.address = base_url(address, "--api")
        # A proxy for the internet must not stand between the command and its own machine.
        self._client = httpx2.Client(
            base_url=self.address,
            timeout=httpx2.Timeout(60, connect=5),
            transport=transport,
            verify=verify(),
            headers=credentials(),
            trust_env=httpx2.URL(self.address).host not in LOOPBACK,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def post(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """The document of a successful answer to one that is sent. It is sent once."""
        with self._explained():
            answer = self._client.post(path, json=document)
        if answer.status_code != 200:
            raise Failure(describe(self.address + path, answer.status_code, answer.content))
        return self._document(answer.content)

    def get(self, path: str, parameters: dict[str, str] | None = None) -> dict[str, Any]:
        """The document of a successful answer."""
        status, body = self._ask(path, parameters)
        if status != 200:
            query = (parameters or {}).get("q", "")
            raise Failure(describe(self.address + path, status, body) + _pointed(query, body))
        return self._document(body)

    def find(
        self,
        path: str,
        parameters: dict[str, str] | None = None,
        absent: tuple[str, ...] = ("trace_not_found",),
    ) -> bytes | None:
        """The body of a successful answer; None when it is an error with one of these codes."""
        status, body = self._ask(path, parameters)
        if status == 200:
            return body
        error = _error_of(body)
        if error is not None and error.get("code") in absent:
            return None
        raise Failure(describe(self.address + path, status, body))

    @contextmanager
    def stream(
        self, path: str, absent: tuple[str, ...] = ("trace_not_found",)
    ) -> Iterator[Iterator[bytes] | None]:
        """The pieces of a successful answer while they come; None as with `find`.

        Asks again, a few times, while the server says that it is busy.
        """
        for tries_left in reversed(range(_TRIES)):
            with self._explained(), self._client.stream("GET", path) as answer:
                if answer.status_code == 200:
                    yield answer.iter_bytes()
                    return
                body = answer.read()
            error = _error_of(body)
            if error is not None and error.get("code") in absent:
                yield None
                return
            if answer.status_code not in (429, 503) or not tries_left:
                raise Failure(describe(self.address + path, answer.status_code, body))
            text = answer.headers.get("retry-after", "")
            time.sleep(min(float(text), _LONGEST_WAIT_S) if text.isdigit() else 1.0)

    def _document(self, body: bytes) -> dict[str, Any]:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise Failure(f"{self.address} is not Clew's API; is --api the UI's address?")
        return document

    def _ask(self, path: str, parameters: dict[str, str] | None) -> tuple[int, bytes]:
        with self._explained():
            answer = self._client.get(path, params=parameters)
        if answer.status_code == 200 and not answer.headers.get("content-type", "").startswith(
            "application/json"
        ):
            raise Failure(f"{self.address} is not Clew's API; is --api the UI's address?")
        return answer.status_code, answer.content

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Failures of the connection in a sentence."""
        try:
            yield
        except httpx2.ConnectError as error:
            raise Failure(
                f"cannot reach Clew's API at {self.address} ({error}); "
                + advice(error, "start Clew with clew serve, or name its address with --api")
            ) from None
        except httpx2.TimeoutException:
            raise Failure(
                f"{self.address} did not answer within 60 s; ask for less, or look at its log"
            ) from None
        except httpx2.HTTPError as error:
            raise Failure(
                f"{self.address} does not answer as Clew's API does ({error}); "
                "is --api the UI's address?"
            ) from None


def ask(address: str, path: str, parameters: dict[str, str]) -> dict[str, Any]:
    """The one answer that a command needs."""
    with Api(address) as client:
        return client.get(path, parameters)


def base_url(text: str, flag: str) -> str:
    """`http://HOST:PORT` without a slash at the end; the scheme may be left out."""
    url = (text if "://" in text else f"http://{text}").rstrip("/")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or (parsed.port or 0) > 65535:
        raise Failure(wrong_address(text, flag))
    return url


def wrong_address(text: str, flag: str) -> str:
    return f"{flag} {text!r} is not an address; write http://HOST:PORT"


def advice(error: BaseException | str, start: str) -> str:
    """What to do when a connection fails; starting Clew helps only when nobody listens."""
    text = str(error).lower()
    if any(word in text for word in ("ssl", "tls", "certificate")):
        return (
            "the address speaks no TLS that this machine trusts; name the authority of its "
            "certificate with --ca, or is it http:// there?"
        )
    if any(word in text for word in ("name or service", "nodename", "resol", "dns", "idna")):
        return "there is no such host; check the name in the address"
    return start


def describe(url: str, status: int, body: bytes) -> str:
    """An error answer of the API in a sentence."""
    error = _error_of(body)
    if error is None and b"this port speaks TLS" in body:
        return f"{url} answered {status}: {body.decode(errors='replace').strip()} (--api)"
    if error is None:
        return (
            f"{url} answered {status}, and not as Clew's API does: this address is not Clew's API; "
            "is --api the UI's address?"
        )
    message, hint = str(error["message"]), error.get("hint")
    if error.get("code") in _NO_KEY:
        hint = KEY_ADVICE[0].upper() + KEY_ADVICE[1:]
    if not hint:
        return message
    return f"{message} {hint}" if message.endswith((".", "!", "?")) else f"{message}; {hint}"


def _pointed(query: str, body: bytes) -> str:
    """The query and a mark under the place where an error is, on lines of their own."""
    position = (_error_of(body) or {}).get("position")
    return "\n" + marked(query, position) if query and isinstance(position, int) else ""


def _error_of(body: bytes) -> dict[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) and error.get("message") else None
