"""A store of its own for each test: the real engine in an empty directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.store import Store
from tests import build

MEMORY_BYTES = 1 << 30


class FilledStore(Store):
    """A store with a short way in for requests."""

    def take(
        self,
        *requests: ExportTraceServiceRequest,
        segment: bytes = build.SEGMENT,
        receive_day: int = build.RECEIVE_DAY,
    ) -> None:
        """Store requests as one segment."""
        message = ExportTraceServiceRequest()
        for request in requests:
            message.MergeFrom(request)
        spans, trace_ranges = build.batches(message, segment=segment, receive_day=receive_day)
        self.insert("trace_ranges", trace_ranges)
        self.insert("spans", spans)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FilledStore]:
    opened = FilledStore.open(tmp_path / "store", memory_bytes=MEMORY_BYTES)
    yield opened
    opened.close()
