pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install
