-- Of the segments since a moment, the spans that start outside of a range of time, by service, but
-- for services that are known to send such. Who sends many of them is found by the first.
select
    service,
    count() as spans,
    min(start_ns) as first_start_ns,
    max(start_ns) as last_start_ns
from
(
    select
        service,
        start_ns
    from spans
    where segment >= toFixedString(unhex({first_segment:String}), 16)
        and receive_day >= toDate({first_second:UInt32})
        and service not in splitByChar(',', {except:String})
        and (start_ns < {first_ns:UInt64} or start_ns > {last_ns:UInt64})
    limit {most:UInt32}
)
group by service
order by spans desc, service
limit {limit:UInt32}
