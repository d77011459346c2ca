"""How services talk, in OpenTelemetry's semantic conventions: HTTP, gRPC, databases, queues."""
