-- `batch` of the attribute index for all segments of a day that have spans: milliseconds of
-- the id above 32 bits of its hash.
select
    bitOr(
        bitShiftLeft(reinterpretAsUInt64(reverse(substring(toString(segment), 1, 6))), 32),
        bitAnd(xxHash64(segment), 0xffffffff)
    ) as batch
from
(
    select distinct segment
    from spans
    where receive_day = toDate({day:String})
)
