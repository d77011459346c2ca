-- The newest second with spans, whatever they are. Read from the end of the sort key.
select toUInt32(time) as second
from spans
where {{seconds}}
order by spans.time desc
limit 1
