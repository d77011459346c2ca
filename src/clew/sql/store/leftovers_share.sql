-- How many rows of a day's attribute index belong to segments whose spans are gone.
select
    countIf(batch not in (
        {{batches}}
    )) as stale,
    count() as rows
from attribute_index
where receive_day = toDate({day:String})
