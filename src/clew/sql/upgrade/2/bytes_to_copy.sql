-- What the copy of a day takes more than the disk holds of it already: a copy that was killed is
-- removed before.
select toInt64(sumIf(bytes_on_disk, table = 'spans_v1' and active))
    - toInt64(sumIf(bytes_on_disk, table = 'spans')) as bytes
from system.parts
where database = currentDatabase()
    and table in ('spans', 'spans_v1')
    and partition = {day:String}
