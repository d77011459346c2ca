//! Some spans of a segment: for the store process, which looks for the one that the store refuses.
//!
//! A piece is a range of the segment's spans, numbered from 0 over the records that can be decoded.
//! The same file always numbers them alike.

use std::ops::Range;

use crate::decode::Builder;
use crate::otlp::{REQUEST_RESOURCE_SPANS, group};
use crate::validate::Malformed;
use crate::wire::{Fault, Reader, Value, Writer};

/// Takes records one after the other and keeps what belongs to the piece.
#[derive(Debug)]
pub struct Piece {
    wanted: Range<u64>,
    seen: u64,
}

impl Piece {
    pub fn new(first: u64, count: u64) -> Self {
        Self {
            wanted: first..first.saturating_add(count),
            seen: 0,
        }
    }

    /// Adds the record's spans that are in the piece and returns their number. A record counts
    /// whole or not at all: one that cannot be decoded is refused although its bad span is in
    /// another piece.
    pub fn push(&mut self, builder: &mut Builder, body: &[u8]) -> Result<u32, Malformed> {
        let own = self.own(builder, body)?;
        if own.is_empty() {
            return Ok(0);
        }
        builder.push(&pick(body, &own).map_err(|_| unreadable())?)
    }

    /// Writes the record's spans that are in the piece as a request behind those of earlier ones.
    pub fn write(&mut self, out: &mut Vec<u8>, body: &[u8]) -> Result<(), Malformed> {
        let own = self.own(&mut Builder::new([0; 16], 0), body)?;
        if !own.is_empty() {
            out.append(&mut pick(body, &own).map_err(|_| unreadable())?);
        }
        Ok(())
    }

    /// Which of the record's spans are in the piece.
    fn own(&mut self, builder: &mut Builder, body: &[u8]) -> Result<Range<u64>, Malformed> {
        let spans = u64::from(builder.probe(body)?);
        let first = self.seen;
        self.seen += spans;
        let start = self.wanted.start.saturating_sub(first).min(spans);
        let end = self.wanted.end.saturating_sub(first).min(spans);
        Ok(start..end)
    }
}

fn unreadable() -> Malformed {
    Malformed("the record was decoded and cannot be taken apart".to_owned())
}

/// The request with only these of its spans; groups without any are left out.
fn pick(body: &[u8], wanted: &Range<u64>) -> Result<Vec<u8>, Fault> {
    let mut out = Writer::with_capacity(1 << 10);
    let mut position = 0;
    let mut reader = Reader::new(body);
    while let Some(field) = reader.field()? {
        if let (REQUEST_RESOURCE_SPANS, Value::Bytes(message)) = (field.number, field.value) {
            let (kept, resource) = children(message, |scope| {
                let (kept, scope) = children(scope, |span| {
                    position += 1;
                    Ok(wanted.contains(&(position - 1)).then(|| span.to_vec()))
                })?;
                Ok(kept.then_some(scope))
            })?;
            if kept {
                out.bytes_field(REQUEST_RESOURCE_SPANS, &resource);
            }
        }
    }
    Ok(out.into_bytes())
}

/// A message with what `child` makes of each of its children, and whether it made anything.
fn children(
    message: &[u8],
    mut child: impl FnMut(&[u8]) -> Result<Option<Vec<u8>>, Fault>,
) -> Result<(bool, Vec<u8>), Fault> {
    let mut out = Writer::default();
    let mut kept = false;
    let mut reader = Reader::new(message);
    while let Some((field, whole)) = reader.field_with_bytes()? {
        match (field.number, field.value) {
            (group::CHILDREN, Value::Bytes(message)) => {
                if let Some(made) = child(message)? {
                    out.bytes_field(group::CHILDREN, &made);
                    kept = true;
                }
            }
            _ => out.raw(whole),
        }
    }
    Ok((kept, out.into_bytes()))
}

#[cfg(test)]
#[path = "piece_tests.rs"]
mod tests;
