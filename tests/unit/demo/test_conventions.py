"""The shop's attributes are those that OpenTelemetry's semantic conventions require."""

from __future__ import annotations

import re

import pytest

from clew.demo.calls.rpc import SERVER_ERRORS
from clew.demo.old_names import OLD_NAMES
from clew.demo.service import Value
from clew.demo.story import Kind, Span, Story
from tests.unit.demo.conftest import spans_of

REQUIRED = {
    "http server": {
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "url.path",
        "url.scheme",
        "server.address",
        "network.protocol.version",
    },
    "http client": {"http.request.method", "url.full", "server.address", "server.port"},
    "rpc": {"rpc.system.name", "rpc.method", "rpc.response.status_code", "server.address"},
    "db": {"db.system.name", "db.operation.name", "server.address", "server.port"},
    "messaging": {
        "messaging.system",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.destination.name",
    },
}


def sort(span: Span) -> str:
    """Which conventions a span falls under, by a name that it cannot do without."""
    if "db.system.name" in span.attributes:
        return "db"
    if "rpc.system.name" in span.attributes:
        return "rpc"
    if "messaging.system" in span.attributes:
        return "messaging"
    if "http.request.method" in span.attributes:
        return f"http {span.kind.name.lower()}"
    return ""


@pytest.fixture(scope="module")
def spans(minute: list[Story], outage: list[Story], release: list[Story]) -> list[Span]:
    return spans_of([*minute, *outage, *release])


def test_required_attributes_are_there(spans: list[Span]) -> None:
    seen = set()
    for span in spans:
        if kind := sort(span):
            assert REQUIRED[kind] <= span.attributes.keys(), (kind, span.name)
            seen.add(kind)
        else:
            assert span.kind is Kind.INTERNAL or span.service.old_names, span.name
    assert seen == set(REQUIRED)


def test_names_are_few_and_have_no_ids(spans: list[Span]) -> None:
    names = {span.name for span in spans}
    assert len(names) < 70
    assert {name for name in names if re.search(r"\d", name)} == {"shop.v1.Payment/Charge"}


def test_status_codes_and_span_status_agree(spans: list[Span]) -> None:
    for span in spans:
        status = span.attributes.get("http.response.status_code", 0)
        assert isinstance(status, int)
        if span.kind is Kind.SERVER and status:
            assert span.failed is (status >= 500)
        if span.kind is Kind.CLIENT and status and "db.system.name" not in span.attributes:
            assert span.failed is (status >= 400)
        if code := span.attributes.get("rpc.response.status_code"):
            wrong = code in SERVER_ERRORS if span.kind is Kind.SERVER else code != "OK"
            assert span.failed is wrong


def test_failed_spans_say_the_type_of_error(spans: list[Span]) -> None:
    failed = [span for span in spans if span.failed]
    assert failed
    assert all(span.attributes.get("error.type") for span in failed)
    assert not any("error.type" in span.attributes for span in spans if not span.failed)


def test_exceptions_are_events_with_type_message_and_stacktrace(spans: list[Span]) -> None:
    events = [event for span in spans for event in span.events if event.name == "exception"]
    assert events
    for event in events:
        assert set(event.attributes) == {
            "exception.type",
            "exception.message",
            "exception.stacktrace",
        }
    for span in spans:
        assert all(span.start_ns <= event.time_ns <= span.end_ns for event in span.events)


def test_only_the_old_service_uses_old_names(spans: list[Span]) -> None:
    replaced = set(OLD_NAMES.values()) | {"http.flavor", "net.peer.ip", "http.host"}
    users = {span.service.name for span in spans if replaced & span.attributes.keys()}
    assert users == {"recommendation"}
    assert not any(
        set(OLD_NAMES) & span.attributes.keys()
        for span in spans
        if span.service.name == "recommendation"
    )


def test_values_are_of_all_types_and_some_are_ids(spans: list[Span]) -> None:
    def element(value: Value) -> str:
        return f"array of {type(value[0]).__name__}" if isinstance(value, tuple) else ""

    values = [value for span in spans for value in span.attributes.values()]
    types = {element(value) or type(value).__name__ for value in values}
    assert types == {"str", "int", "float", "bool", "array of str", "array of int"}
    assert len({span.attributes.get("app.order.id") for span in spans}) > 100


def test_addresses_are_nobodys(spans: list[Span]) -> None:
    documentation = re.compile(r"10\.2[0-2]\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.")
    for span in spans:
        for key in ("client.address", "network.peer.address", "net.peer.ip"):
            assert documentation.match(str(span.attributes.get(key, "10.20.")))


def test_resources_name_service_sdk_and_place(minute: list[Story]) -> None:
    instances = {span.instance for span in spans_of(minute)}
    for instance in instances:
        resource = instance.resource
        assert resource["service.name"] == instance.service.name
        assert resource["service.version"] == instance.version
        assert {
            "service.namespace",
            "service.instance.id",
            "deployment.environment.name",
            "telemetry.sdk.name",
            "telemetry.sdk.language",
            "telemetry.sdk.version",
            "process.pid",
            "process.command_args",
            "host.name",
            "container.id",
            "cloud.region",
            "k8s.pod.name",
            "k8s.deployment.name",
        } <= resource.keys()
    assert len({instance.id for instance in instances}) == len(instances)
