select count() as span_count
from spans
