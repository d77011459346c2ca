"""The status of a server, with the real engine's figures."""

import asyncio
import dataclasses
from datetime import date, timedelta
from typing import Any

import httpx2 as httpx

from clew.api import create_app
from clew.api.health import Facts
from clew.api.status_types import StatusAnswer
from clew.query.status import limits, tables
from clew.settings import Settings
from tests import build
from tests.engine.api import no_keys
from tests.engine.conftest import FilledStore

TODAY = date(1970, 1, 1) + timedelta(days=build.RECEIVE_DAY)


class Status:
    """What the processes would report."""

    def ready(self) -> tuple[bool, dict[str, str]]:
        return False, {"intake": "refusing: no room", "store": "ok"}

    def facts(self) -> Facts:
        figures = {
            "clew_intake_spans_accepted_total": 70.0,
            'clew_intake_spans_refused_total{reason="disk_reserve"}': 2.0,
            'clew_intake_spans_refused_total{reason="busy"}': 3.0,
            "clew_journal_bytes": 4_096.0,
            "clew_journal_disk_free_bytes": 5e9,
            "clew_store_retention_today_seconds": build.RECEIVE_DAY * 86_400.0,
            'clew_store_removed_spans_total{reason="age"}': 9.0,
            "clew_store_days_ahead": 2.0,
            'clew_store_dead_letters_total{kind="record"}': 1.0,
            'clew_journal_dead_letters_total{kind="torn"}': 2.0,
        }
        settings = dataclasses.replace(Settings(), retention_days=30)
        return Facts(settings, 61.5, figures, {"accepted": 1.25})

    def metrics_text(self) -> str:
        return ""


def ask(store: FilledStore) -> dict[str, Any]:
    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(store.reader(), Status(), no_keys()))
        async with httpx.AsyncClient(transport=transport, base_url="http://clew") as client:
            return await client.get("/api/v1/status")

    response = asyncio.run(get())
    assert response.status_code == 200
    StatusAnswer.model_validate(response.json())
    answer: dict[str, Any] = response.json()
    return answer


def test_tables_are_counted_by_day(store: FilledStore) -> None:
    store.take(build.request(build.span(), build.span(span_id=2)))
    store.take(build.request(build.span()), segment=bytes(16), receive_day=build.RECEIVE_DAY - 3)
    spans = next(table for table in tables(store.reader()) if table.name == "spans")
    assert (spans.rows, spans.parts) == (3, 2)
    assert (spans.oldest_day, spans.newest_day) == (TODAY - timedelta(days=3), TODAY)
    meta = next(table for table in tables(store.reader()) if table.name == "meta")
    assert (meta.oldest_day, meta.newest_day) == (None, None)


def test_limits_are_those_of_the_reader(store: FilledStore) -> None:
    found = limits(store.reader())
    assert (found.queries, found.query_seconds) == (store.reader().queries, 10)


def test_status_joins_what_processes_and_store_say(store: FilledStore) -> None:
    store.take(build.request(build.span()))
    answer = ask(store)
    assert (answer["ready"], answer["uptimeSeconds"]) == (False, 61)
    intake = answer["intake"]
    assert intake["state"] == "refusing: no room"
    assert intake["accepted"] == {"total": 70, "perSecond": 1.2}
    assert intake["refused"]["total"] == 5
    assert intake["refusedByReason"] == {"busy": 3, "disk_reserve": 2}
    assert answer["journal"]["bytes"] == 4_096
    held = answer["store"]
    assert (held["spanCount"], held["oldestDay"]) == (1, TODAY.isoformat())
    assert held["bytesPerSpan"] == held["bytes"] == sum(one["bytes"] for one in held["tables"])
    assert held["deadLetters"] == 3
    assert answer["disk"] == {"freeBytes": 5_000_000_000, "reserveBytes": 1 << 30}
    assert answer["retention"]["days"] == 30
    assert answer["retention"]["countedFrom"] == TODAY.isoformat()
    assert answer["retention"]["daysAhead"] == 2
    assert answer["retention"]["removedSpans"] == {"age": 9}


def test_empty_store_has_a_status(store: FilledStore) -> None:
    held = ask(store)["store"]
    assert (held["spanCount"], held["bytesPerSpan"], held["oldestDay"]) == (0, None, None)
