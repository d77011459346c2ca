"""What the kernel is told of the keys, and when."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clew.admin.database import FILE
from clew.admin.handover import GO_BY_OLD_FOR_S, Handover
from clew.admin.keys import Keys, Snapshot


class Kernel:
    """What was presented; the keys that it says were used."""

    def __init__(self) -> None:
        self.presented: list[tuple[Snapshot | None, bool]] = []
        self.uses: dict[bytes, int] = {}

    def set_keys(self, keys: Snapshot | None, trusted: bool) -> None:
        self.presented.append((keys, trusted))

    def keys_used(self) -> dict[bytes, int]:
        used, self.uses = self.uses, {}
        return used


class Scene:
    """A handover on a folder, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kernel, self.said, self.now = folder, Kernel(), list[str](), 0.0
        self.handover = Handover(folder, log=self.said.append, now_s=lambda: self.now)

    def later(self, seconds: float = 1) -> tuple[Snapshot | None, bool] | None:
        """What is presented when so much time has passed; None: nothing new."""
        self.now += seconds
        self.kernel.presented.clear()
        self.handover.look(self.kernel.set_keys, self.kernel.keys_used)
        assert len(self.kernel.presented) <= 1
        return self.kernel.presented[0] if self.kernel.presented else None


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def names(presented: tuple[Snapshot | None, bool] | None) -> int:
    assert presented is not None
    assert presented[0] is not None
    return len(presented[0])


def test_changes_are_presented_and_nothing_else_is(scene: Scene) -> None:
    assert scene.handover.first() == []
    assert scene.later() is None
    keys = Keys(scene.folder)
    made, _ = keys.create("one", ["ingest"])
    assert names(scene.later()) == 1
    assert scene.later() is None
    keys.rotate(made.id, overlap_s=60)
    assert names(scene.later()) == 2
    keys.revoke(made.id)
    changed = scene.later()
    assert changed is not None
    assert all(one[4] > 0 for one in changed[0] or [])
    assert scene.handover.state() == "ok"
    keys.close()


def test_last_use_is_written_and_makes_no_change(scene: Scene) -> None:
    keys = Keys(scene.folder)
    made, _ = keys.create("one", ["ingest"])
    scene.handover.first()
    scene.kernel.uses = {made.id: 1_800_000_000, b"gone" * 4: 5}
    assert scene.later(20) is None
    assert scene.later() is None
    assert [key.last_used_s for key in keys.list()] == [1_800_000_000]
    keys.close()


@pytest.mark.parametrize("how", ["removed", "overwritten"])
def test_trouble_keeps_known_keys_for_a_while(scene: Scene, how: str) -> None:
    keys = Keys(scene.folder)
    keys.create("one", ["ingest"])
    keys.close()
    known = scene.handover.first()
    file = scene.folder / FILE
    copy = scene.folder / "copy"
    copy.write_bytes(file.read_bytes())
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (scene.folder / name).unlink(missing_ok=True)
    if how == "removed":
        file.unlink()
    else:
        file.write_bytes(b"this is no database" * 500)
    assert scene.later() == (known, False)
    assert scene.later() is None
    assert scene.handover.state() != "ok"
    assert len(scene.said) == 1
    assert scene.later(GO_BY_OLD_FOR_S + 1) == (None, False)
    assert scene.handover.is_lost()
    assert how == "overwritten" or not file.exists()
    os.replace(copy, file)
    assert scene.later() == (known, True)
    assert scene.handover.state() == "ok"


def test_file_that_is_damaged_from_the_start_knows_nothing(scene: Scene) -> None:
    (scene.folder / FILE).write_bytes(b"this is no database" * 500)
    assert scene.handover.first() is None
    assert scene.handover.is_lost()
    assert scene.later() is None
    (scene.folder / FILE).unlink()
    assert scene.later() == ([], True)


def test_another_file_in_its_place_is_read(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scene.handover.first()
    other = tmp_path_factory.mktemp("other")
    keys = Keys(other)
    keys.create("one", ["ingest"])
    keys.close()
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (scene.folder / name).unlink(missing_ok=True)
    os.replace(other / FILE, scene.folder / FILE)
    assert [names(found) for _ in range(3) if (found := scene.later()) and found[1]] == [1]
