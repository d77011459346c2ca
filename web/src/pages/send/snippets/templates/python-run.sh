opentelemetry-instrument python app.py
