"""`clew why TRACE`: why a trace is not to be seen."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import note, printable, write_document
from clew.cli.search import midnight
from clew.cli.units import format_time


def command(
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="Its id, or a traceparent.")],
    time: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="When it should have come. [default: the last hour]"),
    ] = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Say why a trace is not to be seen: the verdict, what is known, and the next step.

    Status 0 when it is stored whole, 3 when it is not.

    Example: clew why 00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01
    """
    from clew.cli.client import ask

    parameters = {} if time is None else {"time": midnight(time)}
    answer = ask(api, f"/api/v1/why/{quote(trace.strip(), safe='')}", parameters)
    if json:
        write_document(answer)
    else:
        print(f"{answer['verdict']}: {printable(answer['sentence'])}")
        for fact in answer["facts"]:
            print(f"  - {printable(fact['sentence'])}{_when(fact)}")
        note(printable(answer["hint"]))
    if answer["verdict"] != "stored":
        raise typer.Exit(3)


def _when(fact: dict[str, str | int | None]) -> str:
    if fact["last"] is None:
        return ""
    times = "once" if fact["count"] == 1 else f"{fact['count']} times"
    return f" ({times}, the last {format_time(int(fact['last']))})"
