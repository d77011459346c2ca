-- The text behind some of the hashes, from a few spans that have them all.
select
    cityHash64(entry) as hash,
    any(entry) as said
from (
    select arrayJoin(arrayFilter(e -> length(tupleElement(e, 4)) <= {longest:UInt32}, {{entries}})) as entry
    from spans
    where {{seconds}}
        and cityHash64(trace_id, span_id, start_ns) in (
            select toUInt64(arrayJoin(splitByChar(',', {spans:String})))
        )
)
where cityHash64(entry) in (select toUInt64(arrayJoin(splitByChar(',', {hashes:String}))))
group by hash
