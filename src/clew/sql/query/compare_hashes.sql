-- What each span of the sample says, as hashes: to be counted without the text.
select
    selected,
    cityHash64(trace_id, span_id, start_ns) as span,
    toUInt32(time) as second,
    arrayDistinct(arrayMap(
        e -> cityHash64(e),
        arrayFilter(e -> length(tupleElement(e, 4)) <= {longest:UInt32}, {{entries}})
    )) as hashes
from (
    select
        *,
        sipHash64(trace_id) as hash,
        ({{selection}}) as selected
    from spans
    where (({{selection}}) or ({{baseline}}))
        and {{units}}
        and {{seconds}}
        and start_ns >= {first_ns:UInt64}
        and start_ns <= {last_ns:UInt64}
)
where bitAnd(hash, if(selected, {selection_mask:UInt64}, {baseline_mask:UInt64})) = 0
