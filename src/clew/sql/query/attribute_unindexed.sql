-- Whether spans were stored before the index began.
select 1 as found
from spans
where receive_day < {day:Date}
    and {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
limit 1
