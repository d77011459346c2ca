from pathlib import Path

import pytest

from clew.settings import Address, Settings


def test_flag_wins_over_environment_and_environment_over_default() -> None:
    environ = {"CLEW_GRPC": "127.0.0.1:1", "CLEW_HTTP": "127.0.0.1:2"}
    settings = Settings.load({"grpc": "127.0.0.1:9", "http": None}, environ)
    assert settings.grpc == Address("127.0.0.1", 9)
    assert settings.http == Address("127.0.0.1", 2)
    assert settings.ui == Address("127.0.0.1", 7070)


@pytest.mark.parametrize("text", ["4317", "host:", "host:port", "host:99999", ""])
def test_bad_address_is_named_with_its_source_and_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"CLEW_GRPC.*127\.0\.0\.1:4317"):
        Settings.load({}, {"CLEW_GRPC": text})


def test_sizes_take_units() -> None:
    settings = Settings.load({}, {"CLEW_MAX_REQUEST_BYTES": "8MiB", "CLEW_JOURNAL_MAX_BYTES": "2g"})
    assert (settings.max_request_bytes, settings.journal_max_bytes) == (8 << 20, 2 << 30)


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5g", "5 apples"])
def test_bad_size_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="CLEW_MAX_REQUEST_BYTES"):
        Settings.load({}, {"CLEW_MAX_REQUEST_BYTES": text})


@pytest.mark.parametrize(
    "address", ["0.0.0.0:4317", ":4317", "10.0.0.1:4317", "[::]:4317", "example.org:4317"]
)
def test_open_address_is_refused_until_somebody_says_so(address: str) -> None:
    with pytest.raises(ValueError, match="--open ingest"):
        Settings.load({"grpc": address}, {})
    assert Settings.load({"grpc": address, "open": "ingest"}, {}).grpc.port == 4317


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"])
def test_loopback_address_needs_no_permission(address: str) -> None:
    assert str(Settings.load({"ui": address}, {}).ui) == address


def test_unknown_word_in_open_is_refused() -> None:
    with pytest.raises(ValueError, match="everything"):
        Settings.load({"open": "everything"}, {})


def test_settings_reach_the_children_unchanged() -> None:
    settings = Settings.load({"data_dir": "/somewhere/else", "grpc": "[::1]:7"}, {})
    assert Settings.from_json(settings.to_json()) == settings
    assert settings.data_dir == Path("/somewhere/else")
