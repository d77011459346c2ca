"""`clew serve`: its options are the settings, generated from their one declaration."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from clew.cli.output import Failure
from clew.cli.setting_options import with_setting_options
from clew.settings import load

# Modules that come with the `server` extra.
NEEDED = (
    *("chdb", "clickhouse_connect", "cryptography", "fastapi", "pyarrow", "sqlalchemy"),
    "uvicorn",
)


@with_setting_options()
def command(config: str | None, **flags: str | bool | None) -> None:
    """Start Clew: OTLP ports, store and API.

    Ctrl-C stops it and keeps the data.
    """
    try:
        loaded = load(flags, config=config)
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
        status = serve.run(loaded.settings, loaded.file)
    except OSError as error:
        raise Failure(str(error)) from None
    raise typer.Exit(status)
