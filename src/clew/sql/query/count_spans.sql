-- How many spans a range of time has, and the first and last second with any.
select
    count() as spans,
    toUInt32(min(time)) as first_second,
    toUInt32(max(time)) as last_second
from spans
where {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
