-- The columns an insert has to name: all but the computed ones.
select
    table,
    name
from system.columns
where database = currentDatabase()
    and default_kind = ''
order by
    table,
    position
