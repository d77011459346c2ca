-- Values of a key in the spans that match. Only what is text here can be compared with the prefix.
select
    tupleElement(entry, 1) as scope,
    tupleElement(entry, 3) as type,
    tupleElement(entry, 4) as value,
    count() as spans
from (
    select arrayJoin(arrayDistinct(arrayFilter(
        e -> tupleElement(e, 2) = {key:String}
            and has(splitByChar(',', {scopes:String}), tupleElement(e, 1))
            and length(tupleElement(e, 4)) <= {longest:UInt32}
            and (tupleElement(e, 3) != 'string' or startsWith(tupleElement(e, 4), {prefix:String})),
        {{entries}}
    ))) as entry
    from spans
    where ({{condition}})
        and {{seconds}}
        and start_ns >= {first_ns:UInt64}
        and start_ns <= {last_ns:UInt64}
)
group by
    scope,
    type,
    value
order by
    spans desc,
    scope,
    type,
    value
limit {limit:UInt32}
