"""`clew send`: a test trace, to prove that the way in is open before any SDK is involved.

Standard output is the trace id alone, so that `clew trace $(clew send --wait)` works.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clew.cli.options import (
    DEFAULT_API,
    DEFAULT_GRPC,
    DEFAULT_HTTP,
    ApiAddress,
    ApiKey,
    Ca,
    Cert,
    CertKey,
    Json,
    api_option,
)
from clew.cli.output import Failure, note, write_json

if TYPE_CHECKING:
    from clew.cli.client import Api
    from clew.cli.deliver import Answer

WAIT_S = 30.0
ASK_EVERY_S = 0.1
# The API's words for "not now".
NOT_NOW = ("busy", "unavailable", "store_unavailable", "query_timeout")


class Protocol(StrEnum):
    """As `OTEL_EXPORTER_OTLP_PROTOCOL` spells them."""

    GRPC = "grpc"
    HTTP_PROTOBUF = "http/protobuf"
    HTTP_JSON = "http/json"


def command(
    protocol: Annotated[Protocol, typer.Option(help="How to send it.")] = Protocol.HTTP_PROTOBUF,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="CLEW_ENDPOINT",
            help=f"Where to. [default: {DEFAULT_HTTP}, by grpc {DEFAULT_GRPC}]",
        ),
    ] = None,
    service: Annotated[str, typer.Option(metavar="NAME", help="Its service.name.")] = "clew-send",
    wait: Annotated[bool, typer.Option("--wait", help="Until a search finds it.")] = False,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    cert: Cert = None,
    cert_key: CertKey = None,
    json: Json = False,
) -> None:
    """Send a test trace and print its id.

    Example: clew send --protocol grpc --wait
    """
    from clew.cli.client import Api
    from clew.cli.sample import SPAN_COUNT, trace_json

    trace_id, request = trace_json(service)
    answer = deliver(protocol, endpoint, request)
    if not json:
        print(trace_id, flush=True)
        say(answer, SPAN_COUNT)
    waited_s = None
    if answer.rejected < SPAN_COUNT and wait:
        with Api(api) as client:
            waited_s = wait_until_found(client, trace_id, request)
    if json:
        import orjson

        write_json(
            orjson.dumps(
                {
                    "traceId": trace_id,
                    "protocol": protocol.value,
                    "endpoint": answer.endpoint,
                    "service": service,
                    "spans": SPAN_COUNT,
                    "rejectedSpans": answer.rejected,
                    "message": answer.message,
                    "searchableAfterSeconds": waited_s,
                }
            )
        )
    else:
        if waited_s is not None:
            note(f"searchable after {waited_s:.1f} s")
        if answer.rejected < SPAN_COUNT:
            note(f"look at it with: clew trace {trace_id}{api_option(api)}")
    if answer.rejected:
        raise typer.Exit(1)


def deliver(protocol: Protocol, endpoint: str | None, request: dict[str, Any]) -> Answer:
    """The request by the protocol."""
    from clew.cli import deliver as by
    from clew.cli.sample import as_protobuf

    if protocol is Protocol.GRPC:
        return by.by_grpc(endpoint or DEFAULT_GRPC, as_protobuf(request))
    if protocol is Protocol.HTTP_PROTOBUF:
        return by.by_http_protobuf(endpoint or DEFAULT_HTTP, as_protobuf(request))
    return by.by_http_json(endpoint or DEFAULT_HTTP, request)


def wait_until_found(api: Api, trace_id: str, request: dict[str, Any]) -> float:
    """Seconds until a search over the trace's own time has it."""
    import orjson

    root = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    # The nanosecond of the root's start: few other traces share it, however busy the server is.
    at = root["startTimeUnixNano"]
    began = time.monotonic()
    while (waited_s := time.monotonic() - began) < WAIT_S:
        body = api.find("/api/v1/search", {"start": at, "end": at, "limit": "1000"}, absent=NOT_NOW)
        if body is not None and any(
            trace["traceId"] == trace_id for trace in orjson.loads(body)["traces"]
        ):
            return round(waited_s, 3)
        time.sleep(ASK_EVERY_S)
    raise Failure(
        f"trace {trace_id} was accepted, but no search at {api.address} finds it after "
        f"{WAIT_S:g} s; is --api the API of the Clew that it was sent to?"
    )


def say(answer: Answer, spans: int) -> None:
    """What was answered."""
    note(f"{answer.endpoint} accepted {spans - answer.rejected} of {spans} spans")
    if answer.message:
        note(f"and said: {answer.message}")
