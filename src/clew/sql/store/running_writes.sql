-- What earlier writers of this database began and the server has not ended.
select
    query_id as id
from system.processes
where startsWith(query_id, {prefix:String})
union all
select
    concat(table, ' ', mutation_id) as id
from system.mutations
where database = currentDatabase()
    and table = 'spans'
    and not is_done
