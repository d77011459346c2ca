"""`clew keys`: through the API of the server that runs, or on its data folder itself."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json, api_option
from clew.cli.output import Column, Failure, Screen, note, table, write_document
from clew.cli.units import format_time, parse_duration

if TYPE_CHECKING:
    from clew.cli.key_places import Place

HEADER = (
    Column("NAME", gives_way=True),
    Column("ID"),
    Column("SCOPES"),
    Column("STATE"),
    Column("KEY"),
    Column("CREATED"),
    Column("EXPIRES"),
    Column("LAST USED"),
)

app = typer.Typer(
    name="keys",
    help="Make, list, rotate and revoke API keys.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Work on this data folder itself, whether Clew runs or not; else through the API.",
        show_default=False,
    ),
]
Which = Annotated[str, typer.Argument(metavar="ID_OR_NAME", help="The key.")]


class Scope(StrEnum):
    """What a key is for."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            "--scope",
            help="ingest: to send; read: to ask; admin: to make keys, and to ask. May be repeated.",
        ),
    ],
    expires: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long it works, e.g. 90d; for ever if left out."),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Most spans a second from all who send with it together."
        ),
    ] = None,
    data_dir: DataDir = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this once.

    Example: KEY=$(clew keys create checkout --scope ingest)
    """
    asked = {
        "name": name,
        "scopes": list(dict.fromkeys(one.value for one in scope)),
        "expiresInSeconds": None if expires is None else _seconds("--expires", expires, least=1),
        "spansPerSecond": rate,
    }
    with _place(data_dir, api, creates=True) as place:
        made, text = place.create(asked)
    if json:
        _print_json(made, text)
        return
    print(text, flush=True)
    note(f"made key {made['name']} for {', '.join(made['scopes'])}; it is shown this once")
    if "ingest" in made["scopes"]:
        note("to send with it: export OTEL_EXPORTER_OTLP_HEADERS=kf-api-key=KEY")
    if set(made["scopes"]) & {"read", "admin"}:
        note("to use it with the clew commands: export CLEW_API_KEY=KEY")
    note(f"to stop it: clew keys revoke {shlex.quote(made['name'])}{_where(data_dir, api)}")


@app.command("list")
def list_(
    data_dir: DataDir = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """List all keys, also those that work no more.

    Of each text of a key only the beginning is known.
    """
    with _place(data_dir, api) as place:
        found = place.list()
    if json:
        write_document({"keys": found})
        return
    if not found:
        note(
            "there are no keys yet; make one with: clew keys create NAME --scope ingest"
            f"{_where(data_dir, api)}"
        )
        return
    table(Screen.of(sys.stdout), HEADER, [_row(one) for one in found])


@app.command("rotate")
def rotate(
    which: Which,
    overlap: Annotated[
        str,
        typer.Option(metavar="DURATION", help="How long the text before still works; 0s: no more."),
    ] = "1d",
    data_dir: DataDir = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Give a key another text and print it, this once; both work for a time.

    Example: KEY=$(clew keys rotate checkout --overlap 7d)
    """
    overlap_s = _seconds("--overlap", overlap, least=0)
    with _place(data_dir, api) as place:
        made, text = place.rotate(_find(place.list(), which)["id"], overlap_s)
    if json:
        _print_json(made, text)
        return
    print(text, flush=True)
    until = "no more" if overlap_s == 0 else f"for {overlap} more"
    note(f"key {made['name']} has a new text, shown this once; those before work {until}")


@app.command("revoke")
def revoke(
    which: Which,
    data_dir: DataDir = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Make a key work no more, for good, within two seconds."""
    with _place(data_dir, api) as place:
        gone = place.revoke(_find(place.list(), which)["id"])
    if json:
        write_document(gone)
        return
    note(f"key {gone['name']} ({gone['id']}) is revoked")


def _place(data_dir: Path | None, api: str, *, creates: bool = False) -> Place:
    from clew.cli import key_places

    if data_dir is None:
        return key_places.Server(api)
    return key_places.folder(data_dir, creates=creates)


def _where(data_dir: Path | None, api: str) -> str:
    return api_option(api) if data_dir is None else f" --data-dir {shlex.quote(str(data_dir))}"


def _seconds(option: str, text: str, *, least: int) -> int:
    try:
        seconds, rest = divmod(parse_duration(text), 10**9)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None
    if rest or seconds < least:
        raise typer.BadParameter(f"{option}: {text!r} is not {least} s or more in whole seconds")
    return seconds


def _find(keys: Sequence[dict[str, Any]], which: str) -> dict[str, Any]:
    """By id, else the live one of this name."""
    by_id = [one for one in keys if one["id"] == which.lower()]
    named = [one for one in keys if one["name"] == which]
    live = [one for one in named if one["state"] != "revoked"]
    found = by_id or live or named
    if not found:
        raise Failure(f"there is no key {which[:100]!r}; clew keys list shows them all")
    return found[-1]


def _print_json(made: dict[str, Any], text: str) -> None:
    scope = " ".join(made["scopes"])
    write_document({"id": made["id"], "name": made["name"], "scope": scope, "key": text})


def _row(one: dict[str, Any]) -> list[str]:
    return [
        one["name"],
        one["id"],
        ",".join(one["scopes"]),
        one["state"],
        " ".join(f"{text['prefix']}…" for text in one["texts"]),
        _time(one["created"]),
        _time(one["expires"]),
        _time(one["lastUsed"]),
    ]


def _time(nanoseconds: str | None) -> str:
    return "-" if nanoseconds is None else format_time(int(nanoseconds))[:16] + "Z"
