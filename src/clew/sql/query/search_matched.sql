-- The first matching spans of each trace, with the values that the query selects.
select
    trace_id,
    span_id,
    name,
    service,
    start_ns,
    duration_ns,
    status_code{{columns}}
from spans
where {{traces}}
    and {{condition}}
order by
    trace_id,
    start_ns,
    span_id
limit {per_trace:UInt32} by trace_id
