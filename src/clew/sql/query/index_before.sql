-- Whether there are spans from before the day since which the index is written.
select 1
from spans
where receive_day < {day:Date}
limit 1
