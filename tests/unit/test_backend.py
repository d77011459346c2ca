"""What the store process says before its store is open."""

import json
import socket
from pathlib import Path
from typing import Any, cast

from clew.admin import KeyWatch
from clew.backend import Opening, Processes
from clew.control import Channel
from clew.settings import Settings
from clew.store import Store


def test_store_that_is_being_opened_says_so_again_and_again() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    channel = Channel(theirs.detach())
    lines = ours.makefile()
    with Opening(channel) as opening:
        assert json.loads(lines.readline())["state"] == ""
        opening.say("upgrading the schema, day 3 of 12")
        said = [json.loads(lines.readline()) for _ in range(3)]
    assert [one["state"] for one in said][-1] == "upgrading the schema, day 3 of 12"
    assert not any(one["ready"] for one in said)
    channel.close()
    ours.close()


def test_last_words_reach_the_supervisor() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(theirs.detach())
    with Opening(channel) as opening:
        opening.say("cannot reach http://h:8123/db")
    channel.close()
    assert b"cannot reach http://h:8123/db" in ours.recv(1 << 16)
    ours.close()


class OpenStore:
    """A store without trouble."""

    trouble = ""


def test_not_ready_while_the_supervisor_may_take_requests(tmp_path: Path) -> None:
    keys = KeyWatch(tmp_path, print)
    processes = Processes(Settings(), 0.0, cast(Store, OpenStore()), keys)
    intake: dict[str, Any] = {"ready": True, "state": "ok"}
    assert processes.ready()[0] is False
    for answers in (True, False):
        supervisor = {"ready": True, "answers": answers}
        processes.update({"processes": {"intake": intake, "supervisor": supervisor}})
        is_ready, checks = processes.ready()
        assert is_ready is not answers
        assert checks["api"] == ("starting" if answers else "ok")


def test_keys_that_are_asked_for_are_among_the_checks(tmp_path: Path) -> None:
    keys = KeyWatch(tmp_path, print)
    settings = Settings(data_dir=tmp_path, require_keys=True)
    processes = Processes(settings, 0.0, cast(Store, OpenStore()), keys)
    assert f"clew keys create NAME --scope ingest --data-dir {tmp_path}" in processes.no_key()
    assert processes.ready()[1]["keys"] == f"warning: {processes.no_key()}"
    keys.keys.create("shop", ["ingest"])
    assert processes.no_key() == ""
    assert processes.ready()[1]["keys"] == "ok"
    intake = {"ready": True, "state": "ok", "checks": {"keys": "trouble there"}}
    processes.update({"processes": {"intake": intake}})
    assert processes.ready()[1]["keys"] == "trouble there"
    keys.stop()
