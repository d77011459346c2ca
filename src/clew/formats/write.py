"""Groups of spans, trace by trace → a file of one format, piece by piece."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from clew.formats import jaeger_write, otlp_write, zipkin_write

# A line of the Collector's form ends at this size; a larger trace has several.
_LINE_BYTES = 4 << 20


class Writer(ABC):
    """Pieces of a file: `begin`, a `trace` as often as needed, `end`.

    `lost` counts what the format cannot carry, by what it is.
    """

    def __init__(self) -> None:
        self.lost: Counter[str] = Counter()
        self._first = True

    def begin(self) -> bytes:
        return b""

    @abstractmethod
    def trace(self, groups: Iterable[ResourceSpans]) -> Iterator[bytes]:
        """The groups of one trace."""

    def end(self) -> bytes:
        return b""

    def _comma(self) -> bytes:
        comma, self._first = b"" if self._first else b",\n", False
        return comma


class OtlpJson(Writer):
    """One ExportTraceServiceRequest."""

    def begin(self) -> bytes:
        return b'{"resourceSpans":['

    def trace(self, groups: Iterable[ResourceSpans]) -> Iterator[bytes]:
        for group in groups:
            yield self._comma() + otlp_write.dumps(group)

    def end(self) -> bytes:
        return b"]}\n"


class OtlpLines(Writer):
    """One request a line, as the Collector's file exporter writes them."""

    def trace(self, groups: Iterable[ResourceSpans]) -> Iterator[bytes]:
        line: list[bytes] = []
        size = 0
        for group in groups:
            line.append(otlp_write.dumps(group))
            size += len(line[-1])
            if size >= _LINE_BYTES:
                yield _line(line)
                line, size = [], 0
        if line:
            yield _line(line)


class OtlpProtobuf(Writer):
    """One request; messages that follow each other are one message in protobuf."""

    def trace(self, groups: Iterable[ResourceSpans]) -> Iterator[bytes]:
        for group in groups:
            yield ExportTraceServiceRequest(resource_spans=[group]).SerializeToString()


class Jaeger(Writer):
    """As Jaeger's UI downloads traces."""

    def begin(self) -> bytes:
        return b'{"data":['

    def trace(self, groups: Iterable[ResourceSpans]) -> Iterator[bytes]:
        processes = jaeger_write.Processes()
        separator = b""
        for group in groups:
            for span in jaeger_write.spans(group, processes, self.lost):
                if not separator:
                    trace_id = orjson.dumps(span["traceID"])
                    yield self._comma() + b'{"traceID":' + trace_id + b',"spans":['
                yield separator + orjson.dumps(span)
                separator = b","
        if separator:
            yield b'],"processes":' + orjson.dumps(processes.found) + b',"warnings":null}'

    def end(self) -> bytes:
        return b'],"total":0,"limit":0,"offset":0,"errors":null}\n'


class Zipkin(Writer):
    """A list of spans."""

    def begin(self) -> bytes:
        return b"["

    def trace(self, groups: Iterable[ResourceSpans]) -> Iterator[bytes]:
        for group in groups:
            for span in zipkin_write.spans(group, self.lost):
                yield self._comma() + orjson.dumps(span)

    def end(self) -> bytes:
        return b"]\n"


def _line(groups: list[bytes]) -> bytes:
    return b'{"resourceSpans":[' + b",".join(groups) + b"]}\n"


WRITERS: dict[str, type[Writer]] = {
    "otlp-json": OtlpJson,
    "otlp-jsonl": OtlpLines,
    "otlp-proto": OtlpProtobuf,
    "jaeger": Jaeger,
    "zipkin": Zipkin,
}
