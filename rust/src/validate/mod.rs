//! The door: which spans of a request are kept, which are not and why.
//!
//! A bad span costs itself. What is wrong above the spans makes the whole request `Malformed`; a
//! Resource or Scope that is wrong inside costs the spans under it. Nothing here allocates per span
//! unless a span is rejected.

mod cuts;
mod measure;
mod reason;
mod regroup;
mod shapes;
mod trim;
mod value;
mod walk;

use bytes::Bytes;

pub use cuts::{Cuts, Kind};
pub(crate) use reason::{Place, Tally, Why};
pub use reason::{Rejection, message};
pub use regroup::{Part, split};
pub(crate) use value::plain_string_attribute;

use regroup::Kept;
use walk::{count, request};

/// How much a request may ask of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of AnyValue: a plain attribute has depth 1.
    pub max_depth: u8,
    /// Decoded size of one span, its resource and scope included; such a span is a segment of its
    /// own.
    pub max_span_bytes: u64,
    /// Resource and scope are repeated for each span and each part of a split request, so they are
    /// kept small.
    pub max_head_bytes: u64,
    /// Decoded size of a whole request: few bytes on the wire can mean many spans of a large
    /// resource.
    pub max_request_bytes: u64,
    /// Of one span, event, link, Resource or scope; those above are dropped.
    pub max_attributes: u32,
    /// What is longer is cut. At least 128, as all of these: shorter ones are not looked at.
    pub max_value_bytes: usize,
    /// Of keys and of the names of spans, events and scopes.
    pub max_name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_depth: 64,
            max_span_bytes: 256 << 20,
            max_head_bytes: 1 << 20,
            max_request_bytes: 4 << 30,
            max_attributes: 1_024,
            max_value_bytes: 16 << 10,
            max_name_bytes: 1 << 10,
        }
    }
}

impl Limits {
    /// No attribute of so many bytes can hold anything that is too long.
    fn looked_at(&self) -> usize {
        (self.max_value_bytes / measure::MOST_GROWTH).min(self.max_name_bytes)
    }
}

/// What the decoded size counts for each thing beside its bytes on the wire: fixed columns,
/// offsets, dictionary codes.
pub(crate) mod weight {
    pub const SPAN: u64 = 256;
    pub const ATTRIBUTE: u64 = 8;
    pub const EVENT: u64 = 24;
    pub const LINK: u64 = 48;
}

/// What is kept of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// ExportTraceServiceRequest without the rejected spans; the same bytes when nothing was
    /// rejected and nothing cut.
    pub body: Bytes,
    pub spans: u32,
    pub rejected: u32,
    /// One entry for each distinct reason.
    pub reasons: Vec<Rejection>,
    /// Strings that are not UTF-8: kept in the journal, repaired with U+FFFD when decoded.
    pub replaced_utf8: u32,
    /// Estimated size of the rows that decoding makes, resource and scope counted for each span.
    /// Never less than the body's length, so a bound on it bounds both.
    pub decoded_bytes: u64,
    /// What of the body is shorter than it came.
    pub cuts: Cuts,
}

/// The whole request cannot be decoded: what is wrong and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

/// Checks an ExportTraceServiceRequest in protobuf.
pub fn protobuf(body: Bytes, limits: &Limits) -> Result<Admitted, Malformed> {
    let mut tally = count(&body, limits)?;
    let mut cuts = Cuts::default();
    let body = if tally.is_over {
        let (trimmed, cut) = trim::request(&body, limits);
        if cut.is_empty() {
            // Only in what nobody reads, such as a value that a later one replaces.
            body
        } else {
            cuts = cut;
            tally = count(&trimmed, limits)?;
            trimmed
        }
    } else {
        body
    };
    let body = if tally.rejected == 0 {
        body
    } else {
        let mut kept = Kept::new(body.len());
        request(&body, limits, &mut Tally::default(), &mut kept)?;
        kept.finish()
    };
    Ok(tally.admitted(body, cuts))
}

#[cfg(test)]
mod tests;
