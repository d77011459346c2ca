"""Keys on the real SQLite."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clew.admin import (
    ADMIN,
    FILE,
    INGEST,
    READ,
    ConflictError,
    KeyRefused,
    Keys,
    KeysError,
    KeyWatch,
    allows,
    find_key,
    is_whole,
    parse_scopes,
)
from clew.admin.handover import GO_BY_OLD_FOR_S
from clew.admin.keys import KNOWN_EXPIRED_FOR_S
from clew.admin.secret import ALPHABET, new_secret

DAY = 86_400


class Clock:
    """Time that a test tells."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def refused(keys: Keys, secret: str, now_s: float = 2_000_000_000) -> str:
    with pytest.raises(KeyRefused) as caught:
        keys.check(secret, now_s)
    return caught.value.reason


def test_key_has_the_form_that_scanners_know() -> None:
    secret = new_secret()
    assert len(secret) == 43
    number = sum(62 ** (5 - place) * ALPHABET.index(one) for place, one in enumerate(secret[37:]))
    assert number == zlib.crc32(secret[:37].encode())
    # The same text has the same checksum in the kernel's tests.
    assert is_whole("kf_" + "a" * 34 + "0JJVU8")
    assert len({new_secret() for _ in range(1000)}) == 1000


@given(st.text(max_size=20), st.text(max_size=20))
def test_key_is_found_in_any_text(before: str, after: str) -> None:
    secret = new_secret()
    assert find_key(before + secret + after) == secret
    assert find_key(before + after) is None


def test_file_holds_nothing_that_could_be_used(keys: Keys, tmp_path: Path) -> None:
    key, secret = keys.create("shop", ["ingest"])
    _, other = keys.rotate(key.id, overlap_s=10)
    keys.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for text in (secret, other):
        assert text.encode() not in kept
        assert text[8:].encode() not in kept
        assert hashlib.sha256(text.encode()).digest() in kept
    assert secret not in repr(key)


def test_files_are_private(keys: Keys, tmp_path: Path) -> None:
    keys.create("shop", ["ingest"])
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes[FILE] == 0o600
    assert set(modes.values()) == {0o600}


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("create"),
            st.integers(1, 7),
            st.none() | st.integers(1, 100),
            st.none() | st.integers(1, 9),
        ),
        st.tuples(st.just("rotate"), st.integers(0, 5), st.integers(0, 100)),
        st.tuples(st.just("revoke"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(1, 60)),
    ),
    max_size=25,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(OPERATIONS)
def test_snapshot_follows_any_sequence_of_changes(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[Any, ...]]
) -> None:
    clock = Clock()
    folder = tmp_path_factory.mktemp("keys")
    changing, watching = Keys(folder, now_s=clock), Keys(folder, now_s=clock)
    made: list[dict[str, Any]] = []
    for step, operation in enumerate(operations):
        now, before = int(clock.now), watching.version()
        match operation:
            case ("create", scopes, expires, rate):
                key, secret = changing.create(
                    f"k{step}", scopes, expires_s=expires, spans_per_second=rate
                )
                ends = now + expires if expires else 0
                made.append(
                    {
                        "id": key.id,
                        "scopes": scopes,
                        "ends": ends,
                        "revoked": 0,
                        "rate": rate or 0,
                        "texts": {secret: ends},
                    }
                )
            case ("rotate", which, overlap) if which < len(made):
                one = made[which]
                if one["revoked"] or (one["ends"] and one["ends"] <= now):
                    with pytest.raises(ConflictError):
                        changing.rotate(one["id"], overlap_s=overlap)
                else:
                    _, secret = changing.rotate(one["id"], overlap_s=overlap)
                    for text, ends in one["texts"].items():
                        one["texts"][text] = min(ends or now + overlap, now + overlap)
                    one["texts"][secret] = one["ends"]
            case ("revoke", which) if which < len(made):
                changing.revoke(made[which]["id"])
                made[which]["revoked"] = made[which]["revoked"] or now
            case ("wait", seconds):
                clock.now += seconds
        expected = {
            (
                hashlib.sha256(text.encode()).digest(),
                one["id"],
                one["scopes"],
                ends,
                one["revoked"],
                one["rate"],
            )
            for one in made
            for text, ends in one["texts"].items()
        }
        assert len(watching.snapshot()) == len(expected)
        assert set(watching.snapshot()) == expected == set(changing.snapshot())
        assert (watching.version() == before) or operation[0] != "wait"
        assert watching.look() == ""
        for one in made:
            for text, ends in one["texts"].items():
                if one["revoked"]:
                    assert refused(watching, text, clock.now) == "revoked_key"
                elif ends and ends <= clock.now:
                    assert refused(watching, text, clock.now) == "expired_key"
                else:
                    assert watching.check(text, clock.now).id == one["id"]
    changing.close()
    watching.close()


def test_version_tells_of_changes_by_anybody(keys: Keys, tmp_path: Path) -> None:
    other = Keys(tmp_path)
    seen = {keys.version()}
    key, _ = keys.create("own", ["read"])
    seen.add(keys.version())
    other.create("others", ["read"])
    seen.add(keys.version())
    other.revoke(key.id)
    seen.add(keys.version())
    assert len(seen) == 4
    assert keys.version() in seen


def test_version_does_not_tell_of_own_notes_of_use(keys: Keys) -> None:
    key, _ = keys.create("shop", ["read"])
    before = keys.version()
    keys.used({key.id: 100, b"?" * 16: 100})
    keys.used({key.id: 50})
    assert keys.version() == before
    assert keys.list()[0].last_used_s == 100


def test_name_is_free_again_once_its_key_is_revoked(keys: Keys) -> None:
    first, _ = keys.create("shop", ["ingest"])
    with pytest.raises(ConflictError, match="named 'shop' already"):
        keys.create("shop", ["read"])
    keys.revoke(first.id)
    second, _ = keys.create("shop", ["read"])
    assert [one.revoked_s is None for one in keys.list()] == [False, True]
    assert keys.list()[1] == second


def test_two_that_make_the_same_name_at_once_make_one_key(tmp_path: Path) -> None:
    made, taken = [], []
    start = threading.Barrier(8)

    def make() -> None:
        keys = Keys(tmp_path)
        start.wait()
        try:
            made.append(keys.create("shop", ["ingest"]))
        except ConflictError as error:
            taken.append(error)
        keys.close()

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(taken)) == (1, 7)


def _make_twenty(folder: str, name: str) -> None:
    keys = Keys(Path(folder))
    for number in range(20):
        keys.create(f"{name}-{number}", ["ingest"])


def test_several_processes_change_one_file(tmp_path: Path) -> None:
    start = multiprocessing.get_context("spawn").Process
    processes = [start(target=_make_twenty, args=(str(tmp_path), name)) for name in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(Keys(tmp_path).list()) == 60


def test_key_is_kept_when_its_process_is_killed_right_after(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from clew.admin import Keys\n"
        f"print(Keys(Path({str(tmp_path)!r})).create('shop', ['ingest'])[1], flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    secret = process.stdout.readline().strip()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert Keys(tmp_path).check(secret, 0).name == "shop"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_first_key_made_by_root_is_the_server_s(tmp_path: Path) -> None:
    os.chown(tmp_path, 65_534, 65_534)
    Keys(tmp_path).create("shop", ["ingest"])
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {65_534}


def test_texts_that_ended_long_ago_are_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    keys = Keys(tmp_path, now_s=clock)
    key, first = keys.create("shop", ["ingest"])
    keys.rotate(key.id, overlap_s=0)
    clock.now += KNOWN_EXPIRED_FOR_S
    keys.rotate(key.id, overlap_s=0)
    assert refused(keys, first) == "expired_key"
    clock.now += 1
    keys.rotate(key.id, overlap_s=0)
    assert refused(keys, first) == "unknown_key"
    assert len(keys.snapshot()) == 3


def test_commits_are_synced(keys: Keys) -> None:
    assert keys._database._raw.execute("pragma synchronous").fetchone() == (2,)
    assert keys._database._raw.execute("pragma journal_mode").fetchone() == ("wal",)


def _garble(path: Path) -> None:
    path.write_bytes(b"?" * path.stat().st_size)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _garble_end(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


@pytest.mark.parametrize("harm", [_garble, _cut, _garble_end, Path.unlink])
def test_harm_is_seen_and_what_was_known_stays_known(
    keys: Keys, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    _, secret = keys.create("shop", ["ingest"])
    harm(tmp_path / FILE)
    assert FILE in keys.look()
    assert keys.check(secret, 0).name == "shop"
    with pytest.raises(KeysError):
        keys.check(new_secret(), 0)
    with pytest.raises(KeysError):
        keys.version()
    with pytest.raises(KeyRefused):
        keys.check("kf_" + "0" * 40, 0)


def test_file_that_is_whole_again_is_used_again(keys: Keys, tmp_path: Path) -> None:
    _, secret = keys.create("shop", ["ingest"])
    keys.look()
    whole = (tmp_path / FILE).read_bytes()
    _garble(tmp_path / FILE)
    assert "damaged" in keys.look()
    (tmp_path / FILE).write_bytes(whole)
    assert keys.look() == ""
    assert keys.check(secret, 0).name == "shop"
    assert refused(keys, new_secret()) == "unknown_key"
    keys.create("other", ["read"])


def test_file_that_was_replaced_is_not_taken_for_the_old_one(keys: Keys, tmp_path: Path) -> None:
    keys.create("shop", ["ingest"])
    (tmp_path / "new").write_bytes((tmp_path / FILE).read_bytes())
    os.replace(tmp_path / "new", tmp_path / FILE)
    assert "start Clew again" in keys.look()


def test_damaged_file_is_named_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(KeysError, match=r"admin\.sqlite is damaged .*move it away"):
        Keys(tmp_path)


def test_file_of_a_newer_clew_is_left_alone(keys: Keys, tmp_path: Path) -> None:
    keys.create("shop", ["ingest"])
    keys.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("pragma user_version = 2")
    connection.close()
    with pytest.raises(KeysError, match="newer Clew"):
        Keys(tmp_path)


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="No such file"):
        Keys(tmp_path / "nowhere")


def test_long_write_of_another_process_is_waited_for(keys: Keys, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    timer = threading.Timer(0.3, lambda: other.execute("rollback"))
    timer.start()
    assert keys.create("shop", ["ingest"])[0].name == "shop"
    timer.join()
    other.close()


def test_watch_opens_the_keys_as_soon_as_it_can(tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "later"
    watch = KeyWatch(folder, said.append)
    with pytest.raises(KeysError):
        watch.check(new_secret(), 0)
    folder.mkdir()
    watch.look()
    assert watch.trouble == ""
    assert len(said) == 2
    _, secret = Keys(folder).create("shop", ["ingest"])
    watch.look()
    assert watch.check(secret, 1234.5).name == "shop"
    watch.stop()
    assert Keys(folder).list()[0].last_used_s == 1234


def test_watch_takes_up_a_file_that_was_put_in_the_place_of_another(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "other").mkdir()
    before, after = Keys(tmp_path), Keys(tmp_path / "other")
    _, known = before.create("before", ["read"])
    _, new = after.create("after", ["read"])
    before.close()
    after.close()
    watch = KeyWatch(tmp_path, said.append)
    (tmp_path / FILE).unlink()
    watch.look()
    assert "No such file" in watch.trouble
    assert not (tmp_path / FILE).exists()
    assert watch.check(known, 0).name == "before"
    os.replace(tmp_path / "other" / FILE, tmp_path / FILE)
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    watch.look()
    assert watch.check(new, 0).name == "after"
    with pytest.raises(KeyRefused):
        watch.check(known, 0)
    watch.stop()


def test_watch_goes_by_what_it_knew_for_a_while_only(tmp_path: Path) -> None:
    clock = Clock()
    _, known = Keys(tmp_path).create("shop", ["read"])
    watch = KeyWatch(tmp_path, lambda text: None, clock_s=clock)
    _garble(tmp_path / FILE)
    clock.now += GO_BY_OLD_FOR_S - 1
    watch.look()
    assert watch.check(known, 0).name == "shop"
    clock.now += 2
    watch.look()
    with pytest.raises(KeysError):
        watch.check(known, 0)
    watch.stop()


@pytest.mark.parametrize(
    ("scopes", "wanted", "may"),
    [
        (INGEST, INGEST, True),
        (INGEST, READ, False),
        (READ, ADMIN, False),
        (ADMIN, READ, True),
        (ADMIN, INGEST, False),
        (INGEST | READ, READ, True),
    ],
)
def test_administrator_may_read_and_not_send(scopes: int, wanted: int, may: bool) -> None:
    assert allows(scopes, wanted) is may


def test_scopes_are_named() -> None:
    assert parse_scopes(["read", "ingest", "read"]) == INGEST | READ
    with pytest.raises(ValueError, match="'write' is unknown; scopes are ingest, read, admin"):
        parse_scopes(["write"])
    with pytest.raises(ValueError, match="no scope"):
        parse_scopes([])
