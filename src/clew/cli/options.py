"""Options that several commands share, declared once."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

ApiAddress = Annotated[
    str,
    typer.Option("--api", metavar="URL", envvar="CLEW_API", help="Where Clew's API listens."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

DEFAULT_API = "http://127.0.0.1:7070"
DEFAULT_GRPC = "http://127.0.0.1:4317"
DEFAULT_HTTP = "http://127.0.0.1:4318"


def api_option(api: str) -> str:
    """` --api URL` for a command that is shown; nothing when it is the default."""
    return "" if api == DEFAULT_API else f" --api {shlex.quote(api)}"
