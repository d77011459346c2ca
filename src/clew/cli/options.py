"""Options that several commands share, declared once."""

from __future__ import annotations

import shlex
from contextvars import ContextVar
from typing import Annotated

import typer

ApiAddress = Annotated[
    str,
    typer.Option("--api", metavar="URL", envvar="CLEW_API", help="Where Clew's API listens."),
]


# What `--ca` says to the command that runs; `client.trusted` reads it. Every command has the option
# and every connection of it the same answer, so it need not go through all that is between.
authority: ContextVar[str | None] = ContextVar("authority", default=None)


def _trust(file: str | None) -> str | None:
    authority.set(file)
    return file


Ca = Annotated[
    str | None,
    typer.Option(
        "--ca",
        metavar="FILE",
        envvar="CLEW_CA",
        callback=_trust,
        help="Authority in PEM that signed Clew's certificate, for https://.",
    ),
]
# As `authority`: what is presented to a port that asks for client certificates, and its key.
identity: ContextVar[tuple[str | None, str | None]] = ContextVar("identity", default=(None, None))


def _present_certificate(file: str | None) -> str | None:
    identity.set((file, identity.get()[1]))
    return file


def _present_its_key(file: str | None) -> str | None:
    identity.set((identity.get()[0], file))
    return file


Cert = Annotated[
    str | None,
    typer.Option(
        "--cert",
        metavar="FILE",
        envvar="CLEW_CERT",
        callback=_present_certificate,
        help="Client certificate in PEM, for an OTLP port that asks for one.",
    ),
]
CertKey = Annotated[
    str | None,
    typer.Option(
        "--cert-key",
        metavar="FILE",
        envvar="CLEW_CERT_KEY",
        callback=_present_its_key,
        help="Its key in PEM; may be left out when it is in the same file.",
    ),
]

# The same for what `--key` says; `client.credentials` reads it. It is never printed.
api_key: ContextVar[str | None] = ContextVar("api_key", default=None)


def _present(text: str | None) -> str | None:
    api_key.set(text)
    return text


ApiKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        envvar="CLEW_API_KEY",
        callback=_present,
        help="API key, where Clew asks for one; CLEW_API_KEY_FILE names a file that has it.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

DEFAULT_API = "http://127.0.0.1:7070"
DEFAULT_GRPC = "http://127.0.0.1:4317"
DEFAULT_HTTP = "http://127.0.0.1:4318"


def api_option(api: str) -> str:
    """` --api URL` for a command that is shown; nothing when it is the default."""
    return "" if api == DEFAULT_API else f" --api {shlex.quote(api)}"
