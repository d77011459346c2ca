select start_ns
from spans
where ({{condition}})
    and {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
order by start_ns desc
limit {limit:UInt32}
