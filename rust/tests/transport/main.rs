//! The intake's network side over loopback sockets, with a journal in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod bounds;
mod goodbye;
mod grpc;
mod http;
mod lifetime;
mod statuses;
mod support;
