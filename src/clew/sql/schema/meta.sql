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
    {{settings}}
