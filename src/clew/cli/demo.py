"""`clew demo`"""

from __future__ import annotations

from typing import Annotated

import typer

from clew.cli.options import DEFAULT_HTTP
from clew.cli.output import Failure, note
from clew.cli.units import parse_duration


def command(
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="URL", envvar="CLEW_ENDPOINT", help="The OTLP/HTTP address to send to."
        ),
    ] = DEFAULT_HTTP,
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="Traces a second.")] = 2.0,
    duration: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long, e.g. 10m; until Ctrl-C if left out."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Send the same traces again.")] = None,
) -> None:
    """Send the traces of a small shop.

    Eight services in several languages, with the errors of everyday life.
    """
    from clew.cli.client import base_url

    try:
        duration_ns = None if duration is None else parse_duration(duration)
    except ValueError as error:
        raise typer.BadParameter(f"--duration: {error}") from None
    from clew.demo.shop import Refused, run

    try:
        run(
            base_url(endpoint, "--endpoint"),
            rate=rate,
            duration_s=None if duration_ns is None else duration_ns / 1e9,
            seed=seed,
            say=note,
        )
    except Refused as refused:
        raise Failure(str(refused)) from None
