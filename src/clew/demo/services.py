"""The shop's services, with the libraries and versions that teams of these languages use.

Their ages differ, as in any company; `recommendation` was last touched in early 2024.
"""

from __future__ import annotations

from clew.demo.service import Scope, Sdk, Service

_SCHEMA = "https://opentelemetry.io/schemas/"

NODE = Sdk(
    "nodejs",
    "2.2.0",
    "OTel-OTLP-Exporter-JavaScript/0.208.0",
    "nodejs",
    "22.11.0",
)
PYTHON = Sdk(
    "python",
    "1.38.0",
    "OTel-OTLP-Exporter-Python/1.38.0",
    "cpython",
    "3.13.1",
    distro=("opentelemetry-distro", "0.59b0"),
)
OLD_PYTHON = Sdk(
    "python",
    "1.23.0",
    "OTel-OTLP-Exporter-Python/1.23.0",
    "cpython",
    "3.9.18",
    tells_remote=False,
)
JAVA = Sdk(
    "java",
    "1.56.0",
    "OTel-OTLP-Exporter-Java/1.56.0",
    "OpenJDK Runtime Environment",
    "21.0.5+11-LTS",
    distro=("opentelemetry-java-instrumentation", "2.22.0"),
    schema_url=f"{_SCHEMA}1.24.0",
    names_threads=True,
)
GO = Sdk(
    "go",
    "1.44.0",
    "OTel OTLP Exporter Go/1.44.0",
    "go",
    "go1.25.3",
    schema_url=f"{_SCHEMA}1.40.0",
)
DOTNET = Sdk("dotnet", "1.14.0", "OTel-OTLP-Exporter-Dotnet/1.14.0", ".NET", "9.0.0")
RUBY = Sdk(
    "ruby",
    "1.10.0",
    "OTel-OTLP-Exporter-Ruby/0.31.0 Ruby/3.4.1 (x86_64-linux; ruby/3.4.1)",
    "ruby",
    "3.4.1",
    tells_remote=False,
)
PHP = Sdk(
    "php",
    "1.9.0",
    "OTel OTLP Exporter PHP/1.3.2",
    "fpm-fcgi",
    "8.4.1",
    distro=("opentelemetry-php-instrumentation", "1.2.0"),
    tells_remote=False,
)
RUST = Sdk("rust", "0.31.0", "OTel-OTLP-Exporter-Rust/0.31.0", "rustc", "1.91.0")

_GO_CONTRIB = "go.opentelemetry.io/contrib/instrumentation"
_GO_SCHEMA = f"{_SCHEMA}1.40.0"
_PYTHON_SCHEMA = f"{_SCHEMA}1.11.0"
_JAVA_AGENT = "2.22.0-alpha"
_JAVA_SCHEMA = f"{_SCHEMA}1.37.0"
_PHP_SCHEMA = f"{_SCHEMA}1.36.0"

STOREFRONT = Service(
    "storefront",
    "4.12.0",
    3000,
    NODE,
    {
        "server": Scope("@opentelemetry/instrumentation-http", "0.208.0"),
        "client": Scope("@opentelemetry/instrumentation-undici", "0.18.0"),
        "controller": Scope("@opentelemetry/instrumentation-express", "0.56.0"),
        "work": Scope("storefront", "4.12.0"),
    },
    ("node", "--import", "@opentelemetry/auto-instrumentations-node/register", "server.js"),
    controllers=True,
)
CATALOG = Service(
    "catalog",
    "2.3.1",
    8000,
    PYTHON,
    {
        "server": Scope("opentelemetry.instrumentation.fastapi", "0.59b0", _PYTHON_SCHEMA),
        "db": Scope("opentelemetry.instrumentation.psycopg", "0.59b0"),
        "cache": Scope("opentelemetry.instrumentation.redis", "0.59b0", _PYTHON_SCHEMA),
        "work": Scope("catalog", "2.3.1"),
    },
    ("uvicorn", "catalog.main:app", "--port", "8000"),
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
        "client": Scope("System.Net.Http", ""),
        "cache": Scope("OpenTelemetry.Instrumentation.StackExchangeRedis", "1.14.0-beta.1"),
    },
    ("dotnet", "Cart.dll"),
)
PRICING = Service(
    "pricing",
    "12.1.0",
    8080,
    PHP,
    {
        "server": Scope("io.opentelemetry.contrib.php.laravel", "1.3.0", _PHP_SCHEMA),
        "db": Scope("io.opentelemetry.contrib.php.pdo", "0.3.0", _PHP_SCHEMA),
    },
    ("php-fpm", "--nodaemonize"),
)
RECOMMENDATION = Service(
    "recommendation",
    "0.4.2",
    5000,
    OLD_PYTHON,
    {
        "server": Scope("opentelemetry.instrumentation.flask", "0.44b0"),
        "cache": Scope("opentelemetry.instrumentation.redis", "0.44b0"),
        "work": Scope("recommendation", "0.4.2"),
    },
    ("gunicorn", "recommendation:app"),
    old_names=True,
)
CHECKOUT = Service(
    "checkout",
    "7.0.2",
    8080,
    JAVA,
    {
        "server": Scope("io.opentelemetry.tomcat-10.0", _JAVA_AGENT, _JAVA_SCHEMA),
        "client": Scope("io.opentelemetry.java-http-client", _JAVA_AGENT, _JAVA_SCHEMA),
        "rpc": Scope("io.opentelemetry.grpc-1.6", _JAVA_AGENT, _JAVA_SCHEMA),
        "db": Scope("io.opentelemetry.jdbc", _JAVA_AGENT, _JAVA_SCHEMA),
        "queue": Scope("io.opentelemetry.kafka-clients-0.11", _JAVA_AGENT, _JAVA_SCHEMA),
        "controller": Scope("io.opentelemetry.spring-webmvc-6.0", _JAVA_AGENT, _JAVA_SCHEMA),
    },
    ("java", "-javaagent:/otel/opentelemetry-javaagent.jar", "-jar", "/app/checkout.jar"),
    controllers=True,
)
PAYMENT = Service(
    "payment",
    "1.9.4",
    50051,
    GO,
    {
        "rpc": Scope(f"{_GO_CONTRIB}/google.golang.org/grpc/otelgrpc", "0.69.0", _GO_SCHEMA),
        "client": Scope(f"{_GO_CONTRIB}/net/http/otelhttp", "0.69.0", _GO_SCHEMA),
        "work": Scope("shop.example/payment", "1.9.4"),
    },
    ("/payment",),
)
INVENTORY = Service(
    "inventory",
    "3.5.0",
    8080,
    GO,
    {
        "server": Scope(f"{_GO_CONTRIB}/net/http/otelhttp", "0.69.0", _GO_SCHEMA),
        "client": Scope(f"{_GO_CONTRIB}/net/http/otelhttp", "0.69.0", _GO_SCHEMA),
        "db": Scope("github.com/exaring/otelpgx", "v0.9.3", _GO_SCHEMA),
        "work": Scope("shop.example/inventory", "3.5.0"),
    },
    ("/inventory", "--workers=8"),
)
SHIPPING = Service(
    "shipping",
    "0.9.4",
    8080,
    RUST,
    {
        "queue": Scope("shipping", "0.9.4"),
        "db": Scope("shipping", "0.9.4"),
        "client": Scope("shipping", "0.9.4"),
        "work": Scope("shipping", "0.9.4"),
    },
    ("/usr/local/bin/shipping",),
    everywhere=False,
)
NOTIFICATION = Service(
    "notification",
    "2.0.3",
    3000,
    NODE,
    {
        "queue": Scope("@opentelemetry/instrumentation-kafkajs", "0.17.0"),
        "client": Scope("@opentelemetry/instrumentation-undici", "0.18.0"),
        "work": Scope("notification", "2.0.3"),
    },
    ("node", "--require", "./telemetry.js", "worker.js"),
    everywhere=False,
)
REPORTS = Service(
    "reports",
    "1.2.0",
    8080,
    PYTHON,
    {
        "db": Scope("opentelemetry.instrumentation.psycopg", "0.59b0"),
        "queue": Scope("opentelemetry.instrumentation.celery", "0.59b0", _PYTHON_SCHEMA),
        "work": Scope("reports", "1.2.0"),
    },
    ("celery", "--app", "reports", "worker", "--beat"),
    everywhere=False,
)

SERVICES = (
    STOREFRONT,
    CATALOG,
    SEARCH,
    CART,
    PRICING,
    RECOMMENDATION,
    CHECKOUT,
    PAYMENT,
    INVENTORY,
    SHIPPING,
    NOTIFICATION,
    REPORTS,
)

# Of all of them, by which their telemetry is told from that of others.
NAMES = frozenset(one.name for one in list(vars().values()) if isinstance(one, Service))
