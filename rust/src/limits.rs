//! The bounds of the intake that no setting moves, and the defaults of those that one does: what
//! docs/reference/limits.md is compared with.

use crate::listen::Config;
use crate::{body, connection, crowd, ledger, notes, rates, seats};

/// Name and value; times in seconds, sizes in bytes.
pub fn table() -> Vec<(&'static str, u64)> {
    let config = Config::default();
    let limits = &config.limits;
    let wide = |number: usize| number as u64;
    vec![
        ("max_request_bytes", wide(config.max_body_bytes)),
        ("intake_memory_bytes", wide(config.memory_budget_bytes)),
        ("max_connections", wide(config.max_connections)),
        (
            "max_connections_per_address",
            wide(config.max_connections / crowd::SHARE_OF_ONE),
        ),
        ("max_spans_per_second", config.max_spans_per_second),
        ("burst_s", rates::BURST_S.into()),
        ("retry_most_s", rates::RETRY_MOST_S.into()),
        ("told_connections", wide(crowd::MOST_TOLD)),
        ("quiet_s", seats::QUIET.as_secs()),
        ("streams", config.max_streams.into()),
        ("streams_in_all", wide(connection::STREAMS_IN_ALL)),
        ("request_cost_bytes", wide(body::REQUEST)),
        ("small_bytes", wide(body::SMALL)),
        ("http1_head_bytes", wide(connection::HTTP1_HEAD)),
        ("http1_headers", wide(connection::HTTP1_HEADERS)),
        ("http2_head_bytes", connection::HTTP2_HEAD.into()),
        ("head_s", config.head_timeout.as_secs()),
        ("body_s", config.body_timeout.as_secs()),
        ("idle_s", config.idle_timeout.as_secs()),
        ("ping_interval_s", config.ping_interval.as_secs()),
        ("ping_timeout_s", config.ping_timeout.as_secs()),
        ("note_interval_s", config.note_interval.as_secs()),
        ("note_senders", wide(notes::MOST_SENDERS)),
        ("ledger_kinds", wide(ledger::MOST_ENTRIES)),
        ("ledger_kinds_of_one", wide(ledger::MOST_KINDS)),
        ("nesting", limits.max_depth.into()),
        ("max_attributes", limits.max_attributes.into()),
        ("max_value_bytes", wide(limits.max_value_bytes)),
        ("name_bytes", wide(limits.max_name_bytes)),
        ("span_bytes", limits.max_span_bytes),
        ("head_bytes", limits.max_head_bytes),
        ("decoded_bytes", limits.max_request_bytes),
    ]
}
