-- The second before which only this share of a day's spans began.
select toUInt32(floor(quantile({{share}})(toUnixTimestamp(time)))) as second
from spans
where receive_day = toDate({day:String})
