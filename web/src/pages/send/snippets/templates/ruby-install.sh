bundle add opentelemetry-sdk opentelemetry-exporter-otlp opentelemetry-instrumentation-all
