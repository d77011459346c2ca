"""The settings file, and which source wins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clew.settings import Loaded, Origin, Settings, check_file, load
from clew.settings.load import merge


@dataclass(frozen=True, slots=True)
class WithSecret(Settings):
    """As the settings will be once one of them is a secret."""

    password: str = field(default="", metadata={"help": "Opens the door.", "secret": True})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clew.toml"


def mistakes(file: Path, text: str) -> list[str]:
    """What is wrong with a settings file of this text, without the file's name."""
    file.write_text(text)
    with pytest.raises(ValueError) as raised:
        check_file(file)
    return [line.replace(f"{file}:", "") for line in str(raised.value).splitlines()]


def loaded(
    flags: Mapping[str, str | None], environ: Mapping[str, str], config: Path | None = None
) -> Loaded[Settings]:
    return load(
        flags, environ, str(config) if config else None, system_file=Path("/nowhere/clew.toml")
    )


def test_flag_beats_environment_beats_file_beats_default(file: Path) -> None:
    file.write_text('grpc = ":1"\nhttp = ":2"\nui = ":3"\nopen = "ingest,ui"\n')
    environ = {"CLEW_GRPC": "127.0.0.1:4", "CLEW_HTTP": "127.0.0.1:5"}
    found = loaded({"grpc": "127.0.0.1:6"}, environ, file)
    ports = [getattr(found.settings, name).port for name in ("grpc", "http", "ui")]
    assert ports == [6, 5, 3]
    assert found.settings.max_connections == 4096
    assert [found.origins[name] for name in ("grpc", "http", "ui", "max_connections")] == [
        Origin("flag", "--grpc"),
        Origin("environment", "CLEW_HTTP"),
        Origin("file", f"{file}:3"),
        Origin("default"),
    ]


def test_numbers_are_numbers_or_text_with_a_unit(file: Path) -> None:
    file.write_text(
        'journal_max_bytes = 67108864\nstore_memory_bytes = "2GiB"\nretention_days = "2w"'
    )
    settings = check_file(file).settings
    assert settings.journal_max_bytes == 64 << 20
    assert settings.store_memory_bytes == 2 << 30
    assert settings.retention_days == 14


@pytest.mark.parametrize(("text", "days"), [("30", 30), ("30d", 30), ("4w", 28), ("0", 0)])
def test_days_have_units_everywhere(text: str, days: int) -> None:
    assert loaded({"retention_days": text}, {}).settings.retention_days == days
    assert loaded({}, {"CLEW_RETENTION_DAYS": text}).settings.retention_days == days


def test_all_mistakes_are_named_with_their_lines(file: Path) -> None:
    text = """\
# mine
grcp = "127.0.0.1:1"
retention_days = "soon"
store_max_bytes = 5
max_connections = true
journal_max_bytes = 1.5
ui = 7070
http = ""

[intake]
memory = 1
"""
    assert mistakes(file, text) == [
        "2: 'grcp' is no setting; did you mean grpc?",
        "10: 'intake' is no setting; clew config show lists them all",
        "3: retention_days: 'soon' is not a number of days; give for example 14, 14d or 2w",
        "5: max_connections: true is not a whole number (1 to 1000000)",
        "6: journal_max_bytes: 1.5 is not a whole number, or text with a unit (at least 64MiB)",
        "7: ui: 7070 is not text in quotes",
        "8: http is empty; give a value, or leave it out",
        "4: store_max_bytes: 5 is outside 1MiB to 4194304TiB; 0 means no cap",
    ]


def test_mistake_that_spans_settings_names_both_lines(file: Path) -> None:
    text = 'disk_reserve_bytes = "4GiB"\nretention_free_bytes = "4GiB"\n'
    (said,) = mistakes(file, text)
    assert said.startswith("2: retention_free_bytes: 4GiB is not more than the 4GiB of 1: disk_re")


def test_file_that_is_no_toml_is_named_with_the_line(file: Path) -> None:
    (said,) = mistakes(file, "grpc = \n")
    assert "at line 1" in said
    assert "name = value" in said


def test_room_follows_the_reserve_when_only_that_is_given(file: Path) -> None:
    file.write_text('disk_reserve_bytes = "5GiB"')
    found = check_file(file)
    assert found.settings.retention_free_bytes == 10 << 30
    assert found.origins["retention_free_bytes"] == Origin("default", "twice disk_reserve_bytes")
    assert loaded({"disk_reserve_bytes": "0"}, {}).settings.retention_free_bytes == 0


def test_default_of_the_room_is_what_its_declaration_says() -> None:
    settings = Settings()
    assert settings.retention_free_bytes == 2 * settings.disk_reserve_bytes


def test_file_is_looked_for_in_the_usual_places(tmp_path: Path) -> None:
    system = tmp_path / "etc.toml"
    environ = {"HOME": str(tmp_path), "CLEW_CONFIG": ""}
    assert load({}, environ, system_file=system).file is None
    system.write_text("")
    assert load({}, environ, system_file=system).file == system
    mine = tmp_path / ".config" / "clew" / "clew.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text("")
    assert load({}, environ, system_file=system).file == mine
    xdg = {**environ, "XDG_CONFIG_HOME": str(tmp_path / "other")}
    assert load({}, xdg, system_file=system).file == system
    named = tmp_path / "named.toml"
    named.write_text("")
    environ["CLEW_CONFIG"] = str(named)
    assert load({}, environ, system_file=system).file == named
    assert load({}, environ, str(mine), system_file=system).file == mine


@pytest.mark.parametrize("source", ["--config", "CLEW_CONFIG"])
def test_named_file_that_is_missing_is_a_mistake(source: str) -> None:
    config = "/no/such" if source == "--config" else None
    with pytest.raises(ValueError, match=f"{source}: there is no file '/no/such'"):
        load({}, {"CLEW_CONFIG": "/no/such"}, config)


def test_secret_comes_from_a_file_that_variable_or_key_names(tmp_path: Path, file: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.write_text("open sesame\n")
    from_environment = merge(WithSecret, {}, {"CLEW_PASSWORD_FILE": str(hidden)}, None)
    assert from_environment.settings.password == "open sesame"
    assert from_environment.origins["password"].name == "CLEW_PASSWORD_FILE"
    file.write_text(f'password_file = "{hidden}"')
    from_file = merge(WithSecret, {}, {}, file)
    assert from_file.settings.password == "open sesame"
    assert from_file.origins["password"].name == f"{file}:1"


def test_secret_that_is_given_twice_or_cannot_be_read_is_a_mistake(
    tmp_path: Path, file: Path
) -> None:
    both = {"CLEW_PASSWORD": "a", "CLEW_PASSWORD_FILE": str(tmp_path / "missing")}
    with pytest.raises(ValueError, match=r"both set(.|\n)*cannot read"):
        merge(WithSecret, {}, both, None)
    file.write_text('password = "a"\npassword_file = "b"\n')
    with pytest.raises(ValueError, match=":2: password and password_file are both given"):
        merge(WithSecret, {}, {}, file)
    file.write_text("password = 12345\n")
    with pytest.raises(ValueError, match=r"\*\*\* is not text") as raised:
        merge(WithSecret, {}, {}, file)
    assert "12345" not in str(raised.value)


def test_only_secrets_come_from_files(file: Path) -> None:
    assert "'grpc_file' is no setting" in mistakes(file, 'grpc_file = "x"')[0]


def test_every_number_says_its_unit_and_bounds() -> None:
    for one in dataclasses.fields(Settings):
        if one.type == "int":
            assert {"help", "min", "max"} <= one.metadata.keys(), one.name


def test_switch_in_the_file_is_true_or_false(file: Path) -> None:
    file.write_text("require_keys = true\n")
    assert check_file(file).settings.require_keys
    file.write_text('require_keys = "off"\n')
    assert not check_file(file).settings.require_keys
    (problem,) = mistakes(file, "require_keys = 2\n")
    assert problem.endswith("2 is not true or false without quotes")
