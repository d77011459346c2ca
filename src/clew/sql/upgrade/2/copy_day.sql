insert into spans
(
    {{columns}}
)
settings
    async_insert = 0,
    insert_deduplicate = 0,
    max_insert_threads = 1,
    -- As large as segments are, so that memory stays as it is while they are stored.
    min_insert_block_size_rows = 300000,
    min_insert_block_size_bytes = 67108864
select
    {{columns}}
from spans_v1
where receive_day = {day:Date}
    and {{may_write}}
settings
    max_threads = 1,
    max_execution_time = 0
