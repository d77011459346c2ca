"""What lies on the disk is its user's alone, and links lead nowhere."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import request, span
from tests.flow.door import body, post, serving, stored, trace_id


def test_every_file_and_folder_of_the_data_is_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        # A folder that was there before, and that everybody may look into.
        (tmp_path / "data").mkdir(mode=0o755)
        with serving(tmp_path) as clew:
            assert post(clew, body("private")).status == 200
            stored(clew, "private")
            found = {
                path: stat.S_IMODE(path.lstat().st_mode)
                for path in clew.data_dir.rglob("*")
                if path.exists() and not path.is_symlink()
            }
    finally:
        os.umask(before)
    assert len(found) > 10
    readable = {str(path): oct(mode) for path, mode in found.items() if mode & 0o077}
    assert readable == {}


def start(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "clew", "serve", "--data-dir", str(folder)),
            *("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ui", "127.0.0.1:0"),
        ],
        capture_output=True,
        text=True,
        timeout=50,
    )


def test_folder_that_everybody_may_write_into_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)
    ended = start(folder)
    assert ended.returncode != 0
    assert "everybody on this machine may write into the data folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    folder, precious = tmp_path / "data", tmp_path / "precious"
    folder.mkdir(mode=0o700)
    precious.write_text("mine")
    (folder / ".lock").symlink_to(precious)
    ended = start(folder)
    assert ended.returncode != 0
    assert "cannot use the data folder" in ended.stderr
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("name", ["00000000000000000000000000000001.seg", "recent-1.hashes"])
def test_links_in_the_journal_are_neither_read_nor_removed(tmp_path: Path, name: str) -> None:
    journal, precious = tmp_path / "data" / "journal", tmp_path / "precious"
    journal.mkdir(parents=True, mode=0o700)
    precious.write_bytes(b"mine" * 100)
    (journal / name).symlink_to(precious)
    (journal / "00000000000000000000000000000002.open").symlink_to(precious)
    with serving(tmp_path) as clew:
        assert post(clew, body("beside a link")).status == 200
        stored(clew, "beside a link")
        kept = (journal / "dead-letter").glob("*")
        assert not [path for path in kept if b"mine" in path.read_bytes()]
    assert precious.read_bytes() == b"mine" * 100
    assert (journal / name).is_symlink()


def test_names_of_senders_name_no_files(tmp_path: Path) -> None:
    """Item 59: a service called `../x` is text in a column, wherever it appears."""
    name = "../../clew-was-here\0/\r\nX-Injected: 1"
    with serving(tmp_path) as clew:
        one = request(span(name, trace_id=trace_id("path")), resource={"service.name": name})
        assert post(clew, one.SerializeToString()).status == 200
        found = stored(clew, "path")
        assert found[0]["name"] == name
        services = clew.get("/api/v1/services?start=0000000000")[1]
        assert "clew-was-here" in services
        assert "clew-was-here" not in clew.get("/metrics")[1]
    everything = [str(path) for path in tmp_path.rglob("*")]
    assert not [path for path in everything if "clew-was-here" in path]
