pecl install opentelemetry
composer config allow-plugins.php-http/discovery false
composer require open-telemetry/sdk open-telemetry/exporter-otlp php-http/guzzle7-adapter
composer require open-telemetry/opentelemetry-auto-slim
