-- Where the spans of some traces lie; a trace without a row has no spans.
select
    trace_id,
    min(receive_day) as first_day,
    max(receive_day) as last_day,
    min(min_time) as first_second,
    max(max_time) as last_second
from trace_ranges
where trace_id in (
    select toFixedString(unhex(arrayJoin(splitByChar(',', {trace_ids:String}))), 16)
)
group by trace_id
