"""Fifteen minutes of a made-up shop in which some spans fail or are slow for a planted reason.

Around the cause stands what makes it hard to find: values that come along with it only in part, the
service and the operation it happens in, versions that are rolled out meanwhile, keys that only one
service has, values that all spans have, ids that nobody has twice, the exceptions and status codes
that follow from it, and spans that fail for other reasons.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clew.query.compare import Said
from tests import build

SECONDS = 900
_SECOND = build.SECOND_NS

_SERVICES = ("frontend", "cart", "checkout", "payment", "catalogue", "shipping", "search")
# Keys of one service each.
_OWN = {
    "frontend": ("browser.name", ("firefox", "chrome", "safari")),
    "cart": ("db.system.name", ("redis", "postgresql")),
    "checkout": ("messaging.destination.name", ("orders", "mails", "audit")),
    "payment": ("payment.provider", ("acme", "globex", "initech", "hooli")),
    "catalogue": ("db.collection.name", ("products", "prices", "stock")),
    "shipping": ("carrier", ("north", "south")),
    "search": ("index.shard", (1, 2, 3, 4, 5, 6)),
}
# Keys of all spans, and what they hold: one of these, each as likely, the first rather more.
_COMMON: Mapping[str, tuple[Any, ...]] = {
    "tenant": tuple(f"tenant-{number}" for number in range(25)),
    "client.version": ("5.2.0", "5.1.9", "5.1.8", "4.9.1", "4.2.0"),
    "experiment.arm": ("control", "a", "b"),
    "retry.count": (0, 1, 2, 3),
    "feature.new_pricing": (False, True),
    "cache.hit": (True, False),
    "sampling.ratio": (1.0, 0.5, 0.25),
    "geo.country": ("DE", "FR", "PL", "IT", "ES", "NL", "SE"),
    "queue.partition": tuple(range(12)),
}
_HOSTS = tuple(f"node-{number}" for number in range(6))
_ZONE = {host: f"eu-1{'abc'[number % 3]}" for number, host in enumerate(_HOSTS)}


@dataclass(frozen=True)
class Planting:
    """Spans, how to select the bad ones, and what made them so."""

    request: ExportTraceServiceRequest
    spans: int
    cause: Said
    start_ns: int
    q: str
    select: str
    window: tuple[int, int] | None

    @property
    def end_ns(self) -> int:
        return self.start_ns + SECONDS * _SECOND - 1


def planting(seed: int, start_ns: int) -> Planting:
    """One of them; even seeds have errors, odd ones a region of slow spans in some minutes."""
    rng = random.Random(seed)
    return _World(rng, start_ns, by_region=seed % 2 == 1).planting()


@dataclass
class _Draft:
    """What a span will say."""

    service: str
    at_ns: int
    bad: bool
    attrs: dict[str, Any]
    resource: dict[str, Any]


class _World:
    def __init__(self, rng: random.Random, start_ns: int, *, by_region: bool) -> None:
        self.rng, self.start_ns, self.by_region = rng, start_ns, by_region
        self.services = rng.sample(_SERVICES, rng.randint(3, 6))
        self.weights = [rng.uniform(1, 5) for _ in self.services]
        self.pods = {
            service: [(f"{service}-{rng.randbytes(4).hex()}", rng.choice(_HOSTS)) for _ in range(3)]
            for service in self.services
        }
        # New versions come pod by pod.
        self.rollout_s = {service: rng.uniform(0, SECONDS) for service in self.services}
        self.cause_share = rng.uniform(0.70, 1.0)
        self.others_share = rng.uniform(0.01, 0.10)
        self.guilty_service = rng.choice(self.services) if rng.random() < 0.5 else None
        self.scope, self.key, self.value = self._cause()
        self.confounders = self._confounders()
        length = rng.uniform(120, 300)
        begin = rng.uniform(60, SECONDS - length - 60)
        self.incident = (begin, begin + length)

    def _cause(self) -> tuple[str, str, Any]:
        rng = self.rng
        kind = rng.choice(["common", "common", "common", "rare", "host", "version", "own"])
        if kind == "own" and self.guilty_service is not None:
            key, values = _OWN[self.guilty_service]
            return "span", key, rng.choice(values)
        if kind == "rare":
            return "span", "config.hash", rng.randbytes(6).hex()
        if kind == "host":
            return "resource", "host.name", rng.choice(_HOSTS)
        if kind == "version":
            return "resource", "app.build", f"b{rng.randint(100, 999)}"
        key = rng.choice(list(_COMMON))
        return "span", key, rng.choice(_COMMON[key][1:])

    def _confounders(self) -> list[tuple[str, Any, float, float]]:
        """Key, value, and how likely it is with the cause and without."""
        rng = self.rng
        keys = rng.sample([key for key in _COMMON if key != self.key], 3)
        return [
            (key, rng.choice(_COMMON[key]), rng.uniform(0.5, 0.9), rng.uniform(0.05, 0.4))
            for key in keys
        ]

    def planting(self) -> Planting:
        rng = self.rng
        count = rng.randint(400, 900)
        bad_count = max(25, int(count * rng.uniform(0.04, 0.2)))
        drafts = [self._draft(number < bad_count) for number in range(count)]
        rng.shuffle(drafts)
        trace_id = b""
        by_resource: dict[str, tuple[_Draft, list[Span]]] = {}
        for number, draft in enumerate(drafts):
            if number == 0 or rng.random() < 0.3:
                trace_id = rng.randbytes(16)
            kept = by_resource.setdefault(f"{draft.service} {draft.resource}", (draft, []))
            kept[1].append(self._span(draft, trace_id, number + 1))
        request = ExportTraceServiceRequest()
        for draft, spans in by_resource.values():
            request.MergeFrom(build.request(*spans, service=draft.service, resource=draft.resource))
        # Whoever knows the service asks for it; the others ask for everything.
        scoped = self.guilty_service is not None and rng.random() < 0.5
        q = f"service.name = {self.guilty_service}" if scoped else ""
        select, window = "{ status = error }", None
        if self.by_region:
            begin, end = self.incident
            select = "{ duration >= 600ms && duration < 20s }"
            # Drawn by hand: a little off.
            window = (
                self.start_ns + int((begin + rng.uniform(-5, 10)) * _SECOND),
                self.start_ns + int((end + rng.uniform(-10, 5)) * _SECOND),
            )
        return Planting(request, count, self._said(), self.start_ns, q, select, window)

    def _said(self) -> Said:
        match self.value:
            case bool():
                return Said(self.scope, self.key, "bool", str(self.value).lower())
            case int():
                return Said(self.scope, self.key, "int", str(self.value))
            case float():
                return Said(self.scope, self.key, "float", f"{self.value:g}")
        return Said(self.scope, self.key, "string", self.value)

    def _draft(self, bad: bool) -> _Draft:
        rng = self.rng
        guilty = rng.random() < (self.cause_share if bad else self.others_share)
        (service,) = rng.choices(self.services, self.weights)
        if self.guilty_service is not None:
            # What is bad for other reasons is anywhere, though rather there. A tenant or a host is
            # in all services, a build or a table in one.
            of_service = self.key not in _COMMON and self.key != "host.name"
            here = 0.95 if guilty and (bad or of_service) else 0.3 if bad else 0
            if rng.random() < here:
                service = self.guilty_service
        second = rng.uniform(0, SECONDS)
        if bad and self.by_region:
            second = rng.uniform(*self.incident)
        pod, host = rng.choice(self.pods[service])
        rolled = second > self.rollout_s[service] + 60 * self.pods[service].index((pod, host))
        attrs: dict[str, Any] = {key: self._usual(values) for key, values in _COMMON.items()}
        own, values = _OWN[service]
        attrs[own] = rng.choice(values)
        resource = {
            "host.name": host,
            "k8s.pod.name": pod,
            "cloud.availability_zone": _ZONE[host],
            "service.version": "2.1.0" if rolled else "2.0.7",
            "deployment.environment.name": "production",
            "telemetry.sdk.language": "python" if len(service) % 2 else "go",
        }
        self._blame(attrs, resource, guilty)
        for key, value, with_it, without in self.confounders:
            if rng.random() < (with_it if guilty else without):
                attrs[key] = value
        attrs["request.id"] = rng.randbytes(8).hex()
        attrs["user.id"] = f"u{int(rng.paretovariate(0.7)) % 5000}"
        attrs["thread.id"] = rng.randint(1, 40)
        attrs["http.route"] = f"/{service}/{rng.choice(['list', 'item', 'update'])}"
        attrs["guilty"] = guilty
        return _Draft(service, self.start_ns + int(second * _SECOND), bad, attrs, resource)

    def _usual(self, values: tuple[Any, ...]) -> Any:
        return values[0] if self.rng.random() < 0.3 else self.rng.choice(values)

    def _blame(self, attrs: dict[str, Any], resource: dict[str, Any], guilty: bool) -> None:
        """The cause where it belongs, and only there."""
        rng = self.rng
        holder = resource if self.scope == "resource" else attrs
        if guilty:
            holder[self.key] = self.value
        elif self.key == "app.build":
            holder[self.key] = rng.choice(["b98", "b99"])
        elif holder.get(self.key) == self.value:
            others = _HOSTS if self.scope == "resource" else self._choices()
            holder[self.key] = rng.choice([one for one in others if one != self.value])
        if self.key == "host.name":
            resource["cloud.availability_zone"] = _ZONE[resource["host.name"]]

    def _choices(self) -> tuple[Any, ...]:
        if self.key in _COMMON:
            return _COMMON[self.key]
        return next((values for key, values in _OWN.values() if key == self.key), ("other",))

    def _span(self, draft: _Draft, trace_id: bytes, span_id: int) -> Span:
        rng = self.rng
        guilty = draft.attrs.pop("guilty")
        slow = draft.bad and self.by_region
        failed = (draft.bad and not self.by_region) or rng.random() < 0.4 * slow
        attrs = draft.attrs
        attrs["http.response.status_code"] = 500 if failed else rng.choice([200, 200, 200, 404])
        if failed:
            attrs["error.type"] = "TimeoutError" if guilty else rng.choice(["KeyError", "OSError"])
        seconds = rng.uniform(1, 12) if slow else rng.lognormvariate(-4, 1)
        span = build.span(
            f"{rng.choice(['GET', 'POST'])} {attrs['http.route']}",
            trace_id=trace_id,
            span_id=span_id,
            start_ns=draft.at_ns,
            duration_ns=int(seconds * _SECOND),
            error=failed,
            attrs=attrs,
        )
        if failed and rng.random() < 0.95:
            event = span.events.add(name="exception", time_unix_nano=draft.at_ns)
            event.attributes.extend(
                build.attributes({"exception.type": attrs["error.type"], "exception.escaped": "1"})
            )
        return span
