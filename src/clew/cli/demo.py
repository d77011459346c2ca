"""`clew demo`"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from clew.cli.options import DEFAULT_GRPC, DEFAULT_HTTP, ApiKey, Ca, Cert, CertKey
from clew.cli.output import Failure, note
from clew.cli.units import parse_duration

LONGEST_HISTORY_S = 7 * 86_400


class Protocol(StrEnum):
    """How the shop's services export."""

    HTTP = "http/protobuf"
    GRPC = "grpc"


def command(
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="CLEW_ENDPOINT",
            help=f"The OTLP address to send to; {DEFAULT_HTTP}, or {DEFAULT_GRPC} for gRPC.",
            show_default=False,
        ),
    ] = None,
    ca: Ca = None,
    cert: Cert = None,
    cert_key: CertKey = None,
    protocol: Annotated[Protocol, typer.Option(help="OTLP's protocol.")] = Protocol.HTTP,
    rate: Annotated[
        float, typer.Option(min=0.01, max=10_000, help="Traces a second, on average.")
    ] = 2.0,
    steady: Annotated[
        bool, typer.Option("--steady", help="The same rate all the time, no busy and quiet hours.")
    ] = False,
    duration: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long, e.g. 10m; until Ctrl-C if left out."),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Open in the past, e.g. 30m: what happened since is sent at once. At most 7d.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Send the same traffic again, but for the time.")
    ] = None,
    broken: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Make the telemetry wrong in one way; `list` shows the ways."
        ),
    ] = None,
    api_key: ApiKey = None,
    story: Annotated[
        bool, typer.Option("--story", help="Only say what is planted and how to find it.")
    ] = False,
) -> None:
    """Send the traces of a small shop.

    Twelve services in eight languages, with what goes wrong in real ones: a bad release, a cache
    stampede, a bank that does not answer, and more. `clew demo --story` tells what is planted.
    """
    if story:
        _tell()
        return
    if broken == "list":
        _list()
        return
    from clew.cli.client import (
        KEY_ADVICE,
        base_url,
        channel_files,
        credentials,
        verify_and_present,
    )
    from clew.demo.broken import find
    from clew.demo.reporter import Refused
    from clew.demo.shop import run
    from clew.demo.transport import Tls

    try:
        scenario = None if broken is None else find(broken)
    except ValueError as error:
        raise typer.BadParameter(f"--broken: {error}") from None
    duration_s = None if duration is None else _seconds("--duration", duration)
    history_s = 0.0 if history is None else _seconds("--history", history)
    if history_s > LONGEST_HISTORY_S:
        raise typer.BadParameter(f"--history: {history} is more than 7d")
    if history_s and scenario is not None and scenario.queue_spans is not None:
        raise typer.BadParameter(f"--history: {scenario.id} can only be seen in real time")
    grpc = protocol is Protocol.GRPC
    url = base_url(endpoint or (DEFAULT_GRPC if grpc else DEFAULT_HTTP), "--endpoint")
    if grpc and "/" in url.partition("://")[2]:
        raise typer.BadParameter(f"--endpoint {url!r}: gRPC takes no path")
    if scenario is not None:
        note(f"broken on purpose, {scenario.id}: {scenario.what}")
    try:
        run(
            url,
            tls=Tls(verify_and_present(), *channel_files()),
            grpc=grpc,
            rate=rate,
            duration_s=duration_s,
            history_s=history_s,
            seed=seed,
            steady=steady,
            broken=scenario,
            headers=credentials(),
            say=note,
        )
    except Refused as refused:
        by_key = any(word in str(refused) for word in ("answers 401", "answers UNAUTHENTICATED"))
        raise Failure(f"{refused}; {KEY_ADVICE}" if by_key else str(refused)) from None


def _seconds(option: str, text: str) -> float:
    try:
        return parse_duration(text) / 1e9
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def _tell() -> None:
    """What is planted, on standard output."""
    from clew.demo.planted import PLANTED

    for planted in PLANTED:
        print(f"{planted.title} ({planted.when})")
        print(f"  {planted.what}")
        print(f"  {planted.query}\n")


def _list() -> None:
    """The ways in which the telemetry can be wrong, on standard output."""
    from clew.demo.broken import SCENARIOS

    for scenario in SCENARIOS:
        print(f"{scenario.id:32} {scenario.what}")
