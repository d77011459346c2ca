-- Deletions that are not over; one that fails is tried again for ever.
select
    mutation_id as id,
    latest_fail_reason as failure
from system.mutations
where database = currentDatabase()
    and has(splitByChar(',', {tables:String}), table)
    and not is_done
