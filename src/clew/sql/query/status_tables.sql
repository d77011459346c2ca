-- The engine's own books: no row of a table is read.
select
    table,
    sumIf(rows, active) as row_count,
    sumIf(bytes_on_disk, active) as bytes,
    countIf(active) as parts,
    minIf(toDateOrZero(partition), active) as oldest_day,
    maxIf(toDateOrZero(partition), active) as newest_day
from system.parts
where database = currentDatabase()
group by table
having parts > 0
order by table
