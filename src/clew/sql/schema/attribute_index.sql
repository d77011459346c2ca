-- Which seconds may hold an attribute: a search looks only there. One row per scope, key and type in a
-- range of start seconds of a segment. What has no row here must never be missed: a key that is not
-- listed is in no span of the segment, unless a row with an empty key covers its scope and second.
-- Inserting a segment twice changes nothing.
create table if not exists attribute_index
(
    receive_day Date,  -- as in spans
    scope Enum8('span' = 1, 'resource' = 2, 'instrumentation' = 3, 'event' = 4),
    key LowCardinality(String),
    type Enum8('string' = 1, 'int' = 2, 'float' = 3, 'bool' = 4, 'other' = 5),
    time DateTime('UTC') codec(Delta, ZSTD(1)),  -- first and last second with such a span
    last_time DateTime('UTC') codec(Delta, ZSTD(1)),
    batch UInt64 codec(Delta, ZSTD(1)),  -- from the segment's id: 32 bits of its time, 32 of its hash

    spans UInt32 codec(ZSTD(1)),  -- that carry it; 0 with an empty key
    -- Values as text, most frequent first, none above 128 bytes: all if at most 32, else at most 8
    -- that occur twice or more.
    values Array(String),
    counts Array(UInt32),  -- spans per value
    complete Bool,  -- `values` is all there is
    -- Else a Bloom filter over the XXH64 of all values' text: 12 to 18 bits a value, 4 probes.
    -- Empty: anything may be there, as with type `other` (bytes, arrays, maps, empty).
    filter String,
    min_value Float64,  -- of numbers; nan: there are none
    max_value Float64
)
engine = ReplacingMergeTree
partition by receive_day
order by (scope, key, type, time, batch)
settings
    {{settings}},
    -- A question reads one key's rows, which are large: small granules read few others (4,096: 55 ms, 512: 15).
    index_granularity = 512
