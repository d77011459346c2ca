-- For traces without a root: the earliest span whose parent is not there either, else the earliest.
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
    argMin(service, ((trace_id, parent_span_id) in present, start_ns, span_id)) as root_service,
    argMin(name, ((trace_id, parent_span_id) in present, start_ns, span_id)) as root_name
from spans
where {{traces}}
group by trace_id
