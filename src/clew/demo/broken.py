"""Set-ups that are wrong on purpose: what `clew demo --broken ID` can do to the shop's telemetry.

An id is a problem of the catalogue, and after a slash its cause; the problem alone means its first
cause. The shop itself is as it always is: only what its services tell of it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from clew.demo.fleet import Instance
from clew.demo.old_names import OLD_NAMES
from clew.demo.service import Service, Value
from clew.demo.services import (
    CART,
    CATALOG,
    CHECKOUT,
    PAYMENT,
    PRICING,
    RECOMMENDATION,
    SHIPPING,
    STOREFRONT,
)
from clew.demo.story import Kind, Span

# Spans of one story, each parent before its children, and when it happens (seconds since opening).
SpansEdit = Callable[[list[Span], float], list[Span]]
ResourceEdit = Callable[[Instance, dict[str, Value]], None]

QUIET_AFTER_S = 20.0
SKEW_NS = 90_000_000_000
CATALOG_RATIO = 0.25
SMALL_QUEUE_SPANS = 32


@dataclass(frozen=True)
class Scenario:
    """One thing that is wrong: in the spans of a story, in a resource, or in the exporters."""

    id: str
    what: str
    spans: SpansEdit = lambda spans, elapsed_s: spans
    resource: ResourceEdit = lambda instance, resource: None
    queue_spans: int | None = None

    @property
    def problem(self) -> str:
        return self.id.partition("/")[0]


def find(wanted: str) -> Scenario:
    """The scenario of an id; `ValueError` names the known ones."""
    for scenario in SCENARIOS:
        if wanted in (scenario.id, scenario.problem):
            return scenario
    known = ", ".join(scenario.id for scenario in SCENARIOS)
    raise ValueError(f"{wanted!r} is not known; known are: {known}")


def _silent(service: Service, after_s: float = 0.0) -> SpansEdit:
    def edit(spans: list[Span], elapsed_s: float) -> list[Span]:
        if elapsed_s < after_s:
            return spans
        return [span for span in spans if span.service is not service]

    return edit


def _cut(is_cut: Callable[[Span], bool]) -> SpansEdit:
    """Each span so chosen begins a trace of its own, into which its descendants follow it."""

    def edit(spans: list[Span], elapsed_s: float) -> list[Span]:
        moved: set[int] = set()
        for span in spans:
            if is_cut(span):
                span.parent = None
                # Not random, so that the same seed gives the same ids.
                span.trace_id = blake2b(span.span_id, digest_size=16).digest()
                moved.add(id(span))
            elif span.parent is not None and id(span.parent) in moved:
                span.trace_id = span.parent.trace_id
                moved.add(id(span))
        return spans

    return edit


def _each(services: Iterable[Service], change: Callable[[Span], None]) -> SpansEdit:
    chosen = frozenset(services)

    def edit(spans: list[Span], elapsed_s: float) -> list[Span]:
        for span in spans:
            if span.service in chosen:
                change(span)
        return spans

    return edit


def _shorten_id(span: Span) -> None:
    span.trace_id = bytes(8) + span.trace_id[8:]


def _skew(span: Span) -> None:
    span.start_ns += SKEW_NS
    span.end_ns += SKEW_NS
    for event in span.events:
        event.time_ns += SKEW_NS


def _make_internal(span: Span) -> None:
    span.kind = Kind.INTERNAL


def _unset_status(span: Span) -> None:
    if span.kind is Kind.SERVER:
        span.failed, span.status_message = False, ""


def _name_by_address(span: Span) -> None:
    if span.kind is Kind.SERVER:
        span.attributes.pop("http.route", None)
        path = span.attributes["url.path"]
        if path == "/orders":
            path = f"/orders/{span.attributes['app.order.id']}"
        span.name = f"{span.attributes['http.request.method']} {path}"


def _keep_payload(span: Span) -> None:
    """The request's body as text, and keys that hold ids."""
    if span.kind is Kind.SERVER:
        number = int.from_bytes(span.span_id[:4], "big")
        body = f'{{"cart": {number}, "items": ["{span.trace_id.hex()}"], "note": "{"x" * 400}"}}'
        span.attributes["http.request.body.content"] = body
        span.attributes[f"cart.{number}.changed"] = True


def _old_names(span: Span) -> None:
    span.attributes = {OLD_NAMES.get(key, key): value for key, value in span.attributes.items()}


def _sample(spans: list[Span], elapsed_s: float) -> list[Span]:
    """By the last 56 bits of the trace id, and regardless of what the caller decided."""
    bound = int(CATALOG_RATIO * 2**56)
    return [
        span
        for span in spans
        if span.service is not CATALOG or int.from_bytes(span.trace_id[9:], "big") < bound
    ]


def _no_name(instance: Instance, resource: dict[str, Value]) -> None:
    if instance.service in (STOREFRONT, RECOMMENDATION):
        resource["service.name"] = f"unknown_service:{resource['process.executable.name']}"


def _pod_name(instance: Instance, resource: dict[str, Value]) -> None:
    if instance.service in (CART, SHIPPING):
        resource["service.name"] = instance.pod


def _one_name(instance: Instance, resource: dict[str, Value]) -> None:
    if instance.service in (STOREFRONT, CATALOG, CART):
        resource["service.name"] = "shop"


def _one_instance(instance: Instance, resource: dict[str, Value]) -> None:
    if instance.service is CATALOG:
        resource["service.instance.id"] = "627cc493-f310-47de-96bd-71410b7dec09"


def _poor_resource(instance: Instance, resource: dict[str, Value]) -> None:
    for key in ("service.namespace", "service.version", "deployment.environment.name"):
        resource.pop(key, None)


SCENARIOS = (
    Scenario(
        "broken-traces/silent-service",
        "checkout exports nothing: the spans below it have parents that nobody sends",
        spans=_silent(CHECKOUT),
    ),
    Scenario(
        "broken-traces/headers",
        "the way from storefront to catalog loses the context headers: one request, two traces",
        spans=_cut(
            lambda span: (
                span.service is CATALOG
                and span.parent is not None
                and span.parent.service is STOREFRONT
            )
        ),
    ),
    Scenario(
        "broken-traces/short-ids",
        "cart keeps 64 bits of each trace id and pads them with zeros: one request, two traces",
        spans=_each([CART], _shorten_id),
    ),
    Scenario(
        "dropped-spans/small-queue",
        f"every exporter's queue holds {SMALL_QUEUE_SPANS} spans: whole when quiet, not when busy",
        queue_spans=SMALL_QUEUE_SPANS,
    ),
    Scenario(
        "sampling/bare-ratio",
        f"catalog samples {CATALOG_RATIO:.0%} by a bare traceidratio, the others everything",
        spans=_sample,
    ),
    Scenario(
        "python-fork/quiet-workers",
        f"catalog's workers stop exporting {QUIET_AFTER_S:g} s after the start, and go on working",
        spans=_silent(CATALOG, after_s=QUIET_AFTER_S),
    ),
    Scenario(
        "go-context/background",
        "payment starts its internal spans with context.Background(): each is a root",
        spans=_cut(lambda span: span.service is PAYMENT and span.kind is Kind.INTERNAL),
    ),
    Scenario(
        "span-kind/internal",
        "all spans of checkout and payment are INTERNAL",
        spans=_each([CHECKOUT, PAYMENT], _make_internal),
    ),
    Scenario(
        "span-kind/status-unset",
        "requests to storefront and checkout that fail with a 500 have no error status",
        spans=_each([STOREFRONT, CHECKOUT], _unset_status),
    ),
    Scenario(
        "old-semconv/http",
        "storefront, catalog and checkout use the names of before 2024, such as http.method",
        spans=_each([STOREFRONT, CATALOG, CHECKOUT], _old_names),
    ),
    Scenario(
        "high-cardinality/span-names",
        "storefront names its spans by the address, product and order ids included",
        spans=_each([STOREFRONT], _name_by_address),
    ),
    Scenario(
        "high-cardinality/attributes",
        "checkout keeps request bodies in an attribute and ids in attribute keys",
        spans=_each([CHECKOUT], _keep_payload),
    ),
    Scenario(
        "unsupported-runtime/silent-peer",
        "pricing has no SDK: it is called, and never reports",
        spans=_silent(PRICING),
    ),
    Scenario(
        "service-name/unset",
        "storefront and recommendation have no name: unknown_service",
        resource=_no_name,
    ),
    Scenario(
        "service-name/pod",
        "cart and shipping are named by their pods",
        resource=_pod_name,
    ),
    Scenario(
        "service-name/shared",
        "storefront, catalog and cart are all named shop",
        resource=_one_name,
    ),
    Scenario(
        "service-name/instance",
        "all pods of catalog report one service.instance.id",
        resource=_one_instance,
    ),
    Scenario(
        "missing-resource/service",
        "nobody says namespace, version and environment",
        resource=_poor_resource,
    ),
    Scenario(
        "validate/clock-skew",
        f"the clocks of cart's hosts are {SKEW_NS // 1_000_000_000} s ahead",
        spans=_each([CART], _skew),
    ),
)
