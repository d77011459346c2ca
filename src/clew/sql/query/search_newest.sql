-- The traces with the newest matching spans of a window, after the place where the last page ended.
select
    trace_id,
    max(start_ns) as newest_ns
from spans
{{first}}
where {{condition}}
    and {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
group by trace_id
having (newest_ns, trace_id) < ({after_ns:UInt64}, toFixedString(unhex({after_id:String}), 16))
order by
    newest_ns desc,
    trace_id desc
limit {limit:UInt32}
