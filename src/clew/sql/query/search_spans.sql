-- All spans of some traces, as far as a query looks at them.
select
    trace_id,
    span_id,
    parent_span_id,
    start_ns,
    end_ns,
    name,
    service,
    status_code{{columns}}
from spans
where {{traces}}
order by
    trace_id,
    start_ns,
    span_id
