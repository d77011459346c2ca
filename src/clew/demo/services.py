"""The shop's services: who they are, in the words that their languages' SDKs use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | float | bool | tuple[str, ...]

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"


@dataclass(frozen=True)
class Scope:
    """An instrumentation library."""

    name: str
    version: str


@dataclass(frozen=True)
class Sdk:
    """What a language's SDK says of itself."""

    language: str
    version: str
    user_agent: str
    runtime: str
    runtime_version: str


@dataclass(frozen=True, eq=False)
class Service:
    """One service. `scopes` names its instrumentation libraries by what they instrument."""

    name: str
    version: str
    port: int
    sdk: Sdk
    scopes: Mapping[str, Scope]
    command: tuple[str, ...]

    def resource(self, instance_id: str) -> dict[str, Value]:
        """The resource attributes of one running instance."""
        pod = f"{self.name}-{instance_id[:8]}-{instance_id[-5:]}"
        return {
            "service.name": self.name,
            "service.namespace": "shop",
            "service.version": self.version,
            "service.instance.id": instance_id,
            "deployment.environment.name": "demo",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.language": self.sdk.language,
            "telemetry.sdk.version": self.sdk.version,
            "process.runtime.name": self.sdk.runtime,
            "process.runtime.version": self.sdk.runtime_version,
            "process.pid": 1,
            "process.command_args": self.command,
            "os.type": "linux",
            "host.arch": "amd64",
            "host.name": pod,
            "k8s.namespace.name": "shop",
            "k8s.deployment.name": self.name,
            "k8s.pod.name": pod,
            "k8s.container.name": self.name,
        }


NODE = Sdk("nodejs", "2.2.0", "OTel-OTLP-Exporter-JavaScript/0.208.0", "nodejs", "22.11.0")
PYTHON = Sdk("python", "1.38.0", "OTel-OTLP-Exporter-Python/1.38.0", "cpython", "3.13.1")
JAVA = Sdk("java", "1.56.0", "OTel-OTLP-Exporter-Java/1.56.0", "OpenJDK Runtime", "21.0.5+11")
GO = Sdk("go", "1.38.0", "OTel OTLP Exporter Go/1.38.0", "go", "go1.25.3")
DOTNET = Sdk("dotnet", "1.14.0", "OTel-OTLP-Exporter-Dotnet/1.14.0", ".NET", "9.0.0")
RUBY = Sdk("ruby", "1.10.0", "OTel-OTLP-Exporter-Ruby/0.31.0 Ruby/3.4.1", "ruby", "3.4.1")
RUST = Sdk("rust", "0.31.0", "OTel-OTLP-Exporter-Rust/0.31.0", "rustc", "1.91.0")

STOREFRONT = Service(
    "storefront",
    "4.12.0",
    3000,
    NODE,
    {
        "server": Scope("@opentelemetry/instrumentation-http", "0.208.0"),
        "client": Scope("@opentelemetry/instrumentation-undici", "0.18.0"),
        "work": Scope("@opentelemetry/instrumentation-express", "0.56.0"),
    },
    ("node", "--import", "@opentelemetry/auto-instrumentations-node/register", "server.js"),
)
CATALOG = Service(
    "catalog",
    "2.3.1",
    8000,
    PYTHON,
    {
        "server": Scope("opentelemetry.instrumentation.fastapi", "0.59b0"),
        "db": Scope("opentelemetry.instrumentation.psycopg", "0.59b0"),
        "work": Scope("catalog", "2.3.1"),
    },
    ("uvicorn", "catalog.main:app"),
)
SEARCH = Service(
    "search",
    "1.8.0",
    9292,
    RUBY,
    {
        "server": Scope("OpenTelemetry::Instrumentation::Rack", "0.29.0"),
        "db": Scope("OpenTelemetry::Instrumentation::Elasticsearch", "0.2.1"),
    },
    ("puma", "config.ru"),
)
CART = Service(
    "cart",
    "1.0.7",
    8080,
    DOTNET,
    {
        "server": Scope("Microsoft.AspNetCore", ""),
        "db": Scope("OpenTelemetry.Instrumentation.StackExchangeRedis", "1.14.0-beta.1"),
    },
    ("dotnet", "Cart.dll"),
)
CHECKOUT = Service(
    "checkout",
    "7.0.2",
    8080,
    JAVA,
    {
        "server": Scope("io.opentelemetry.tomcat-10.0", "2.22.0-alpha"),
        "client": Scope("io.opentelemetry.java-http-client", "2.22.0-alpha"),
        "rpc": Scope("io.opentelemetry.grpc-1.6", "2.22.0-alpha"),
        "db": Scope("io.opentelemetry.jdbc", "2.22.0-alpha"),
        "queue": Scope("io.opentelemetry.kafka-clients-0.11", "2.22.0-alpha"),
        "work": Scope("io.opentelemetry.spring-webmvc-6.0", "2.22.0-alpha"),
    },
    ("java", "-javaagent:opentelemetry-javaagent.jar", "-jar", "checkout.jar"),
)
PAYMENT = Service(
    "payment",
    "3.1.0",
    50051,
    GO,
    {
        "rpc": Scope(
            "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc", "0.63.0"
        ),
        "client": Scope("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "0.63.0"),
        "work": Scope("shop/payment", ""),
    },
    ("/payment",),
)
SHIPPING = Service(
    "shipping",
    "0.9.4",
    8080,
    RUST,
    {
        "queue": Scope("shipping", "0.9.4"),
        "db": Scope("shipping", "0.9.4"),
        "work": Scope("shipping", "0.9.4"),
    },
    ("/usr/local/bin/shipping",),
)
REPORTS = Service(
    "reports",
    "1.2.0",
    0,
    PYTHON,
    {
        "db": Scope("opentelemetry.instrumentation.psycopg", "0.59b0"),
        "client": Scope("opentelemetry.instrumentation.httpx", "0.59b0"),
        "work": Scope("reports", "1.2.0"),
    },
    ("python", "-m", "reports.nightly"),
)

SERVICES = (STOREFRONT, CATALOG, SEARCH, CART, CHECKOUT, PAYMENT, SHIPPING, REPORTS)
