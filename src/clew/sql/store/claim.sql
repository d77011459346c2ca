-- From now on statements of all other writers fail or do nothing, also those that begin later.
insert into meta
(
    key,
    value,
    version
)
select
    'writer',
    {writer:String},
    ifNull(max(version), 0) + 1
from meta
where key = 'writer'
settings
    async_insert = 0,
    insert_deduplicate = 0
