select
    service,
    count() as span_count,
    countIf(status_code = 2) as error_count
from spans
where {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
group by service
order by service
limit {limit:UInt32}
