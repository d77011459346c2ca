otelcol --config collector.yaml
