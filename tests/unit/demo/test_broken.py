"""Each scenario does what its sentence says, and leaves the rest alone."""

from __future__ import annotations

import re

import pytest

from clew.demo.broken import SCENARIOS, Scenario, find
from clew.demo.service import Value
from clew.demo.shop import Shop
from clew.demo.story import Kind, Span
from tests.unit.demo.conftest import live

NOW_NS = 1_795_348_800_000_000_000

# The problems of the catalogue of set-up problems that a sender of OTLP can have.
CATALOGUE = {
    "broken-traces",
    "dropped-spans",
    "sampling",
    "python-fork",
    "go-context",
    "span-kind",
    "old-semconv",
    "high-cardinality",
    "unsupported-runtime",
    "service-name",
    "missing-resource",
    "validate",
}


def traffic(broken: str, begin_s: float = 100, end_s: float = 110) -> list[Span]:
    scenario = find(broken)
    return [
        span for story in live(5, begin_s, end_s) for span in scenario.spans(story.spans, begin_s)
    ]


def of(spans: list[Span], service: str) -> list[Span]:
    return [span for span in spans if span.service.name == service]


def orphans(spans: list[Span]) -> set[str]:
    """The services that have spans whose parent is not in their trace."""
    sent = {(span.trace_id, span.span_id) for span in spans}
    return {
        span.service.name
        for span in spans
        if span.parent is not None and (span.trace_id, span.parent.span_id) not in sent
    }


def resources(broken: str) -> list[tuple[str, dict[str, Value]]]:
    return [
        (instance.service.name, dict(outbox.resource))
        for instance, outbox in Shop(1, find(broken)).outboxes.items()
    ]


def test_ids_are_problems_of_the_catalogue_and_causes() -> None:
    assert {scenario.problem for scenario in SCENARIOS} == CATALOGUE
    assert len({scenario.id for scenario in SCENARIOS}) == len(SCENARIOS)


def test_problem_alone_means_its_first_cause() -> None:
    assert find("broken-traces").id == "broken-traces/silent-service"
    assert find("broken-traces/headers").id == "broken-traces/headers"


def test_unknown_id_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'nonsense' is not known.*span-kind/internal") as refused:
        find("nonsense")
    assert all(scenario.id in str(refused.value) for scenario in SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_shop_runs_with_it_and_differs_from_the_healthy_one(scenario: Scenario) -> None:
    def sent(broken: Scenario | None) -> list[bytes | None]:
        shop = Shop(2, broken)
        for visit in range(60):
            shop.tell(70 + visit / 10, NOW_NS)  # the bank is away, so that something fails
        dropped = str(shop.tally.dropped).encode()
        return [dropped, *(outbox.take(0.0) for outbox in shop.outboxes.values())]

    wrong = sent(scenario)
    assert wrong == sent(scenario)
    assert wrong != sent(None)


def test_healthy_shop_has_no_orphans() -> None:
    assert orphans([span for story in live(5, 100, 110) for span in story.spans]) == set()


def test_silent_service_leaves_orphans_below_it() -> None:
    spans = traffic("broken-traces/silent-service")
    assert not of(spans, "checkout")
    assert orphans(spans) == {"cart", "pricing", "inventory", "payment", "shipping"}


def test_lost_headers_make_two_whole_traces_of_one_request() -> None:
    spans = traffic("broken-traces/headers")
    assert orphans(spans) == set()
    roots = [span for span in of(spans, "catalog") if span.parent is None]
    assert roots
    assert {span.kind for span in roots} == {Kind.SERVER}
    shared = {span.trace_id for span in roots}
    assert {span.service.name for span in spans if span.trace_id in shared} == {"catalog"}


def test_short_ids_differ_from_the_callers_in_the_upper_half_only() -> None:
    carts = of(traffic("broken-traces/short-ids"), "cart")
    for span in carts:
        assert span.trace_id[:8] == bytes(8)
        if span.parent is not None and span.parent.service is not span.service:
            assert span.parent.trace_id[8:] == span.trace_id[8:]
            assert span.parent.trace_id[:8] != bytes(8)
    assert carts


def test_small_queue_drops_only_when_busy() -> None:
    def dropped(visits: int) -> int:
        shop = Shop(1, find("dropped-spans"))
        for _ in range(visits):
            shop.tell(0.0, NOW_NS)
        return shop.tally.dropped

    assert dropped(1) == 0
    assert dropped(300) > 100


def test_bare_ratio_keeps_some_traces_of_one_service() -> None:
    healthy = of([span for story in live(5, 100, 110) for span in story.spans], "catalog")
    kept = of(traffic("sampling/bare-ratio"), "catalog")
    assert 0.1 < len(kept) / len(healthy) < 0.4
    assert {span.trace_id for span in kept}.isdisjoint(
        {span.trace_id for span in healthy} - {span.trace_id for span in kept}
    )


def test_quiet_workers_are_heard_first_and_called_later() -> None:
    assert of(traffic("python-fork", 0, 10), "catalog")
    later = traffic("python-fork", 100, 110)
    assert not of(later, "catalog")
    assert any(span.attributes.get("server.address") == "catalog" for span in later)


def test_background_context_makes_internal_spans_roots() -> None:
    payments = of(traffic("go-context"), "payment")
    internal = [span for span in payments if span.kind is Kind.INTERNAL]
    assert internal
    assert all(span.parent is None for span in internal)
    assert len({span.trace_id for span in internal}) == len(internal)
    assert all(span.parent is not None for span in payments if span.kind is Kind.SERVER)


def test_internal_kinds_hide_the_requests() -> None:
    spans = traffic("span-kind/internal")
    for service in ("checkout", "payment"):
        assert {span.kind for span in of(spans, service)} == {Kind.INTERNAL}
    assert Kind.SERVER in {span.kind for span in of(spans, "cart")}


def test_unset_status_hides_failures_that_the_code_shows() -> None:
    failed: dict[str, set[bool]] = {}
    # The bank is away, so that something fails.
    for span in traffic("span-kind/status-unset", 70, 90):
        if span.attributes.get("http.response.status_code") == 500 and span.kind is Kind.SERVER:
            failed.setdefault(span.service.name, set()).add(span.failed)
    assert failed.pop("storefront") == {False}
    assert failed.pop("checkout") == {False}
    assert all(seen == {True} for seen in failed.values())


def test_old_names_replace_the_new_ones() -> None:
    spans = traffic("old-semconv")
    for service in ("storefront", "catalog", "checkout"):
        keys = {key for span in of(spans, service) for key in span.attributes}
        assert "http.method" in keys
        assert "http.request.method" not in keys
    assert any("http.request.method" in span.attributes for span in of(spans, "cart"))


def test_span_names_hold_ids() -> None:
    names = {
        span.name
        for span in of(traffic("high-cardinality/span-names"), "storefront")
        if span.kind is Kind.SERVER
    }
    assert len(names) > 50
    assert any(re.fullmatch(r"GET /products/\d+", name) for name in names)


def test_payloads_and_keys_with_ids_are_kept() -> None:
    checkouts = of(traffic("high-cardinality/attributes"), "checkout")
    payloads = [span.attributes.get("http.request.body.content", "") for span in checkouts]
    assert max(len(str(payload)) for payload in payloads) > 400
    assert len({key for span in checkouts for key in span.attributes if "changed" in key}) > 5


def test_peer_without_an_sdk_is_called_and_never_reports() -> None:
    spans = traffic("unsupported-runtime")
    assert not of(spans, "pricing")
    assert orphans(spans) == set()
    assert any(span.attributes.get("server.address") == "pricing" for span in spans)


def test_names_of_services_are_wrong() -> None:
    unset = {name: resource["service.name"] for name, resource in resources("service-name/unset")}
    assert unset["storefront"] == "unknown_service:node"
    assert unset["recommendation"] == "unknown_service:gunicorn"
    assert unset["cart"] == "cart"
    pods = [resource for name, resource in resources("service-name/pod") if name == "cart"]
    assert all(resource["service.name"] == resource["k8s.pod.name"] for resource in pods)
    shared = [name for name, resource in resources("service-name/shared")
              if resource["service.name"] == "shop"]  # fmt: skip
    assert set(shared) == {"storefront", "catalog", "cart"}
    ids = [resource["service.instance.id"] for name, resource in resources("service-name/instance")
           if name == "catalog"]  # fmt: skip
    assert len(ids) > 1
    assert len(set(ids)) == 1


def test_resources_lack_what_they_should_have() -> None:
    missing = {"service.namespace", "service.version", "deployment.environment.name"}
    assert not any(missing & resource.keys() for _, resource in resources("missing-resource"))


def test_skewed_clock_puts_children_outside_their_parents() -> None:
    for span in of(traffic("validate/clock-skew"), "cart"):
        if span.parent is not None and span.parent.service is not span.service:
            assert span.start_ns > span.parent.end_ns
