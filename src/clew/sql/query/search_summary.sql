-- What the list shows of each trace: a row per trace and service, over all its spans.
select
    trace_id,
    service,
    count() as span_count,
    countIf(status_code = 2) as error_count,
    min(start_ns) as first_ns,
    max(greatest(start_ns, end_ns)) as last_ns,
    countIf(parent_span_id = toFixedString('', 8)) as root_count,
    minIf(start_ns, parent_span_id = toFixedString('', 8)) as root_ns,
    argMinIf(name, (start_ns, span_id), parent_span_id = toFixedString('', 8)) as root_name,
    maxIf(start_ns, {{condition}} and start_ns >= {from_ns:UInt64} and start_ns <= {to_ns:UInt64}) as newest_ns
from spans
where {{traces}}
group by
    trace_id,
    service
