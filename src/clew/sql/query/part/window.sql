-- A condition, and that the span starts in a part of the time.
({{condition}})
and start_ns >= {window_first_ns:UInt64}
and start_ns <= {window_last_ns:UInt64}
