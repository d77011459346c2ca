-- What earlier writers of this database began and the server has not ended. Of mutations only those
-- that carry the condition of `store/part/newest_writer`: others are not Clew's and may never end.
select
    query_id as id,
    '' as reason
from system.processes
where startsWith(query_id, {prefix:String})
union all
select
    concat(table, ' ', mutation_id) as id,
    latest_fail_reason as reason
from system.mutations
where database = currentDatabase()
    and table = 'spans'
    and not is_done
    and positionCaseInsensitive(command, 'meta final where key = \'writer\'') > 0
