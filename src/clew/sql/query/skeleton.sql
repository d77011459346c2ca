-- What a picture of the whole trace needs of every span.
select
    span_id,
    parent_span_id,
    name,
    service,
    start_ns,
    duration_ns,
    kind,
    status_code,
    toUInt8(
        bitOr(
            bitOr(notEmpty(event_time_ns), 2 * notEmpty(link_trace_id)),
            4 * has(event_name, 'exception')
        )
    ) as flags,
    event_time_ns,
    arrayMap(word -> word = 'exception', event_name) as event_is_exception
from spans
where trace_id = toFixedString(unhex({trace_id:String}), 16)
    and receive_day >= {first_day:Date}
    and receive_day <= {last_day:Date}
    and {{seconds}}
