"""Text that would mean something to SQL, in every field that a sender or a reader can set.

Each hostile text names a service, a span, a key, a value, an event, a link's state, a scope. Then
it is asked for in each way, and sent in each parameter. It is found where it was put, or refused in
the API's own words; nothing else happens.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope

from clew.api import create_app
from clew.api.types import ErrorAnswer
from tests import build
from tests.engine.api import NOW_NS, Status, no_keys
from tests.engine.conftest import MEMORY_BYTES, FilledStore, Kept

LEAK = "clew-injected-file"
T = TypeVar("T")
STEP = 1 if os.environ.get("CLEW_THOROUGH") else 5
# One window of the search.
START = str(build.START_NS)

HOSTILE = (
    "'",
    "''",
    '"',
    "`",
    "\\",
    "\\'",
    "\\\\'",
    "\\0",
    "\t",
    "\n",
    "\r\n",
    "' or '1'='1",
    "' or 1=1 --",
    "') or true /*",
    "*/ select 1 /*",
    "'; drop table spans; --",
    "'); drop table spans; --",
    "x'} or {x:String} = '",
    "{trace_id:String}",
    "{x:Identifier}",
    "{{condition}}",
    "{{spans}}",
    "${HOME}",
    "%s%n%d",
    "%27%20or%201=1",
    "1) union all select * from system.tables --",
    f"' union all select * from file('/etc/passwd', 'LineAsString') into outfile '{LEAK}' --",
    "' and sleep(3) and '",
    "' settings readonly=0, max_execution_time=0 --",
    "url('http://127.0.0.1:1/', 'CSV')",
    "executable('id', 'TSV', 'x String')",
    "format JSON",
    "-- ",
    "#",
    "/**/",
    "null",
    "NULL",
    "\\N",
    "nan",
    "true",
    "0x27",
    "CHAR(39)",
    "\u02bc or 1=1",
    "\uff07 or 1=1",
    "ʼ",
    "\u2028",
    "\u0000"[:0] + "a\u0001b",
    "😀'",
    "a" * 4000 + "'",
    "[1,2]",
    "map('a','b')",
    "arrayJoin([1])",
    "(select 1)",
    "trace_id",
    "span_id) or (1",
    ".*') or match('a','a",
    "../../etc/passwd",
    "A\\u0027",
)
TRACES = [number.to_bytes(16, "big") for number in range(1, len(HOSTILE) + 1)]


@pytest.fixture(scope="module", params=["embedded", "server"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kept: Kept
) -> Iterator[FilledStore]:
    """One store of each engine for all tests: they only read."""
    kept.close()
    url = ""
    if request.param == "server":
        server = request.getfixturevalue("clickhouse")
        url = server.url(server.new_database())
    folder = tmp_path_factory.mktemp("injection")
    store = FilledStore.open(folder / "store", memory_bytes=MEMORY_BYTES, url=url)
    requests = []
    for trace_id, text in zip(TRACES, HOSTILE, strict=True):
        span = build.span(text, trace_id=trace_id, attrs={text: text, "key": text})
        span.trace_state = text
        span.status.message = text
        span.events.add(name=text).attributes.extend(build.attributes({text: text}))
        span.links.add(trace_id=trace_id, trace_state=text)
        scope = InstrumentationScope(name=text, version=text)
        requests.append(build.request(span, service=text, resource={text: text}, scope=scope))
    store.take(*requests)
    yield store
    store.close()


@pytest.fixture
def app(filled: FilledStore) -> FastAPI:
    return create_app(filled.reader(), Status(), no_keys(), now_ns=lambda: NOW_NS)


@pytest.fixture(autouse=True)
def no_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.rglob(f"*{LEAK}*"))


def ask(app: FastAPI, *requests: tuple[str, dict[str, Any]]) -> list[httpx.Response]:
    async def all_of_them() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://clew") as client:
            return [await client.get(path, params=given) for path, given in requests]

    return asyncio.run(all_of_them())


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\t", "\\t").replace("\r", "\\r") + '"'


def part(whole: Iterable[T], first: int) -> Iterator[T]:
    """All of it when there is time, else every fifth: over the forms, each text has its turn."""
    return islice(whole, first % STEP, None, STEP)


FORMS = (
    "{{ resource.service.name = {} }}",
    "{{ name = {} }}",
    "{{ span.key = {} }}",
    "{{ span.{0} = {0} }}",
    "{{ resource.{0} = {0} }}",
    "{{ .{0} = {0} }}",
    "{{ event.{0} = {0} }}",
    "{{ event:name = {} }}",
    "{{ statusMessage = {} }}",
    "{{ instrumentation:name = {} }}",
    "{{ instrumentation:version = {} }}",
    "{{ rootServiceName = {} }}",
    "{{ span.key = {0} }} | by(span.{0}) | select(span.{0}, resource.{0})",
)


@pytest.mark.parametrize("form", FORMS)
def test_hostile_text_is_found_where_it_was_put_and_nowhere_else(app: FastAPI, form: str) -> None:
    asked = dict(part(zip(TRACES, HOSTILE, strict=True), FORMS.index(form)))
    queries = [form.format(quoted(text)) for text in asked.values()]
    answers = ask(app, *(("/api/v1/search", {"q": query, "start": START}) for query in queries))
    for trace_id, query, answer in zip(asked, queries, answers, strict=True):
        assert answer.status_code == 200, (query, answer.text)
        found = [trace["traceId"] for trace in answer.json()["traces"]]
        assert found == [trace_id.hex()], query


def parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    for text in HOSTILE:
        yield "/api/v1/search", {"q": text}
        yield "/api/v1/search", {"q": f"{{ span.key =~ {quoted(text)} }}"}
        for name in ("start", "end", "limit", "cursor", text):
            yield "/api/v1/search", {name: text}
        yield f"/api/v1/traces/{quote(text, safe='')}", {}
        yield f"/api/v1/traces/{TRACES[0].hex()}/spans", {"ids": text}
        for name in ("service", "kind", "start", "limit"):
            yield "/api/v1/operations", {name: text}
        for name in ("q", "scope", "prefix", "start", "limit"):
            yield "/api/v1/attributes", {name: text}
        yield f"/api/v1/attributes/{quote(text, safe='')}/values", {}
        for name in ("q", "scope", "prefix"):
            yield "/api/v1/attributes/key/values", {name: text}
        for name in ("q", "buckets", "start"):
            yield "/api/v1/histogram", {name: text}
        for name in ("q", "baseline", "select", "selectStart", "limit"):
            yield "/api/v1/compare", {"q": "{}", name: text}


def test_hostile_text_in_any_parameter_is_answered_or_refused_in_our_own_words(
    app: FastAPI, filled: FilledStore
) -> None:
    asked = list(part(parameters(), 0))
    for (path, given), answer in zip(asked, ask(app, *asked), strict=True):
        said = (path, given, answer.status_code, answer.text[:500])
        assert answer.status_code < 500, said
        if answer.status_code != 200:
            ErrorAnswer.model_validate(answer.json())
            assert "Exception" not in answer.text, said
            assert "Code:" not in answer.text, said
    left = ask(app, ("/api/v1/services", {"start": "1970-01-01T00:00:00Z"}))[0].json()
    assert {one["name"] for one in left["services"]} == set(HOSTILE)
