//! Clew's data plane: everything between a socket and a sealed journal segment, and from there to Arrow columns.
//!
//! This file declares the modules and the Python face (`clew._kernel`); nothing else mentions Python.

pub mod activity;
pub mod admit;
pub mod answer;
pub mod attribute_index;
pub mod attributes;
pub mod body;
pub mod columns;
pub mod connection;
pub mod counters;
pub mod crowd;
pub mod decode;
pub mod dictionary;
pub mod fault;
pub mod inflate;
pub mod journal;
pub mod json;
pub mod keys;
pub mod ledger;
pub mod limits;
pub mod listen;
pub mod meter;
pub mod notes;
pub mod otlp;
pub mod otlp_grpc;
pub mod otlp_http;
pub mod piece;
pub mod rates;
pub mod recognise;
pub mod record;
pub mod refusal;
pub mod render;
pub mod rows;
pub mod schema;
pub mod seats;
pub mod tls;
pub mod validate;
pub mod wire;

#[cfg(feature = "python")]
mod python;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod testing;
