"""Poison on the real engines: a constraint of the table refuses a row for good."""

import json
from pathlib import Path

import pytest

from clew.ingest import Ingest, Limits
from clew.sql import Statement
from clew.store import Store
from tests.engine.conftest import FilledStore
from tests.memory_tables import Killed, put, put_named

POISON = "poison"
POINTS = (
    "store.after_attribute_index",
    "store.after_insert",
    "store.after_pieces",
    "store.before_split",
    "store.after_split",
    "store.after_verdict",
    "store.after_dead",
    "store.after_segment",
)


def run(store: Store, text: str) -> None:
    store.run(Statement("test", text, frozenset()), {})


def stored(store: Store) -> list[tuple[str, int]]:
    """Names and how many spans have them, but those of sound segments."""
    text = "select name, count() as n from spans where name != 'work' group by name order by name"
    rows = store.reader().query(Statement("test", text, frozenset())).to_pylist()
    return [(row["name"].decode(), row["n"]) for row in rows]


def names(count: int, *poison_at: int) -> list[str]:
    return [POISON if n in poison_at else f"good-{n:04d}" for n in range(count)]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return folder


def test_span_that_the_engine_refuses_is_put_aside_alone(store: FilledStore, journal: Path) -> None:
    run(store, f"alter table spans add constraint no_poison check name != '{POISON}'")
    put_named(journal, names(600), names(300, 0, 7, 299))
    ingest = Ingest(journal, store)
    for _ in range(60):
        put(journal, 1)
        ingest.drain()
        if not list(journal.glob("*.seg")):
            break
    twice = {f"good-{n:04d}" for n in range(300)} - {"good-0000", "good-0007", "good-0299"}
    expected = [(name, 2 if name in twice else 1) for name in names(600)]
    assert stored(store) == expected
    found = [json.loads(file.read_text()) for file in (journal / "dead-letter").glob("*.json")]
    assert sorted(letter["first"] for letter in found) == [600, 607, 899]
    assert all("no_poison" in letter["reason"] for letter in found), found
    assert not list(journal.glob("*.*"))


def test_kills_in_the_middle_of_the_search_store_all_else_exactly_once(
    store: FilledStore, journal: Path
) -> None:
    run(store, f"alter table spans add constraint no_poison check name != '{POISON}'")
    put_named(journal, names(64, 9))
    left = {point: 2 for point in POINTS}

    def kill(here: str) -> None:
        if left.get(here, 0) > 0:
            left[here] -= 1
            raise Killed

    limits = Limits(patience_s=0.0)
    for _ in range(80):
        put(journal, 1)
        try:
            ingest = Ingest(journal, store, fault=kill, limits=limits)
            for _ in range(20):
                put(journal, 1)
                ingest.drain()
                if not list(journal.glob("*.seg")):
                    break
        except Killed:
            continue
        break
    assert stored(store) == [(name, 1) for name in names(64, 9) if name != POISON]
    (letter,) = (journal / "dead-letter").glob("*.json")
    assert json.loads(letter.read_text())["first"] == 9
    assert sum(left.values()) < len(POINTS), left
    assert not list(journal.glob("*.*"))


def test_process_that_starts_in_the_middle_of_the_search_goes_on_with_it(
    store: FilledStore, journal: Path
) -> None:
    run(store, f"alter table spans add constraint no_poison check name != '{POISON}'")
    put_named(journal, names(64, 9))
    ingest = Ingest(journal, store)
    while not stored(store):
        ingest.drain()
    ingest = Ingest(journal, store)
    for _ in range(40):
        put(journal, 1)
        ingest.drain()
        if not list(journal.glob("*.seg")):
            break
    assert stored(store) == [(name, 1) for name in names(64, 9) if name != POISON]
