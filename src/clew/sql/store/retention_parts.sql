-- Every part of the tables that are kept by receive day. Replaced parts are there for some minutes.
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
    and table in (
        select name
        from system.tables
        where database = currentDatabase()
            and partition_key = 'receive_day'
    )
order by
    day,
    last_block,
    table
