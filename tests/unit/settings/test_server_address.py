import pytest

from clew.settings import ServerAddress, Settings, load


@pytest.mark.parametrize(
    ("text", "origin", "rest"),
    [
        ("http://h", "http://h:8123", ("default", "", "default")),
        ("https://h/", "https://h:8443", ("default", "", "default")),
        ("clickhouse://h:9/db", "http://h:9", ("default", "", "db")),
        ("http://u:p%40%2F%3Aw@h:1/db", "http://h:1", ("u", "p@/:w", "db")),
        ("http://u@[::1]:1/d_1-B", "http://[::1]:1", ("u", "", "d_1-B")),
    ],
)
def test_address_names_server_account_and_database(
    text: str, origin: str, rest: tuple[str, str, str]
) -> None:
    address = ServerAddress.parse(text, "--store")
    assert address.origin == origin
    assert (address.user, address.password, address.database) == rest


@pytest.mark.parametrize(
    "text",
    [
        "h:8123",
        "ftp://h",
        "http://",
        "http://u:secret@h:port/db",
        "http://u:secret@h/a/b",
        "http://u:secret@h/db?readonly=0",
        "http://u:secret@[::1/db",
        "http://h:9000/secret@db",
        "http://h/secret%40db",
        "http://u:9000/secret@h/db",
        "http://h/d secret",
        "http://h/secrét",
    ],
)
def test_other_text_is_refused_with_an_example_and_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match=r"CLEW_STORE.*for example http://") as raised:
        load({}, {"CLEW_STORE": text})
    assert "secret" not in str(raised.value)


def test_password_is_in_no_text_of_the_settings() -> None:
    settings = load({"store": "http://u:secret@h/db"}, {}).settings
    assert "secret" not in repr(settings)
    assert Settings.from_json(settings.to_json()) == settings
