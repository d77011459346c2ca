"""`clew serve`: its options are the settings, generated from their one declaration."""

from __future__ import annotations

import dataclasses
import inspect
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from clew.cli.output import Failure
from clew.settings import Settings, env_name, flag_name, readable_size

# Modules that come with the `server` extra.
NEEDED = ("chdb", "fastapi", "pyarrow", "uvicorn")


def command(**flags: str | None) -> None:
    """Start Clew: OTLP ports, store and API.

    Ctrl-C stops it and keeps the data.
    """
    try:
        settings = Settings.load(flags)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise Failure(
            f"the store is not installed ({', '.join(missing)} missing); "
            "run pip install 'clew[server]'"
        )
    from clew import serve

    try:
        status = serve.run(settings)
    except OSError as error:
        raise Failure(str(error)) from None
    raise typer.Exit(status)


def _option(declared: dataclasses.Field[object]) -> inspect.Parameter:
    """The flag of a setting; `Settings.load` reads the environment and names it in its messages."""
    shown = f" [env: {env_name(declared.name)}]"
    if default := _readable(getattr(Settings(), declared.name)):
        shown += f" [default: {default}]"
    option = typer.Option(
        flag_name(declared.name),
        metavar={"Path": "FOLDER", "Address": "HOST:PORT", "int": "N"}.get(
            str(declared.type), "TEXT"
        ),
        help=declared.metadata["help"] + shown,
        hidden=declared.metadata["help"].startswith("For tests:"),
        show_default=False,
    )
    return inspect.Parameter(
        declared.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[str | None, option],
    )


def _readable(value: object) -> str:
    if isinstance(value, int):
        return readable_size(value)
    return str(value).replace(str(Path.home()), "~", 1)


_options = [_option(declared) for declared in dataclasses.fields(Settings)]
command.__signature__ = inspect.Signature(_options)  # type: ignore[attr-defined] # how `inspect` is told
command.__annotations__ = {option.name: option.annotation for option in _options}
