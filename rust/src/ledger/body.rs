//! The body of a journal record of type 2 and the rows that it becomes; `docs/formats/journal.md` is
//! its specification.

use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array};
use arrow_schema::{ArrowError, SchemaRef};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::schema::{item, ledger_schema};

const VERSION: u32 = 1;
const SECOND_NS: u64 = 1_000_000_000;

#[derive(Serialize, Deserialize)]
struct Head {
    ledger: u32,
}

/// One kind of knock since the flush before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    pub reason: String,
    pub protocol: String,
    /// HTTP's status, of gRPC its code; 0: none was given.
    pub status: u16,
    pub address: String,
    pub port: u16,
    pub user_agent: String,
    pub key_prefix: String,
    pub headers: Vec<String>,
    pub detail: String,
    pub sentence: String,
    pub first_ns: u64,
    pub last_ns: u64,
    pub count: u64,
}

impl Line {
    pub fn merge(&mut self, other: &Self) {
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        self.count = self.count.saturating_add(other.count);
    }

    /// The same knock without what it said: stands for all of its sender that found no place.
    #[must_use]
    pub fn of_sender(self, address: String) -> Self {
        Self {
            protocol: self.protocol,
            status: self.status,
            address,
            port: self.port,
            sentence: "this sender knocked in more different ways than the ledger keeps apart; they are added up here by reason"
                .to_owned(),
            ..Self {
                reason: self.reason,
                first_ns: self.first_ns,
                last_ns: self.last_ns,
                count: self.count,
                ..Self::default()
            }
            .anybody()
        }
    }

    /// The same knock without who and what: stands for all that found no place.
    #[must_use]
    pub fn anybody(self) -> Self {
        Self {
            reason: self.reason,
            detail: "others".to_owned(),
            sentence: "more different senders knocked than the ledger keeps apart; they are added up here by reason"
                .to_owned(),
            first_ns: self.first_ns,
            last_ns: self.last_ns,
            count: self.count,
            ..Self::default()
        }
    }
}

pub fn encode(lines: &[Line]) -> Bytes {
    let mut out = Vec::with_capacity(64 + 256 * lines.len());
    // Writing numbers and text into memory cannot fail.
    let _ = serde_json::to_writer(&mut out, &Head { ledger: VERSION });
    for line in lines {
        out.push(b'\n');
        let _ = serde_json::to_writer(&mut out, line);
    }
    Bytes::from(out)
}

pub fn decode(body: &[u8]) -> Result<Vec<Line>, String> {
    let mut parts = body.split(|byte| *byte == b'\n');
    let head: Head = serde_json::from_slice(parts.next().unwrap_or_default())
        .map_err(|error| format!("the ledger's record has no head: {error}"))?;
    if head.ledger != VERSION {
        return Err(format!(
            "the ledger's record has version {}, this Clew reads version {VERSION}",
            head.ledger
        ));
    }
    parts
        .map(|line| {
            serde_json::from_slice(line)
                .map_err(|error| format!("a line of the ledger's record is damaged: {error}"))
        })
        .collect()
}

/// The rows of one segment, numbered in their order.
pub fn rows(
    lines: &[Line],
    segment: [u8; 16],
    receive_day: u16,
) -> Result<RecordBatch, ArrowError> {
    let mut segments = FixedSizeBinaryBuilder::with_capacity(lines.len(), 16);
    let mut headers =
        ListBuilder::new(StringBuilder::new()).with_field(item(arrow_schema::DataType::Utf8));
    for line in lines {
        segments.append_value(segment)?;
        for name in &line.headers {
            headers.values().append_value(name);
        }
        headers.append(true);
    }
    let text = |of: fn(&Line) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(lines.iter().map(of)))
    };
    let short = |of: fn(&Line) -> u16| -> ArrayRef {
        Arc::new(UInt16Array::from_iter_values(lines.iter().map(of)))
    };
    let long = |of: fn(&Line) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(lines.iter().map(of)))
    };
    let seconds = lines
        .iter()
        .map(|line| u32::try_from(line.last_ns / SECOND_NS).unwrap_or(u32::MAX));
    let schema: SchemaRef = ledger_schema();
    RecordBatch::try_new(
        schema,
        vec![
            Arc::new(UInt16Array::from(vec![receive_day; lines.len()])),
            Arc::new(UInt32Array::from_iter_values(seconds)),
            Arc::new(segments.finish()),
            Arc::new(UInt32Array::from_iter_values(0..lines.len() as u32)),
            text(|line| &line.reason),
            short(|line| line.status),
            text(|line| &line.protocol),
            text(|line| &line.address),
            short(|line| line.port),
            text(|line| &line.user_agent),
            text(|line| &line.key_prefix),
            Arc::new(headers.finish()),
            text(|line| &line.detail),
            text(|line| &line.sentence),
            long(|line| line.first_ns),
            long(|line| line.last_ns),
            long(|line| line.count),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_version_is_named_and_not_guessed() {
        let why = decode(br#"{"ledger":2}"#).unwrap_err();
        assert!(why.contains("version 2"), "{why}");
        assert!(decode(b"").is_err());
        assert!(decode(b"{\"ledger\":1}\n{").is_err());
    }

    #[test]
    fn rows_fit_the_schema() {
        let line = Line {
            reason: "wrong_path".to_owned(),
            headers: vec!["host".to_owned(), "user-agent".to_owned()],
            last_ns: 5 * SECOND_NS,
            ..Line::default()
        };
        let batch = rows(&[line.clone(), line], [7; 16], 20_000).unwrap();
        assert_eq!(batch.num_rows(), 2);
        assert_eq!(rows(&[], [7; 16], 0).unwrap().num_rows(), 0);
    }
}
