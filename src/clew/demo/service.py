"""What a service, its SDK and its instrumentation libraries are; the services are in `services`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | float | bool | tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True)
class Scope:
    """An instrumentation library, with the conventions that it says it follows."""

    name: str
    version: str
    schema_url: str = ""


@dataclass(frozen=True)
class Sdk:
    """What a language's SDK says of itself.

    `tells_remote`: it marks whether a parent was in another process (flags, bits 8 and 9).
    `names_threads`: every span says on which thread it began.
    """

    language: str
    version: str
    user_agent: str
    runtime: str
    runtime_version: str
    distro: tuple[str, str] | None = None
    schema_url: str = ""
    tells_remote: bool = True
    names_threads: bool = False


@dataclass(frozen=True, eq=False)
class Service:
    """One service. `scopes` names its instrumentation libraries by what they instrument.

    `everywhere`: it runs in each region; else only where the databases are.
    `old_names`: its HTTP and database spans follow the conventions of before 2024.
    `controllers`: the framework opens a span of its own around each handler.
    """

    name: str
    version: str
    port: int
    sdk: Sdk
    scopes: Mapping[str, Scope]
    command: tuple[str, ...]
    everywhere: bool = True
    old_names: bool = False
    controllers: bool = False
