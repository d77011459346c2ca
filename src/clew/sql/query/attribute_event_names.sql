select
    arrayJoin(arrayDistinct(event_name)) as value,
    count() as spans
from spans
where {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
group by value
order by
    spans desc,
    value
limit {limit:UInt32}
