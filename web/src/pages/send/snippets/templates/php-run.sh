export OTEL_PHP_AUTOLOAD_ENABLED=true
php -d extension=opentelemetry.so -S localhost:8080
