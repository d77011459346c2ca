"""Settings files and values, changed anywhere: a setting within its bounds, or a sentence."""

import dataclasses
import re
import tempfile
from functools import partial
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from clew.settings import Settings, check_file, load
from clew.settings.values import parse
from tests.fuzz import briefly, changed, changed_text, refusal

NAMES = [one.name for one in dataclasses.fields(Settings)]
VALUES = [
    *(
        "127.0.0.1:4317",
        "[::1]:7070",
        ":0",
        "64MiB",
        "1.5g",
        "10 m",
        "2w",
        "30d",
        "0",
        "true",
        "off",
    ),
    *("ingest,ui", "http://user:word@host:8123/clew", "/tmp/clew", "~/clew", ""),
]
FILES = ["\n".join(f'{name} = "{value}"' for name in NAMES[:5]).encode() for value in VALUES]
WORDS = (
    *(
        b'"',
        b"'",
        b'"""',
        b"[",
        b"]",
        b"{",
        b"}",
        b"=",
        b"#",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\\u",
    ),
    *(b"[a.b]", b"1e999", b"-1", b"0x10", b"1979-05-27", b"inf", b"\xef\xbb\xbf"),
    *(b"99999999999999999999", b"_file", *(name.encode() for name in NAMES)),
)


@briefly
@given(data=changed(FILES, WORDS))
def test_changed_file_is_taken_or_every_mistake_has_its_line(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "clew.toml")
        file.write_bytes(data)
        error = refusal(lambda: check_file(file))
        assert error is None or str(file) in str(error)


@briefly
@given(
    declared=st.sampled_from(dataclasses.fields(Settings)),
    text=changed_text(VALUES, [":", "[", "]", "-", " ", "e9", "GiB", "\0", "٣", "\n", "\x1b[31m"]),
)
def test_changed_value_is_taken_or_named_with_its_source(
    declared: dataclasses.Field[object], text: str
) -> None:
    said = str(refusal(lambda: parse(declared, text, "--flag")) or "--flag")
    # One line, whatever was in the value: it goes to a log.
    assert "--flag" in said
    assert re.search(r"[\x00-\x1f\x7f]", said) is None, said


@briefly
@given(text=changed_text(VALUES, [":", "[", "]", "-", " ", "\n", "\x1b[31m"]))
def test_changed_variables_are_taken_or_named(text: str) -> None:
    for name in NAMES:
        given_ = {f"CLEW_{name.upper()}": text}
        error = refusal(partial(load, {}, given_, system_file=Path("/nowhere/clew.toml")))
        assert error is None or "CLEW_" in str(error) or "--" in str(error)
