-- Which services have spans whose parent is not stored, those with the most first.
with present as
(
    select
        trace_id,
        span_id
    from spans
    where {{traces}}
)
select
    toString(service) as service,
    count() as span_count
from spans
where {{traces}}
    and parent_span_id != toFixedString('', 8)
    and (trace_id, parent_span_id) not in present
group by service
order by
    span_count desc,
    service
