-- Seconds that may hold a number from low to high, both included, under this key; all others do not.
-- Type `other` has arrays, whose elements are not looked into.
select
    toUInt32(time) as time,
    toUInt32(last_time) as last_time
from attribute_index
where {{rows}}
    and (
        key = ''
        or type = 'other'
        or (min_value <= {high:Float64} and max_value >= {low:Float64})
    )
order by time desc
