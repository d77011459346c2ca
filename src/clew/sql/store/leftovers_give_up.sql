kill mutation
where database = currentDatabase()
    and has(splitByChar(',', {tables:String}), table)
    and latest_fail_reason != ''
sync
