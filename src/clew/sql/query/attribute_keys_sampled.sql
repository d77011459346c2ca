-- Keys of the spans that match; an intrinsic is no attribute.
select
    tupleElement(entry, 1) as scope,
    tupleElement(entry, 2) as key,
    tupleElement(entry, 3) as type,
    count() as spans
from (
    select arrayJoin(arrayDistinct(arrayMap(
        e -> (tupleElement(e, 1), tupleElement(e, 2), tupleElement(e, 3)),
        {{entries}}
    ))) as entry
    from spans
    where ({{condition}})
        and {{seconds}}
        and start_ns >= {first_ns:UInt64}
        and start_ns <= {last_ns:UInt64}
)
where has(splitByChar(',', {scopes:String}), scope)
    and startsWith(key, {prefix:String})
group by
    scope,
    key,
    type
order by
    spans desc,
    scope,
    key,
    type
limit {limit:UInt32}
