"""Where values come from: flags, environment, settings file, defaults; in this order.

The settings file is TOML: `name = value` a line, with the names of the settings. It is the one
that `--config` names, else `CLEW_CONFIG`, else the first that exists of
`$XDG_CONFIG_HOME/clew/clew.toml` and `/etc/clew/clew.toml`. Values are text as on the command line,
or plain numbers.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from clew.settings.declared import Settings
from clew.settings.values import allowed, kind_name, parse, readable

FLAG_CONFIG = "--config"
ENV_CONFIG = "CLEW_CONFIG"
SYSTEM_FILE = Path("/etc/clew/clew.toml")

S = TypeVar("S", bound=Settings)
Field = dataclasses.Field[Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from. `name`: `--grpc`, `CLEW_GRPC`, `FILE:3`; empty for a default."""

    kind: Literal["flag", "environment", "file", "default"]
    name: str = ""

    def label(self, setting: str) -> str:
        """What to call the setting in a message."""
        if self.kind == "file":
            return f"{self.name}: {setting}"
        return self.name or flag_name(setting)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """Settings, where each of them came from, and the settings file if there is one."""

    settings: S
    origins: Mapping[str, Origin]
    file: Path | None


def load(
    flags: Mapping[str, str | bool | None],
    environ: Mapping[str, str] | None = None,
    config: str | None = None,
    *,
    system_file: Path = SYSTEM_FILE,
) -> Loaded[Settings]:
    """The settings to run with. `config` is what `--config` says; None: it is not given.

    An empty variable counts as not given; an empty flag is a mistake.
    """
    environ = os.environ if environ is None else environ
    file = find_file(config, environ, system_file)
    return merge(Settings, flags, environ, file)


def check_file(path: Path) -> Loaded[Settings]:
    """What a settings file says by itself, whatever flags and environment are."""
    return merge(Settings, {}, {}, path)


def find_file(
    config: str | None, environ: Mapping[str, str], system_file: Path = SYSTEM_FILE
) -> Path | None:
    """The settings file; None when none was named and none is in the usual places."""
    source, text = FLAG_CONFIG, config
    if text is None:
        source, text = ENV_CONFIG, environ.get(ENV_CONFIG) or None
    if text is not None:
        if not text.strip():
            raise ValueError(f"{source} is empty; name a file, or leave it out")
        path = Path(text).expanduser()
        if not path.is_file():
            raise ValueError(f"{source}: there is no file {text!r}")
        return path
    home = environ.get("XDG_CONFIG_HOME") or (
        f"{environ['HOME']}/.config" if environ.get("HOME") else ""
    )
    places = [Path(home) / "clew" / "clew.toml"] if home else []
    return next((place for place in (*places, system_file) if place.is_file()), None)


def merge(
    kind: type[S],
    flags: Mapping[str, str | bool | None],
    environ: Mapping[str, str],
    file: Path | None,
) -> Loaded[S]:
    """Settings of a kind from all sources; every mistake is named."""
    declared = {one.name: one for one in dataclasses.fields(kind)}
    problems: list[str] = []
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    unread: list[str] = []
    taken = _from_file(file, declared, problems) if file else {}
    for name, (origin, raw) in {**taken, **_from_texts(flags, environ, declared, problems)}.items():
        origins[name] = origin
        try:
            values[name] = _value(declared[name], raw, origin.label(name))
        except ValueError as error:
            problems.append(str(error))
            unread.append(origin.label(name))
    for one in declared.values():
        followed = one.metadata.get("twice")
        if one.name not in values and followed in values:
            values[one.name] = 2 * values[followed]
            origins[one.name] = Origin("default", f"twice {followed}")
    settings = kind(**values)
    all_origins = {name: origins.get(name, Origin("default")) for name in declared}
    named = {
        name: flag_name(name) if origin.kind == "default" else origin.label(name)
        for name, origin in all_origins.items()
    }
    # Where a value could not be read the default stands; what that collides with is no mistake.
    problems += [
        text for text in settings.check(named) if not any(label in text for label in unread)
    ]
    if problems:
        raise ValueError("\n".join(problems))
    return Loaded(settings, all_origins, file)


def flag_name(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def env_name(name: str) -> str:
    return f"CLEW_{name.upper()}"


def _from_texts(
    flags: Mapping[str, str | bool | None],
    environ: Mapping[str, str],
    declared: Mapping[str, Field],
    problems: list[str],
) -> dict[str, tuple[Origin, Any]]:
    """What flags and environment say, by name of the setting."""
    found: dict[str, tuple[Origin, Any]] = {}
    for name, one in declared.items():
        flag, variable = flags.get(name), env_name(name)
        text = readable(name, flag) if isinstance(flag, bool) else flag
        of_file = f"{variable}_FILE"
        if text is not None:
            if not text.strip():
                problems.append(f"{flag_name(name)} is empty; give a value, or leave it out")
            else:
                found[name] = Origin("flag", flag_name(name)), text
        elif one.metadata.get("secret") and environ.get(of_file):
            if environ.get(variable):
                problems.append(f"{variable} and {of_file} are both set; keep one of them")
            _add_secret(found, problems, name, Origin("environment", of_file), environ[of_file])
        elif environ.get(variable):
            found[name] = Origin("environment", variable), environ[variable]
    return found


def _from_file(
    path: Path, declared: Mapping[str, Field], problems: list[str]
) -> dict[str, tuple[Origin, Any]]:
    """What the settings file says, by name of the setting."""
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise ValueError(f"cannot read the settings file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}; a settings file is TOML: name = value") from None
    found: dict[str, tuple[Origin, Any]] = {}
    for key, value in document.items():
        name, origin = key, Origin("file", f"{path}:{_line_of(key, text)}")
        of_secret = key.removesuffix("_file")
        if key not in declared and of_secret in declared:
            name = of_secret if declared[of_secret].metadata.get("secret") else key
        if name not in declared:
            problems.append(f"{origin.name}: {key!r} is no setting{_nearest(key, declared)}")
        elif name in document and name != key:
            problems.append(f"{origin.name}: {name} and {key} are both given; keep one of them")
        elif name != key:
            _add_secret(found, problems, name, origin, str(value))
        else:
            found[name] = origin, value
    return found


def _add_secret(
    found: dict[str, tuple[Origin, Any]],
    problems: list[str],
    name: str,
    origin: Origin,
    path: str,
) -> None:
    try:
        text = Path(path).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        problems.append(f"{origin.name}: cannot read {path!r}: {error}")
        return
    if text:
        found[name] = origin, text
    else:
        problems.append(f"{origin.name}: {path!r} is empty; write the value of {name} into it")


def _value(one: Field, raw: Any, source: str) -> Any:
    """Text as everywhere; from a file a plain number too."""
    if isinstance(raw, str):
        if not raw.strip():
            raise ValueError(f"{source} is empty; give a value, or leave it out")
        return parse(one, raw, source)
    if one.type == "int" and isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if one.type == "bool" and isinstance(raw, bool):
        return raw
    bounds = f" ({allowed(one)})" if allowed(one) and one.type != "bool" else ""
    shown = "***" if one.metadata.get("secret") else json.dumps(raw, default=str)
    kinds = {"int": "a whole number", "bool": "true or false without quotes"}
    wanted = kinds.get(str(one.type), "text in quotes")
    if kind_name(one) in ("size", "days"):
        wanted += ", or text with a unit"
    raise ValueError(f"{source}: {shown} is not {wanted}{bounds}")


def _line_of(key: str, text: str) -> int:
    """Where a key of the document stands; it is there, or TOML would not have found it."""
    pattern = rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[=.\]]"
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _nearest(key: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(key.replace("-", "_").lower(), names, 1)
    return f"; did you mean {near[0]}?" if near else "; clew config show lists them all"
