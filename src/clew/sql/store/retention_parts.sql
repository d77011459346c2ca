-- Every part of Clew's own tables that are kept by receive day; others may lie beside them.
-- Replaced parts are there for some minutes.
select
    table,
    name,
    toDate(partition) as day,
    active = 1 as is_live,
    rows,
    bytes_on_disk as bytes,
    max_block_number as last_block
from system.parts
where database = currentDatabase()
    and has(splitByChar(',', {tables:String}), table)
order by
    day,
    last_block,
    table
