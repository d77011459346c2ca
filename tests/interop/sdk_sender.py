"""Sends with whichever OpenTelemetry SDK the interpreter that runs it has.

Reads one case a line as JSON from standard input, and writes what came of it as JSON: it must not
import anything of the project, because the old SDK lives in an environment of its own.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

import grpc
from opentelemetry.exporter.otlp.proto.grpc import exporter as grpc_module
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_module
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

LONGEST_WAIT_S = 0.05


class Lines(logging.Handler):
    """What the SDK prints."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


def shorten_waits() -> None:
    """Old exporters wait up to a minute for what newer ones give up after their timeout; how often
    they try again stays as it is.
    """
    for module in (grpc_module, http_module):
        if hasattr(module, "sleep"):
            module.sleep = lambda seconds: time.sleep(min(seconds, LONGEST_WAIT_S))


def exporter(case: dict[str, Any]) -> Any:
    headers = {"kf-api-key": case["key"]} if case["key"] else {}
    ca, cert, cert_key = case["ca"], case["cert"], case["cert_key"]
    if case["way"] == "grpc":
        credentials = None
        if ca:
            files = [open(path, "rb").read() if path else None for path in (ca, cert_key, cert)]
            credentials = grpc.ssl_channel_credentials(*files)
        return GrpcExporter(
            endpoint=case["endpoint"],
            insecure=not ca,
            credentials=credentials,
            headers=tuple(headers.items()),
            compression=grpc.Compression.Gzip if case["gzip"] else grpc.Compression.NoCompression,
            timeout=case["timeout_s"],
        )
    return HttpExporter(
        endpoint=f"{case['endpoint']}/v1/traces",
        certificate_file=ca,
        client_certificate_file=cert,
        client_key_file=cert_key,
        headers=headers,
        compression=Compression.Gzip if case["gzip"] else Compression.NoCompression,
        timeout=case["timeout_s"],
    )


def one(trace_id: str, span_id: int, filler: int) -> ReadableSpan:
    context = SpanContext(trace_id=int(trace_id, 16), span_id=span_id, is_remote=False)
    return ReadableSpan("matrix", context=context, attributes={"filler": "x" * filler})


def send(case: dict[str, Any], lines: Lines) -> dict[str, Any]:
    # The SDK leaves out a line that it printed just before.
    for name in list(logging.root.manager.loggerDict):
        for found in getattr(logging.getLogger(name), "filters", ()):
            vars(found).pop("last_log", None)
    lines.found = []
    sender = exporter(case)
    spans = [one(case["trace_id"], span_id, case["filler"]) for span_id in case["span_ids"]]
    began = time.monotonic()
    result = sender.export(spans)
    took = time.monotonic() - began
    sender.shutdown()
    return {"result": result.name, "lines": lines.found, "seconds": round(took, 3)}


def main() -> None:
    shorten_waits()
    lines = Lines()
    logging.getLogger("opentelemetry").addHandler(lines)
    logging.getLogger("opentelemetry").propagate = False
    for line in sys.stdin:
        print(json.dumps(send(json.loads(line), lines)), flush=True)


if __name__ == "__main__":
    main()
