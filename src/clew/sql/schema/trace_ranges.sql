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
    {{settings}},
    -- A lookup reads one granule in every part: small ones make it cheap.
    index_granularity = 256
