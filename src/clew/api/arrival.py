"""`/api/v1/arrival`: how far the first data has come; a test trace and the demo shop to try it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from clew import counters
from clew.api.arrival_types import (
    ArrivalAnswer,
    Arrived,
    DemoState,
    Endpoints,
    MisdatedSpans,
    SendTestTrace,
    SwitchDemo,
    TestTraceAnswer,
)
from clew.api.ask import Ask
from clew.api.children import Children
from clew.api.health import Facts, Status
from clew.api.ledger import entry
from clew.demo.services import NAMES as DEMO_SERVICES
from clew.query.finder import FoundTrace
from clew.query.language import Query, parse
from clew.query.language.text import quoted
from clew.query.ledger import Knocks, ledger
from clew.query.misdated import Misdated, misdated
from clew.query.search import first_page, search
from clew.query.services import services
from clew.query.status import SPANS, tables

TEST_SERVICE = "clew-send"
_MINUTE_NS = 60 * 1_000_000_000
_TRACES_OF_NS = 15 * _MINUTE_NS
_REFUSALS_OF_NS = 10 * _MINUTE_NS
# Clocks of senders may be a little ahead.
_AHEAD_NS = _MINUTE_NS
_MOST_TRACES = 5
_MOST_MISDATED = 3
_MOST_REFUSALS = 100
_SHOWN_REFUSALS = 10
_KNOWN = sorted({TEST_SERVICE, *DEMO_SERVICES})
_MOST_OWN = 20
# What says the least of why nothing arrives: scanners, probes and the like.
_LEAST_TELLING = ("bare_connection", "unknown_protocol")


def endpoint(
    ask: Ask, status: Status, children: Children, now_ns: Callable[[], int]
) -> Callable[[], Awaitable[ArrivalAnswer]]:
    """The handler of GET."""

    async def get_arrival() -> ArrivalAnswer:
        """From the first connection to the first trace that is found, and who was turned away."""
        now = now_ns()
        stored = next((one.rows for one in await ask(tables) if one.name == SPANS), 0)
        found: tuple[FoundTrace, ...] = ()
        elsewhere: list[Misdated] = []
        if stored:
            since, until = now - _TRACES_OF_NS, now + _AHEAD_NS
            after = first_page(since, until)
            for query in _queries({one.name for one in await ask(services, since, until)}):
                newest = (await ask(search, query, after, _MOST_TRACES, 0)).traces
                known = {one.summary.trace_id for one in found}
                found += tuple(one for one in newest if one.summary.trace_id not in known)
            if all(_source_of(one) != "own" for one in found):
                elsewhere = await ask(misdated, since, since, until, _KNOWN, _MOST_MISDATED)
        knocks = await ask(ledger, None, now - _REFUSALS_OF_NS, now + _AHEAD_NS, _MOST_REFUSALS)
        facts = status.facts()
        return ArrivalAnswer(
            endpoints=_endpoints(facts),
            keys_required=facts.settings.asks_for_key("ingest"),
            connections=_count(facts, "clew_intake_connections_total"),
            accepted_spans=_count(facts, "clew_intake_spans_accepted_total"),
            stored_spans=stored,
            traces=[_arrived(trace) for trace in found],
            misdated=[_misdated(one) for one in elsewhere],
            refusals=[entry(one) for one in sorted(knocks, key=_telling)[:_SHOWN_REFUSALS]],
            demo=_demo(children),
        )

    return get_arrival


def send_endpoint(children: Children) -> Callable[[SendTestTrace], Awaitable[TestTraceAnswer]]:
    """The handler of POST on `test-trace`."""

    async def send_test_trace(asked: SendTestTrace) -> TestTraceAnswer:
        """Send a test trace as any client would, through the OTLP port."""
        return TestTraceAnswer(trace_id=await children.send(asked.key))

    return send_test_trace


def demo_endpoint(children: Children) -> Callable[[SwitchDemo], Awaitable[DemoState]]:
    """The handler of POST on `demo`."""

    async def switch_demo(asked: SwitchDemo) -> DemoState:
        """Start or stop the demo shop; it ends by itself after ten minutes."""
        if asked.action == "start":
            await children.start_demo(asked.key)
        else:
            await children.stop_demo()
        return _demo(children)

    return switch_demo


def _demo(children: Children) -> DemoState:
    left = children.demo_ends_in()
    return DemoState(available=children.available, running=left is not None, ends_in_seconds=left)


def _endpoints(facts: Facts) -> Endpoints:
    settings = facts.settings
    return Endpoints(
        grpc_port=settings.grpc.port,
        http_port=settings.http.port,
        tls=bool(settings.tls_cert),
        loopback_only=settings.grpc.is_loopback and settings.http.is_loopback,
    )


def _count(facts: Facts, metric: str) -> int:
    return int(counters.total(facts.figures, metric))


def _queries(sent: set[str]) -> list[Query]:
    """
    What finds the newest traces of what these services sent. The demo's traffic must hide neither
    the first trace of somebody's own nor the test's; to ask for services that are there is ten
    times as quick as to ask for all but the demo's.
    """
    own = sorted(name for name in sent if name and name not in _KNOWN)[:_MOST_OWN]
    test = [TEST_SERVICE] if TEST_SERVICE in sent else []
    asked = [" || ".join(map(_of_service, names)) for names in (own, test) if names]
    return [parse(f"{{ {text} }}") for text in asked] + ([parse("")] if sent else [])


def _of_service(name: str) -> str:
    return f"resource.service.name = {quoted(name)}"


def _arrived(trace: FoundTrace) -> Arrived:
    summary = trace.summary
    return Arrived(
        trace_id=summary.trace_id.hex(),
        service_name=summary.root_service,
        name=summary.root_name,
        start_time_unix_nano=str(summary.start_ns),
        span_count=summary.span_count,
        source=_source_of(trace),
    )


def _source_of(trace: FoundTrace) -> Literal["own", "test", "demo"]:
    names = {part.name for part in trace.summary.services}
    if names <= {TEST_SERVICE}:
        return "test"
    return "demo" if names <= DEMO_SERVICES else "own"


def _misdated(one: Misdated) -> MisdatedSpans:
    return MisdatedSpans(
        service_name=one.service,
        spans=one.spans,
        first_start_time_unix_nano=str(one.first_start_ns),
        last_start_time_unix_nano=str(one.last_start_ns),
    )


def _telling(knock: Knocks) -> tuple[bool, int]:
    return knock.reason in _LEAST_TELLING, -knock.last_ns
