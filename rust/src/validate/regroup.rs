//! Writes requests anew from some of their spans: without the rejected ones, or in parts.

use bytes::Bytes;

use super::walk::{Sink, request};
use super::{Limits, Tally};
use crate::otlp::{REQUEST_RESOURCE_SPANS, group};
use crate::wire::{Open, Reader, Writer};

/// Room for the length of ResourceSpans and ScopeSpans; right for 16 KiB to 2 MiB, else the bytes
/// are moved.
const LENGTH: usize = 3;

/// Puts spans back into their ResourceSpans and ScopeSpans; groups that get no span are not
/// written.
#[derive(Default)]
struct Regroup<'a> {
    writer: Writer,
    resource_spans: &'a [u8],
    scope_spans: &'a [u8],
    open_resource: Option<Open>,
    open_scope: Option<Open>,
}

impl<'a> Regroup<'a> {
    fn close_scope(&mut self) {
        if let Some(open) = self.open_scope.take() {
            self.writer.close(open);
        }
    }

    fn close_resource(&mut self) {
        self.close_scope();
        if let Some(open) = self.open_resource.take() {
            self.writer.close(open);
        }
    }

    fn enter_resource(&mut self, message: &'a [u8]) {
        self.close_resource();
        self.resource_spans = message;
    }

    fn enter_scope(&mut self, message: &'a [u8]) {
        self.close_scope();
        self.scope_spans = message;
    }

    fn span(&mut self, field: &[u8]) {
        if self.open_resource.is_none() {
            self.open_resource = Some(self.writer.open(REQUEST_RESOURCE_SPANS, LENGTH));
            copy_head(&mut self.writer, self.resource_spans);
        }
        if self.open_scope.is_none() {
            self.open_scope = Some(self.writer.open(group::CHILDREN, LENGTH));
            copy_head(&mut self.writer, self.scope_spans);
        }
        self.writer.raw(field);
    }

    /// What was written so far; the next span opens its groups again.
    fn cut(&mut self) -> Bytes {
        self.close_resource();
        Bytes::from(std::mem::take(&mut self.writer).into_bytes())
    }
}

/// All fields but the children, unknown ones too.
fn copy_head(writer: &mut Writer, message: &[u8]) {
    let mut reader = Reader::new(message);
    while let Ok(Some((field, whole))) = reader.field_with_bytes() {
        if field.number != group::CHILDREN {
            writer.raw(whole);
        }
    }
}

/// The request without its rejected spans.
pub(super) struct Kept<'a>(Regroup<'a>);

impl Kept<'_> {
    pub fn new(capacity: usize) -> Self {
        Self(Regroup {
            writer: Writer::with_capacity(capacity),
            ..Regroup::default()
        })
    }

    pub fn finish(mut self) -> Bytes {
        self.0.cut()
    }
}

impl<'a> Sink<'a> for Kept<'a> {
    fn resource_spans(&mut self, message: &'a [u8]) {
        self.0.enter_resource(message);
    }

    fn scope_spans(&mut self, message: &'a [u8]) {
        self.0.enter_scope(message);
    }

    fn span(&mut self, field: &'a [u8], _: u64) {
        self.0.span(field);
    }
}

/// One record's share of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub body: Bytes,
    pub spans: u32,
    pub decoded_bytes: u64,
}

struct Splitter<'a> {
    regroup: Regroup<'a>,
    spans: u32,
    decoded_bytes: u64,
    max_spans: u32,
    max_decoded_bytes: u64,
    parts: Vec<Part>,
}

impl Splitter<'_> {
    fn cut(&mut self) {
        let (spans, decoded_bytes) = (
            std::mem::take(&mut self.spans),
            std::mem::take(&mut self.decoded_bytes),
        );
        let body = self.regroup.cut();
        let decoded_bytes = decoded_bytes.max(body.len() as u64);
        self.parts.push(Part {
            body,
            spans,
            decoded_bytes,
        });
    }
}

impl<'a> Sink<'a> for Splitter<'a> {
    fn resource_spans(&mut self, message: &'a [u8]) {
        self.regroup.enter_resource(message);
    }

    fn scope_spans(&mut self, message: &'a [u8]) {
        self.regroup.enter_scope(message);
    }

    fn span(&mut self, field: &'a [u8], decoded_bytes: u64) {
        let full = self.spans >= self.max_spans
            || self.decoded_bytes + decoded_bytes > self.max_decoded_bytes;
        if full && self.spans > 0 {
            self.cut();
        }
        self.regroup.span(field);
        self.spans += 1;
        self.decoded_bytes += decoded_bytes;
    }
}

/// Cuts an admitted body into parts within both limits, each decodable by itself; a single larger
/// span is a part of its own. The same body is always cut alike. One part, the body itself, in the
/// common case.
pub fn split(
    body: &Bytes,
    spans: u32,
    decoded_bytes: u64,
    max_spans: u32,
    max_decoded_bytes: u64,
) -> Vec<Part> {
    let whole = Part {
        body: body.clone(),
        spans,
        decoded_bytes,
    };
    if spans <= 1 || (spans <= max_spans && decoded_bytes <= max_decoded_bytes) {
        return vec![whole];
    }
    let limits = Limits {
        max_depth: u8::MAX,
        max_span_bytes: u64::MAX,
        max_head_bytes: u64::MAX,
        max_request_bytes: u64::MAX,
        max_attributes: u32::MAX,
        max_value_bytes: usize::MAX,
        max_name_bytes: usize::MAX,
    };
    let mut splitter = Splitter {
        regroup: Regroup::default(),
        spans: 0,
        decoded_bytes: 0,
        max_spans,
        max_decoded_bytes,
        parts: Vec::new(),
    };
    let mut tally = Tally::default();
    let walked = request(body, &limits, &mut tally, &mut splitter);
    splitter.cut();
    // Not an admitted body: cutting would lose what the walk refuses.
    if walked.is_err() || tally.rejected > 0 {
        vec![whole]
    } else {
        splitter.parts
    }
}
