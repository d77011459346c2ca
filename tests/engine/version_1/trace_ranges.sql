-- As Clew 0.1 made it; never to be changed.
-- Where a trace lies: makes a lookup by id independent of age, also for ids that are not there.
-- One row per segment and trace goes in; merges fold them. Inserting a segment twice changes nothing.
create table if not exists trace_ranges
(
    trace_id FixedString(16) codec(NONE),  -- random bytes
    receive_day Date,
    min_time SimpleAggregateFunction(min, DateTime('UTC')),
    max_time SimpleAggregateFunction(max, DateTime('UTC'))
)
engine = AggregatingMergeTree
partition by receive_day
order by trace_id
settings
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    -- Merges and deletions are synced too: from the first row and the first byte.
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    -- Replaced parts stay for 8 minutes, so that a merge lost with the power can be taken back.
    old_parts_lifetime = 480,
    -- ZSTD on all columns that name no codec; the default, LZ4, takes a third more disk.
    default_compression_codec = 'ZSTD(1)',
    -- A lookup reads one granule in every part: small ones make it cheap.
    index_granularity = 256
