"""`clew config`: what the settings are and where each comes from."""

from __future__ import annotations

import dataclasses
import json as json_module
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from clew.cli.options import Json
from clew.cli.output import Column, Failure, Screen, note, table
from clew.cli.setting_options import is_for_tests, with_setting_options
from clew.settings import Loaded, Origin, Settings, check_file, load, readable

HEADER = (Column("SETTING"), Column("VALUE", gives_way=True), Column("FROM"))

app = typer.Typer(
    name="config",
    help="Show the settings, or check a settings file.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("show")
@with_setting_options(json=Json)
def show(config: str | None, json: bool, **flags: str | bool | None) -> None:
    """Show every setting, its value, and where that comes from.

    It takes the options of clew serve, and shows what that would run with.
    """
    try:
        loaded = load(flags, config=config)
    except ValueError as error:
        raise Failure(str(error)) from None
    if json:
        print(json_module.dumps(document(loaded), indent=2))
        return
    shown = [
        [one["name"], text_of(one["name"], loaded.settings), source_of(loaded.origins[one["name"]])]
        for one in document(loaded)["settings"]
    ]
    table(Screen.of(sys.stdout), HEADER, shown)
    note(f"settings file: {loaded.file}" if loaded.file else "no settings file")


@app.command("validate")
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The settings file.")],
) -> None:
    """Check a settings file by itself, without flags and environment.

    Names every mistake with its line; exit status 1 if there is one.
    """
    try:
        loaded = check_file(file)
    except ValueError as error:
        problems = str(error).splitlines()
        for problem in problems:
            print(problem)
        raise typer.Exit(1) from None
    given = sum(origin.kind == "file" for origin in loaded.origins.values())
    print(f"{file}: {given} setting{'' if given == 1 else 's'}, no mistakes")


def document(loaded: Loaded[Settings]) -> dict[str, Any]:
    """For programs: sizes in bytes, secrets masked, `source` as `Origin` has it."""
    settings: list[dict[str, Any]] = []
    for declared in dataclasses.fields(loaded.settings):
        origin = loaded.origins[declared.name]
        if is_for_tests(declared) and origin.kind == "default":
            continue
        value = getattr(loaded.settings, declared.name)
        plain = value if isinstance(value, int) else str(value)
        if declared.metadata.get("secret"):
            plain = text_of(declared.name, loaded.settings)
        source = {"kind": origin.kind, "name": origin.name}
        settings.append({"name": declared.name, "value": plain, "source": source})
    return {"file": str(loaded.file) if loaded.file else None, "settings": settings}


def text_of(name: str, settings: Settings) -> str:
    """As the settings file takes it; a secret only says whether it is there."""
    value = getattr(settings, name)
    declared = {one.name: one for one in dataclasses.fields(settings)}[name]
    if declared.metadata.get("secret") and value:
        return "********"
    if value == 0 and "zero" in declared.metadata:
        return f"0 ({declared.metadata['zero']})"
    return readable(name, value) or "-"


def source_of(origin: Origin) -> str:
    """`--grpc`, `env CLEW_GRPC`, `FILE:3`, `default`."""
    if origin.kind == "default":
        return f"default ({origin.name})" if origin.name else "default"
    return f"env {origin.name}" if origin.kind == "environment" else origin.name
