export OTEL_SERVICE_NAME={{shell service}}
export OTEL_EXPORTER_OTLP_ENDPOINT={{shell endpoint}}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_HEADERS={{shell headers}}{{when key}}
