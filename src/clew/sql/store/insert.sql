-- One batch, one block, one part: all or nothing, and countable afterwards.
insert into {{table}}
(
    {{columns}}
)
settings
    async_insert = 0,
    insert_deduplicate = 0,
    max_threads = 1,
    max_insert_threads = 1,
    -- Blocks are joined until they hold this many rows, far above a segment's 300,000.
    max_insert_block_size = 10000000,
    min_insert_block_size_rows = 10000000,
    min_insert_block_size_bytes = 0
{{rows}}
