import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from clew.settings import Address, Settings
from clew.settings.load import merge


def load(flags: Mapping[str, str | bool | None], environ: Mapping[str, str]) -> Settings:
    """As on a machine without a settings file."""
    return merge(Settings, flags, environ, None).settings


def test_flag_wins_over_environment_and_environment_over_default() -> None:
    environ = {"CLEW_GRPC": "127.0.0.1:1", "CLEW_HTTP": "127.0.0.1:2"}
    settings = load({"grpc": "127.0.0.1:9", "http": None}, environ)
    assert settings.grpc == Address("127.0.0.1", 9)
    assert settings.http == Address("127.0.0.1", 2)
    assert settings.ui == Address("127.0.0.1", 7070)


@pytest.mark.parametrize("text", ["4317", "host:", "host:port", "host:99999", "host:²"])
def test_bad_address_is_named_with_its_source_and_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"CLEW_GRPC.*127\.0\.0\.1:4317"):
        load({}, {"CLEW_GRPC": text})


def test_sizes_take_units() -> None:
    settings = load({}, {"CLEW_MAX_REQUEST_BYTES": "8MiB", "CLEW_JOURNAL_MAX_BYTES": "2g"})
    assert (settings.max_request_bytes, settings.journal_max_bytes) == (8 << 20, 2 << 30)


@pytest.mark.parametrize("text", ["many", "-1", "1.5g", "5 apples", "²", "9" * 5000])
def test_bad_size_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="CLEW_MAX_REQUEST_BYTES"):
        load({}, {"CLEW_MAX_REQUEST_BYTES": text})


@pytest.mark.parametrize(
    "address", ["0.0.0.0:4317", ":4317", "10.0.0.1:4317", "[::]:4317", "example.org:4317"]
)
def test_open_address_is_refused_until_somebody_says_so(address: str) -> None:
    with pytest.raises(ValueError, match="--open ingest"):
        load({"grpc": address}, {})
    assert load({"grpc": address, "open": "ingest"}, {}).grpc.port == 4317


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"])
def test_loopback_address_needs_no_permission(address: str) -> None:
    assert str(load({"ui": address}, {}).ui) == address


def test_keys_open_the_intake_to_any_address_and_not_the_api() -> None:
    everywhere = {"grpc": "0.0.0.0:4317", "http": "0.0.0.0:4318"}
    settings = load({**everywhere, "require_keys": True}, {})
    assert settings.asks_for_key("ingest")
    assert settings.asks_for_key("ui")
    with pytest.raises(ValueError, match=r"--grpc .*--require-keys, or say --open ingest"):
        load(everywhere, {})
    with pytest.raises(ValueError, match=r"--ui .* no login yet; .*--open ui"):
        load({"ui": "0.0.0.0:7070", "require_keys": True}, {})
    opened = load({"ui": "0.0.0.0:7070", "require_keys": True, "open": "ui"}, {})
    assert opened.asks_for_key("ingest")
    assert not opened.asks_for_key("ui")


@pytest.mark.parametrize(
    ("text", "is_on"),
    [("true", True), ("YES", True), ("1", True), ("on", True), ("false", False), ("0", False)],
)
def test_switch_is_read_as_people_write_it(text: str, is_on: bool) -> None:
    settings = load({}, {"CLEW_REQUIRE_KEYS": text})
    assert settings.require_keys is is_on
    assert Settings.from_json(settings.to_json()).require_keys is is_on
    assert load({"require_keys": True}, {"CLEW_REQUIRE_KEYS": text}).require_keys


def test_switch_that_is_neither_is_named() -> None:
    with pytest.raises(ValueError, match="CLEW_REQUIRE_KEYS: 'ja' is neither true nor false"):
        load({}, {"CLEW_REQUIRE_KEYS": "ja"})


def test_unknown_word_in_open_is_refused() -> None:
    with pytest.raises(ValueError, match="everything"):
        load({"open": "everything"}, {})


def test_settings_reach_the_children_unchanged() -> None:
    settings = load({"data_dir": "/somewhere/else", "grpc": "[::1]:7"}, {})
    assert Settings.from_json(settings.to_json()) == settings
    assert settings.data_dir == Path("/somewhere/else")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("max_request_bytes", "0", "0 is outside 1 to 128MiB"),
        ("max_request_bytes", "129MiB", "129MiB is outside 1 to 128MiB"),
        ("max_connections", "0", "0 is outside 1 to 1000000"),
        ("max_connections", "1000001", "1000001 is outside 1 to 1000000"),
        ("intake_memory_bytes", "127MiB", "127MiB is outside 128MiB (twice --max-request-bytes)"),
        ("intake_memory_bytes", str(2**40 + 1), f"{2**40 + 1} is outside 128MiB to 1TiB"),
        ("journal_max_bytes", "63MiB", "63MiB is outside 64MiB"),
        ("disk_reserve_bytes", str(2**62 + 1), f"{2**62 + 1} is outside 0"),
        ("store_memory_bytes", "511MiB", "511MiB is outside 512MiB"),
    ],
)
def test_size_outside_its_bounds_names_them_and_its_source(name: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"CLEW_{name.upper()}: {said}")):
        load({}, {f"CLEW_{name.upper()}": text})
    with pytest.raises(ValueError, match=re.escape(f"--{name.replace('_', '-')}: {said}")):
        load({name: text}, {})


def test_every_size_has_bounds_that_hold_its_default() -> None:
    sizes = [one for one in dataclasses.fields(Settings) if one.type == "int"]
    assert len(sizes) >= 9
    for one in sizes:
        is_special = "zero" in one.metadata and one.default == 0
        assert is_special or one.metadata["min"] <= one.default <= one.metadata["max"], one.name


def test_empty_variable_counts_as_not_given() -> None:
    environ = {f"CLEW_{one.name.upper()}": "" for one in dataclasses.fields(Settings)}
    assert load({}, environ) == Settings()


def test_empty_flag_is_refused() -> None:
    for one in dataclasses.fields(Settings):
        with pytest.raises(ValueError, match="is empty; give a value, or leave it out"):
            load({one.name: ""}, {})


def test_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match=r"--data-dir: .*file' is not a folder"):
        load({"data_dir": str(file)}, {})


def test_home_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match=r"CLEW_DATA_DIR: .*write the whole path"):
        load({}, {"CLEW_DATA_DIR": "~nobody-of-this-name/x"})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("127.0.0.1:9", "127.0.0.1:9"),
        ("localhost:9", "127.0.0.1:9"),
        ("0.0.0.0:9", "127.0.0.1:9"),
        ("[::1]:9", "[::]:9"),
    ],
)
def test_two_listeners_on_one_address_are_refused(first: str, second: str) -> None:
    with pytest.raises(ValueError, match=r"--http .*:9 is taken by CLEW_GRPC .*:9"):
        load({"http": second, "open": "ingest"}, {"CLEW_GRPC": first})


def test_port_0_is_another_port_each_time() -> None:
    same = {name: "127.0.0.1:0" for name in ("grpc", "http", "ui")}
    assert load(same, {}).ui.port == 0
