"""A setting that guards something is on, off, or a mistake; never silently off."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.settings import check_file, load


@pytest.mark.parametrize(
    "text", [" ", "ture", "2", "None", "yes please", "\t", '"true"', "1 0", "-"]
)
def test_switch_for_keys_that_is_no_switch_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="CLEW_REQUIRE_KEYS"):
        load({}, {"CLEW_REQUIRE_KEYS": text}, system_file=tmp_path / "none")
    file = tmp_path / "clew.toml"
    file.write_text(f"require_keys = '{text}'\n")
    with pytest.raises(ValueError, match="require_keys"):
        check_file(file)


@pytest.mark.parametrize("value", ["[]", "{}", "1.5", "1979-05-27", "''", "2"])
def test_switch_for_keys_of_another_type_is_refused(value: str, tmp_path: Path) -> None:
    file = tmp_path / "clew.toml"
    file.write_text(f"require_keys = {value}\n")
    with pytest.raises(ValueError, match="require_keys"):
        check_file(file)


@pytest.mark.parametrize("name", ["requirekeys", "require-keys", "require_key", "REQUIRE_KEYS"])
def test_slip_in_its_name_is_a_mistake(name: str, tmp_path: Path) -> None:
    file = tmp_path / "clew.toml"
    file.write_text(f"{name} = true\n")
    with pytest.raises(ValueError, match=name):
        check_file(file)


@pytest.mark.parametrize("name", ["tls_cert", "tls_key", "tls_client_ca"])
def test_half_of_a_certificate_is_not_plaintext(name: str, tmp_path: Path) -> None:
    file = tmp_path / "clew.toml"
    for value in ("", " ", "/tmp/some.pem"):
        file.write_text(f"{name} = '{value}'\n")
        with pytest.raises(ValueError, match=name):
            check_file(file)
