"""What a span says of how it ended. That goes along with slow and failed spans whatever made them
so: it names a symptom, and in an honest ranking by share it would hide every cause.

The list is of OpenTelemetry's semantic conventions, today's names and the older ones.
"""

_EXCEPTION = "exception."
_SPAN_KEYS = frozenset(
    [
        "error",
        "error.code",
        "error.message",
        "error.type",
        "otel.status_code",
        "otel.status_description",
        "http.response.status_code",
        "http.status_code",
        "http.status_text",
        "rpc.response.status_code",
        "rpc.grpc.status_code",
        "rpc.connect_rpc.error_code",
        "rpc.jsonrpc.error_code",
        "rpc.jsonrpc.error_message",
        "db.response.status_code",
        "process.exit.code",
    ]
)
_EVENT_KEYS = frozenset(["error", "error.type", "error.message"])


def is_outcome(scope: str, key: str, value: str) -> bool:
    """Whether an attribute or intrinsic tells how the span ended."""
    match scope:
        case "intrinsic":
            return key == "status" or (key == "event:name" and value == "exception")
        case "span":
            return key in _SPAN_KEYS or key.startswith(_EXCEPTION)
        case "event":
            return key in _EVENT_KEYS or key.startswith(_EXCEPTION)
    return False
