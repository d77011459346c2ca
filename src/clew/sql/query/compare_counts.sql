-- How many spans of either side there are, by how many times their trace's hash can be halved.
select
    toUInt8(least(bitCount(bitXor(hash, hash - 1)) - 1, 63)) as level,
    countIf(selected) as selection,
    countIf(not selected) as baseline
from (
    select
        sipHash64(trace_id) as hash,
        ({{selection}}) as selected
    from spans
    where (({{selection}}) or ({{baseline}}))
        and {{units}}
        and {{seconds}}
        and start_ns >= {first_ns:UInt64}
        and start_ns <= {last_ns:UInt64}
)
group by level
