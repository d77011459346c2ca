"""The settings as options of a command, made from their one declaration."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from clew.settings import FLAG_CONFIG, Settings, env_name, flag_name, kind_name, readable

F = TypeVar("F", bound=Callable[..., None])

_METAVARS = {"address": "HOST:PORT", "number": "N"}


def with_setting_options(**more: object) -> Callable[[F], F]:
    """Gives a command `--config`, the options in `more` (name = annotation) and one a setting.

    `clew.settings.load` reads the environment and names it in its messages.
    """

    def decorate(command: F) -> F:
        options = [
            _parameter("config", str | None, _config_option(), None),
            *(
                inspect.Parameter(
                    name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation
                )
                for name, annotation in more.items()
            ),
            *(
                _parameter(declared.name, _kind(declared), _option(declared), None)
                for declared in dataclasses.fields(Settings)
            ),
        ]
        command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined] # how `inspect` is told
        command.__annotations__ = {option.name: option.annotation for option in options}
        return command

    return decorate


def shown_default(declared: dataclasses.Field[object]) -> str:
    """As help and reference show it."""
    if twice := declared.metadata.get("twice"):
        return f"twice {twice}"
    text = readable(declared.name, getattr(Settings(), declared.name))
    return text.replace(str(Path.home()), "~", 1)


def is_for_tests(declared: dataclasses.Field[object]) -> bool:
    """Whether people need not see it."""
    return str(declared.metadata["help"]).startswith("For tests:")


def _parameter(name: str, kind: object, option: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, option],
    )


def _kind(declared: dataclasses.Field[object]) -> object:
    # A switch takes no value: `--require-keys`.
    return bool | None if declared.type == "bool" else str | None


def _config_option() -> object:
    return typer.Option(
        FLAG_CONFIG,
        metavar="FILE",
        help="Settings file; else clew/clew.toml in ~/.config or /etc. [env: CLEW_CONFIG]",
        show_default=False,
    )


def _option(declared: dataclasses.Field[object]) -> object:
    shown = f" [env: {env_name(declared.name)}]"
    if default := shown_default(declared):
        shown += f" [default: {default}]"
    kind = kind_name(declared)
    return typer.Option(
        flag_name(declared.name),
        metavar=None if kind == "switch" else _METAVARS.get(kind, kind.upper()),
        help=declared.metadata["help"] + shown,
        hidden=is_for_tests(declared),
        show_default=False,
    )
