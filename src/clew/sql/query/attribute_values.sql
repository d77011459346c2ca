-- The most frequent values of a key as the index has them, with the spans it counted.
select
    type,
    tupleElement(pair, 1) as value,
    sum(tupleElement(pair, 2)) as spans
from (
    select
        toString(type) as type,
        arrayJoin(arrayZip(values, counts)) as pair
    from attribute_index final
    where has(splitByChar(',', {scopes:String}), toString(scope))
        and key = {key:String}
        and time <= toDateTime({last_second:UInt32}, 'UTC')
        and last_time >= toDateTime({first_second:UInt32}, 'UTC')
)
where startsWith(value, {prefix:String})
group by
    type,
    value
order by
    spans desc,
    type,
    value
limit {limit:UInt32}
