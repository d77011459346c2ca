"""What users call a field, and which column holds it. No engine and no query language in here.

`COLUMNS` repeats the table's columns with their types; a test holds it equal to the DDL and to the
kernel's Arrow schema, so that neither can change alone.
"""

from collections.abc import Mapping

_STRING = "String"
_WORD = "LowCardinality(String)"

_ATTRIBUTE_TYPES = {
    "str": "String",
    "int": "Int64",
    "float": "Float64",
    "bool": "Bool",
    "other": "String",
}


def _attributes(owner: str) -> dict[str, str]:
    return {f"{owner}_{name}": f"Map({_WORD}, {held})" for name, held in _ATTRIBUTE_TYPES.items()}


_STRINGS = f"Array(Map({_WORD}, {_STRING}))"

COLUMNS: Mapping[str, str] = {
    "receive_day": "Date",
    "segment": "FixedString(16)",
    "service": _WORD,
    "name": _WORD,
    "time": "DateTime('UTC')",
    "trace_id": "FixedString(16)",
    "span_id": "FixedString(8)",
    "parent_span_id": "FixedString(8)",
    "start_ns": "UInt64",
    "end_ns": "UInt64",
    "kind": "Int32",
    "status_code": "Int32",
    "status_message": _STRING,
    "flags": "UInt32",
    "trace_state": _STRING,
    "dropped_attributes": "UInt32",
    "dropped_events": "UInt32",
    "dropped_links": "UInt32",
    "resource_schema_url": _WORD,
    "scope_schema_url": _WORD,
    "scope_name": _WORD,
    "scope_version": _WORD,
    "resource_dropped_attributes": "UInt32",
    "scope_dropped_attributes": "UInt32",
    **_attributes("attr"),
    **_attributes("resource"),
    **_attributes("scope"),
    "event_time_ns": "Array(UInt64)",
    "event_name": f"Array({_WORD})",
    "event_dropped_attributes": "Array(UInt32)",
    "event_str": _STRINGS,
    "event_other": _STRINGS,
    "link_trace_id": "Array(FixedString(16))",
    "link_span_id": "Array(FixedString(8))",
    "link_trace_state": "Array(String)",
    "link_flags": "Array(UInt32)",
    "link_dropped_attributes": "Array(UInt32)",
    "link_str": _STRINGS,
    "link_other": _STRINGS,
}

# Fields of the query language that have a column of their own.
FIELDS: Mapping[str, str] = {
    "service.name": "service",
    "resource.service.name": "service",
}
