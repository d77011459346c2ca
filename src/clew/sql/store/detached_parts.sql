select
    table,
    name,
    coalesce(reason, '') as reason,
    bytes_on_disk
from system.detached_parts
where database = currentDatabase()
order by
    table,
    name
