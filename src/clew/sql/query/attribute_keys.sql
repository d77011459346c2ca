-- Keys of all spans in a range of seconds. A row without a key says that some have no row of their own.
select
    toString(scope) as scope,
    toString(key) as key,
    toString(type) as type,
    sum(spans) as spans
from attribute_index final
where has(splitByChar(',', {scopes:String}), toString(scope))
    and (startsWith(key, {prefix:String}) or key = '')
    and time <= toDateTime({last_second:UInt32}, 'UTC')
    and last_time >= toDateTime({first_second:UInt32}, 'UTC')
group by
    scope,
    key,
    type
order by
    key = '' desc,
    spans desc,
    scope,
    key,
    type
limit {limit:UInt32}
