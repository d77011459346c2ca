-- Rows of each receive day in the old and in the new table; read from the parts, not from the rows.
select
    toString(day) as day,
    sumIf(rows, is_old) as old_rows,
    sumIf(rows, not is_old) as new_rows
from (
    select
        receive_day as day,
        true as is_old,
        count() as rows
    from spans_v1
    group by day
    union all
    select
        receive_day as day,
        false as is_old,
        count() as rows
    from spans
    group by day
)
group by day
order by day
