"""Trace files ↔ OTLP's ResourceSpans: OTLP in JSON and protobuf, Jaeger JSON, Zipkin v2 JSON.

Readers take files of any size in bounded memory. What cannot be read is an `Unreadable` among the
items, with its place and the reason; the rest is kept. Writers count what a format cannot carry.
"""

from clew.formats.item import Item, Unreadable
from clew.formats.read import Format, read
from clew.formats.source import Source
from clew.formats.write import WRITERS, Writer

__all__ = ["WRITERS", "Format", "Item", "Source", "Unreadable", "Writer", "read"]
