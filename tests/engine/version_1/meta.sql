-- As Clew 0.1 made it; never to be changed.
-- Facts about the store itself: one row per key, the newest `version` counts.
create table if not exists meta
(
    key String,
    value String,
    version UInt64
)
engine = ReplacingMergeTree(version)
order by key
settings
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    -- Merges and deletions are synced too: from the first row and the first byte.
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    -- Replaced parts stay for 8 minutes, so that a merge lost with the power can be taken back.
    old_parts_lifetime = 480,
    -- ZSTD on all columns that name no codec; the default, LZ4, takes a third more disk.
    default_compression_codec = 'ZSTD(1)'
