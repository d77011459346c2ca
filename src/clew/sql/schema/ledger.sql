-- Who knocked and was turned away: one row per kind of knock and flush of the intake, added up by the
-- questions. Inserting a segment twice changes nothing.
create table if not exists ledger
(
    receive_day Date,  -- as in spans
    time DateTime('UTC') codec(Delta, ZSTD(1)),  -- last_ns in seconds
    segment FixedString(16),
    n UInt32,  -- of the row in its segment

    reason LowCardinality(String),
    status UInt16,  -- HTTP's, of gRPC its code; 0: none was given
    protocol LowCardinality(String),
    address String,
    port UInt16,  -- of the listener
    user_agent String,
    key_prefix String,
    headers Array(LowCardinality(String)),  -- names alone
    detail String,
    sentence String,
    first_ns UInt64,
    last_ns UInt64,
    count UInt64
)
engine = ReplacingMergeTree
partition by receive_day
order by (time, segment, n)
settings
    {{settings}}
