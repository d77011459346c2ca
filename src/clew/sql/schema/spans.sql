-- One row per span, all that OTLP says about it. Times are raw nanoseconds: 0 and 2^64-1 are legal.
create table if not exists spans
(
    receive_day Date,  -- stamped by the intake; retention drops whole days
    segment FixedString(16),  -- UUIDv7 of the journal segment; "is this batch here?" is asked by it
    service LowCardinality(String),
    name LowCardinality(String),
    time DateTime('UTC') codec(Delta, ZSTD(1)),  -- start_ns in seconds, clamped: for indexes only

    trace_id FixedString(16),
    span_id FixedString(8) codec(NONE),  -- random bytes
    parent_span_id FixedString(8),  -- zeros = root
    start_ns UInt64 codec(Delta, ZSTD(1)),
    end_ns UInt64 codec(Delta, ZSTD(1)),
    duration_ns UInt64 alias if(end_ns > start_ns, end_ns - start_ns, 0),

    kind Int32,  -- open enumerations: unknown numbers are kept
    status_code Int32,
    status_message String,
    flags UInt32,
    trace_state String,
    dropped_attributes UInt32,
    dropped_events UInt32,
    dropped_links UInt32,
    resource_schema_url LowCardinality(String),
    scope_schema_url LowCardinality(String),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    resource_dropped_attributes UInt32,
    scope_dropped_attributes UInt32,

    -- Attributes by type, in the order sent, repeated keys kept.
    -- `other` holds AnyValue messages (bytes, array, kvlist, empty) as protobuf.
    attr_str Map(LowCardinality(String), String),
    attr_int Map(LowCardinality(String), Int64),
    attr_float Map(LowCardinality(String), Float64),
    attr_bool Map(LowCardinality(String), Bool),
    attr_other Map(LowCardinality(String), String),
    resource_str Map(LowCardinality(String), String),
    resource_int Map(LowCardinality(String), Int64),
    resource_float Map(LowCardinality(String), Float64),
    resource_bool Map(LowCardinality(String), Bool),
    resource_other Map(LowCardinality(String), String),
    scope_str Map(LowCardinality(String), String),
    scope_int Map(LowCardinality(String), Int64),
    scope_float Map(LowCardinality(String), Float64),
    scope_bool Map(LowCardinality(String), Bool),
    scope_other Map(LowCardinality(String), String),

    -- Events and links: parallel arrays, one element each; `other` = every type but string.
    event_time_ns Array(UInt64),
    event_name Array(LowCardinality(String)),
    event_dropped_attributes Array(UInt32),
    event_str Array(Map(LowCardinality(String), String)),
    event_other Array(Map(LowCardinality(String), String)),
    link_trace_id Array(FixedString(16)),
    link_span_id Array(FixedString(8)),
    link_trace_state Array(String),
    link_flags Array(UInt32),
    link_dropped_attributes Array(UInt32),
    link_str Array(Map(LowCardinality(String), String)),
    link_other Array(Map(LowCardinality(String), String)),

    -- A part holds neighbouring segments only, so this finds the few parts a segment can be in.
    index segment_range segment type minmax granularity 64
)
engine = MergeTree
partition by receive_day
-- Time first, by the second: the attribute index names the seconds that may hold a value, and nothing
-- else is read. Within the second by trace: reading 45 columns costs by the granule, and so a trace is
-- in one or two of them for each second it has; equal trace ids side by side compress well.
order by (time, trace_id)
settings
    {{settings}},
    -- One file per part, not 200, until its rows are 4 GiB uncompressed (about 7 M spans): one sync per
    -- insert, a fifth less work to read a whole trace and to merge. Larger parts have a file per column.
    min_bytes_for_wide_part = 4294967296,
    -- Half of the usual: a trace by its id takes a fifth less; the disk 3 % more in parts of one file.
    index_granularity = 4096
