-- Seconds that may hold an attribute of this key, whatever its type; all others do not.
select
    toUInt32(time) as time,
    toUInt32(last_time) as last_time
from attribute_index
where {{rows}}
order by time desc
