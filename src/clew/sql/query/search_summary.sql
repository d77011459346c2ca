-- What the list shows of each trace: a row per trace and service, over all its spans, and the first of
-- those that match. One statement for all: reading the columns of the condition is most of the work.
with present as
(
    select
        trace_id,
        span_id
    from spans
    where {{traces}}
)
select
    trace_id,
    service,
    count() as span_count,
    countIf(status_code = 2) as error_count,
    min(start_ns) as first_ns,
    max(greatest(start_ns, end_ns)) as last_ns,
    countIf(parent_span_id = toFixedString('', 8)) as root_count,
    minIf((start_ns, span_id), parent_span_id = toFixedString('', 8)) as root,
    argMinIf(name, (start_ns, span_id), parent_span_id = toFixedString('', 8)) as root_name,
    countIf(
        parent_span_id != toFixedString('', 8) and (trace_id, parent_span_id) not in present
    ) as orphan_count,
    countIf({{condition}}) as matched_count,
    maxIf(start_ns, {{condition}} and start_ns >= {from_ns:UInt64} and start_ns <= {to_ns:UInt64}) as newest_ns,
    groupArraySortedIf({{most}})(
        (start_ns, span_id, toString(name), duration_ns, status_code),
        {{condition}}
    ) as first_matched
from spans
where {{traces}}
group by
    trace_id,
    service
