select
    service,
    name,
    kind,
    count() as span_count,
    countIf(status_code = 2) as error_count
from spans
where {{service}}
    and {{kind}}
    and {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
group by
    service,
    name,
    kind
order by
    span_count desc,
    service,
    name,
    kind
limit {limit:UInt32}
