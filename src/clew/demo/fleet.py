"""Where the services run: regions, replicas, versions; and the resource that each one reports."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from random import Random
from uuid import UUID

from clew.demo.service import Service, Value
from clew.demo.services import PAYMENT, SERVICES

HOME = "eu-west-1"
FAR = "ap-southeast-2"  # it has no database of its own
# Region: share of the customers, replicas of each service.
REGIONS = {HOME: (0.60, 2), "us-east-1": (0.28, 1), FAR: (0.12, 1)}

CANARY_VERSION = "2.0.0"
CANARY_REGIONS = (HOME, "us-east-1")


@dataclass(frozen=True, eq=False)
class Instance:
    """One running copy of a service."""

    service: Service
    version: str
    id: str
    region: str
    pod: str
    ip: str
    resource: dict[str, Value]

    @property
    def is_canary(self) -> bool:
        return self.version != self.service.version


class Fleet:
    """All instances, the canary's included; the same `Random`, the same ids."""

    def __init__(self, random: Random) -> None:
        self.instances: list[Instance] = []
        self._stable: dict[tuple[Service, str], list[Instance]] = defaultdict(list)
        self._canary: dict[str, Instance] = {}
        for service in SERVICES:
            for region, (_, replicas) in REGIONS.items():
                if service.everywhere or region == HOME:
                    self._stable[service, region] += [
                        self._start(random, service, service.version, region)
                        for _ in range(replicas)
                    ]
        for region in CANARY_REGIONS:
            self._canary[region] = self._start(random, PAYMENT, CANARY_VERSION, region)

    def pick(self, service: Service, region: str, random: Random, *, canary: bool) -> Instance:
        """Whom the load balancer chooses; while a canary runs, it gets half of its region."""
        if canary and service is PAYMENT and region in self._canary and random.random() < 0.5:
            return self._canary[region]
        stable = self._stable[service, region] or self._stable[service, HOME]
        return random.choice(stable)

    def _start(self, random: Random, service: Service, version: str, region: str) -> Instance:
        instance_id = str(UUID(bytes=random.randbytes(16), version=4))
        track = service.name if version == service.version else f"{service.name}-canary"
        pod = f"{track}-{random.getrandbits(36):09x}-{random.getrandbits(20):05x}"
        number = len(self.instances)
        ip = f"10.{20 + list(REGIONS).index(region)}.{number % 7}.{10 + number}"
        instance = Instance(
            service,
            version,
            instance_id,
            region,
            pod,
            ip,
            _resource(service, version, instance_id, region, track, pod, random),
        )
        self.instances.append(instance)
        return instance


def _resource(
    service: Service,
    version: str,
    instance_id: str,
    region: str,
    deployment: str,
    pod: str,
    random: Random,
) -> dict[str, Value]:
    """The attributes that SDK, resource detectors and the Kubernetes downward API give."""
    sdk = service.sdk
    resource: dict[str, Value] = {
        "service.name": service.name,
        "service.namespace": "shop",
        "service.version": version,
        "service.instance.id": instance_id,
        "deployment.environment.name": "production",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": sdk.language,
        "telemetry.sdk.version": sdk.version,
        "process.runtime.name": sdk.runtime,
        "process.runtime.version": sdk.runtime_version,
        "process.pid": 1 if sdk.language in ("go", "rust") else random.randrange(7, 60),
        "process.executable.name": service.command[0].rpartition("/")[2],
        "process.command_args": service.command,
        "os.type": "linux",
        "host.arch": "arm64" if region == HOME else "amd64",
        "host.name": pod,
        "container.id": random.randbytes(32).hex(),
        "container.image.name": f"registry.shop.example/{service.name}",
        "container.image.tags": (version, f"build-{random.randrange(100, 999)}"),
        "cloud.provider": "aws",
        "cloud.region": region,
        "cloud.availability_zone": region + random.choice("ab"),
        "k8s.cluster.name": f"shop-{region}",
        "k8s.namespace.name": "shop",
        "k8s.node.name": f"node-{random.randrange(1, 7)}.{region}",
        "k8s.deployment.name": deployment,
        "k8s.pod.name": pod,
        "k8s.pod.uid": str(UUID(bytes=random.randbytes(16), version=4)),
        "k8s.container.name": service.name,
        "k8s.container.restart_count": 0,
    }
    if sdk.distro is not None:
        resource["telemetry.distro.name"], resource["telemetry.distro.version"] = sdk.distro
    return resource
