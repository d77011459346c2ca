"""What a query matches in whole traces, evaluated here and not by the engine.

The engine says for each span which conditions it meets and what values it has; the rest, whatever
needs other spans of the trace, is worked out on columns by row numbers.
"""

from clew.query.evaluate.pipeline import Evaluator, SpanGroup
from clew.query.evaluate.scalars import expression
from clew.query.evaluate.spans import OutOfTimeError, Spans, TraceSpans, fetch

__all__ = ["Evaluator", "OutOfTimeError", "SpanGroup", "Spans", "TraceSpans", "expression", "fetch"]
