//! Admitted requests into Arrow columns: a walk over the wire bytes, without message objects.
//!
//! What protobuf says of repeated fields holds: the last scalar wins, messages merge. Text that is
//! not UTF-8 is repaired.

use std::borrow::Cow;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use crate::attribute_index;
use crate::attributes::Problem;
use crate::columns::Full;
use crate::otlp::{REQUEST_RESOURCE_SPANS, event, group, link, resource, scope, span, status};
use crate::rows::{SpanColumns, UNKNOWN_SERVICE};
pub use crate::schema::{attribute_index_schema, spans_schema, trace_ranges_schema};
use crate::validate::{Malformed, weight};
use crate::wire::{Fault, Field, Reader, Value, merge};

/// The journal seals at 64 MiB and lets one span have 256 MiB, so no segment comes near this; a
/// caller that pushes without such bounds gets an error before memory or 31-bit offsets run out.
const MOST_DECODED_BYTES: u64 = 1 << 30;

/// One segment's rows.
pub struct Builder {
    segment: [u8; 16],
    receive_day: u16,
    columns: SpanColumns,
    decoded_bytes: u64,
}

/// What the store inserts.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub spans: RecordBatch,
    pub trace_ranges: RecordBatch,
    pub attribute_index: RecordBatch,
}

impl Builder {
    pub fn new(segment: [u8; 16], receive_day: u16) -> Self {
        Self {
            segment,
            receive_day,
            columns: SpanColumns::default(),
            decoded_bytes: 0,
        }
    }

    /// Adds the spans of one request and returns their number. A failed push leaves no trace of the
    /// request.
    pub fn push(&mut self, body: &[u8]) -> Result<u32, Malformed> {
        let rows = self.columns.count();
        let before = self.decoded_bytes;
        match self.request(body) {
            Ok(()) => {
                self.columns.commit();
                Ok((self.columns.count() - rows) as u32)
            }
            Err(problem) => {
                let position = self.columns.count() - rows + 1;
                self.columns.truncate(rows);
                self.decoded_bytes = before;
                Err(Malformed(sentence(problem, position)))
            }
        }
    }

    /// How many spans `push` would add; nothing is added.
    pub fn probe(&mut self, body: &[u8]) -> Result<u32, Malformed> {
        let rows = self.columns.count();
        let before = self.decoded_bytes;
        let pushed = self.push(body);
        self.columns.truncate(rows);
        self.decoded_bytes = before;
        pushed
    }

    pub fn finish(self) -> Result<Decoded, ArrowError> {
        let trace_ranges = self.columns.trace_ranges(self.receive_day)?;
        let attribute_index =
            attribute_index::batch(&self.columns, self.segment, self.receive_day)?;
        let spans = self.columns.into_batch(self.segment, self.receive_day)?;
        Ok(Decoded {
            spans,
            trace_ranges,
            attribute_index,
        })
    }

    fn request(&mut self, body: &[u8]) -> Result<(), Problem> {
        let mut reader = Reader::new(body);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (REQUEST_RESOURCE_SPANS, Value::Bytes(message)) => self.resource_spans(message)?,
                (REQUEST_RESOURCE_SPANS, _) => return Err(Fault::Mismatch(field.number).into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The Resource is read after its spans, wherever it stands, and becomes as many rows as they
    /// are.
    fn resource_spans(&mut self, message: &[u8]) -> Result<(), Problem> {
        let first = self.columns.count();
        let mut head = Head::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (group::CHILDREN, Value::Bytes(message)) => self.scope_spans(message)?,
                _ => head.add(field)?,
            }
        }
        let rows = self.columns.count() - first;
        if rows > 0 {
            self.count_bytes(head.message.len() * rows)?;
            self.resource(&head)?;
            self.columns.resource.repeat_row(rows - 1)?;
        }
        Ok(())
    }

    fn scope_spans(&mut self, message: &[u8]) -> Result<(), Problem> {
        let first = self.columns.count();
        let mut head = Head::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (group::CHILDREN, Value::Bytes(message)) => {
                    self.count_bytes(weight::SPAN as usize + message.len())?;
                    self.span(message)?;
                }
                _ => head.add(field)?,
            }
        }
        let rows = self.columns.count() - first;
        if rows > 0 {
            self.count_bytes(head.message.len() * rows)?;
            self.scope(&head)?;
            self.columns.scope.repeat_row(rows - 1)?;
        }
        Ok(())
    }

    #[inline]
    fn count_bytes(&mut self, bytes: usize) -> Result<(), Full> {
        self.decoded_bytes += bytes as u64;
        if self.decoded_bytes > MOST_DECODED_BYTES {
            Err(Full)
        } else {
            Ok(())
        }
    }

    fn resource(&mut self, head: &Head<'_>) -> Result<(), Problem> {
        let columns = &mut self.columns.resource;
        let mut dropped = 0;
        let mut reader = Reader::new(&head.message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (resource::ATTRIBUTES, Value::Bytes(attribute)) => {
                    columns.attributes.add(attribute)?;
                }
                (resource::DROPPED_ATTRIBUTES_COUNT, Value::Varint(count)) => {
                    dropped = count as u32;
                }
                (resource::ATTRIBUTES..=resource::DROPPED_ATTRIBUTES_COUNT, _) => {
                    return Err(Fault::Mismatch(field.number).into());
                }
                _ => {}
            }
        }
        columns.attributes.end_row()?;
        columns.service.push(
            columns
                .attributes
                .last_text(b"service.name")
                .unwrap_or(UNKNOWN_SERVICE),
        )?;
        columns.schema_url.push(head.schema_url)?;
        columns.dropped_attributes.push(dropped);
        Ok(())
    }

    fn scope(&mut self, head: &Head<'_>) -> Result<(), Problem> {
        let columns = &mut self.columns.scope;
        let (mut name, mut version): (&[u8], &[u8]) = (&[], &[]);
        let mut dropped = 0;
        let mut reader = Reader::new(&head.message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (scope::NAME, Value::Bytes(text)) => name = text,
                (scope::VERSION, Value::Bytes(text)) => version = text,
                (scope::ATTRIBUTES, Value::Bytes(attribute)) => {
                    columns.attributes.add(attribute)?;
                }
                (scope::DROPPED_ATTRIBUTES_COUNT, Value::Varint(count)) => dropped = count as u32,
                (scope::NAME..=scope::DROPPED_ATTRIBUTES_COUNT, _) => {
                    return Err(Fault::Mismatch(field.number).into());
                }
                _ => {}
            }
        }
        columns.attributes.end_row()?;
        columns.name.push(name)?;
        columns.version.push(version)?;
        columns.schema_url.push(head.schema_url)?;
        columns.dropped_attributes.push(dropped);
        Ok(())
    }

    #[inline]
    fn span(&mut self, message: &[u8]) -> Result<(), Problem> {
        let mut own = Own::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (span::ATTRIBUTES, Value::Bytes(attribute)) => {
                    self.columns.own.attributes.add(attribute)?;
                }
                (span::TRACE_ID, Value::Bytes(id)) => own.trace_id = id,
                (span::SPAN_ID, Value::Bytes(id)) => own.span_id = id,
                (span::PARENT_SPAN_ID, Value::Bytes(id)) => own.parent_span_id = id,
                (span::NAME, Value::Bytes(text)) => own.name = text,
                (span::TRACE_STATE, Value::Bytes(text)) => own.trace_state = text,
                (span::START_TIME_UNIX_NANO, Value::Fixed64(time)) => own.start_ns = time,
                (span::END_TIME_UNIX_NANO, Value::Fixed64(time)) => own.end_ns = time,
                // Enumerations and 32-bit counts keep the low 32 bits, as in the reference.
                (span::KIND, Value::Varint(kind)) => own.kind = kind as i32,
                (span::DROPPED_ATTRIBUTES_COUNT, Value::Varint(count)) => {
                    own.dropped_attributes = count as u32;
                }
                (span::DROPPED_EVENTS_COUNT, Value::Varint(count)) => {
                    own.dropped_events = count as u32;
                }
                (span::DROPPED_LINKS_COUNT, Value::Varint(count)) => {
                    own.dropped_links = count as u32;
                }
                (span::FLAGS, Value::Fixed32(flags)) => own.flags = flags,
                (span::EVENTS, Value::Bytes(event)) => self.event(event)?,
                (span::LINKS, Value::Bytes(link)) => self.link(link)?,
                (span::STATUS, Value::Bytes(status)) => own.read_status(status)?,
                (span::TRACE_ID..=span::FLAGS, _) => {
                    return Err(Fault::Mismatch(field.number).into());
                }
                _ => {}
            }
        }
        self.end_span(&own)
    }

    fn end_span(&mut self, own: &Own<'_>) -> Result<(), Problem> {
        self.columns
            .events
            .rows
            .end_row(self.columns.events.time_ns.len())?;
        self.columns
            .links
            .rows
            .end_row(self.columns.links.trace_id.len())?;
        let columns = &mut self.columns.own;
        columns.attributes.end_row()?;
        columns.span_id.push(id("span_id", own.span_id, false)?);
        columns
            .parent_span_id
            .push(id("parent_span_id", own.parent_span_id, true)?);
        columns.name.push(own.name)?;
        columns.trace_state.push_text(own.trace_state)?;
        columns.start_ns.push(own.start_ns);
        columns.end_ns.push(own.end_ns);
        columns.kind.push(own.kind);
        columns.status_code.push(own.status_code);
        columns.status_message.push_text(own.status_message)?;
        columns.flags.push(own.flags);
        columns.dropped_attributes.push(own.dropped_attributes);
        columns.dropped_events.push(own.dropped_events);
        columns.dropped_links.push(own.dropped_links);
        // Last, because it counts the rows.
        columns.trace_id.push(id("trace_id", own.trace_id, false)?);
        Ok(())
    }

    fn event(&mut self, message: &[u8]) -> Result<(), Problem> {
        let columns = &mut self.columns.events;
        let mut name: &[u8] = &[];
        let (mut time_ns, mut dropped) = (0, 0);
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (event::TIME_UNIX_NANO, Value::Fixed64(time)) => time_ns = time,
                (event::NAME, Value::Bytes(text)) => name = text,
                (event::ATTRIBUTES, Value::Bytes(attribute)) => {
                    columns.attributes.add(attribute)?;
                }
                (event::DROPPED_ATTRIBUTES_COUNT, Value::Varint(count)) => dropped = count as u32,
                (event::TIME_UNIX_NANO..=event::DROPPED_ATTRIBUTES_COUNT, _) => {
                    return Err(Fault::Mismatch(field.number).into());
                }
                _ => {}
            }
        }
        columns.attributes.end_row()?;
        columns.name.push(name)?;
        columns.time_ns.push(time_ns);
        columns.dropped_attributes.push(dropped);
        Ok(())
    }

    fn link(&mut self, message: &[u8]) -> Result<(), Problem> {
        let columns = &mut self.columns.links;
        let (mut trace_id, mut span_id, mut trace_state): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
        let (mut flags, mut dropped) = (0, 0);
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (link::TRACE_ID, Value::Bytes(id)) => trace_id = id,
                (link::SPAN_ID, Value::Bytes(id)) => span_id = id,
                (link::TRACE_STATE, Value::Bytes(text)) => trace_state = text,
                (link::ATTRIBUTES, Value::Bytes(attribute)) => columns.attributes.add(attribute)?,
                (link::DROPPED_ATTRIBUTES_COUNT, Value::Varint(count)) => dropped = count as u32,
                (link::FLAGS, Value::Fixed32(bits)) => flags = bits,
                (link::TRACE_ID..=link::FLAGS, _) => {
                    return Err(Fault::Mismatch(field.number).into());
                }
                _ => {}
            }
        }
        columns.attributes.end_row()?;
        columns
            .trace_id
            .push(id("trace_id of a link", trace_id, true)?);
        columns
            .span_id
            .push(id("span_id of a link", span_id, true)?);
        columns.trace_state.push_text(trace_state)?;
        columns.flags.push(flags);
        columns.dropped_attributes.push(dropped);
        Ok(())
    }
}

/// A ResourceSpans or ScopeSpans message without its children.
#[derive(Default)]
struct Head<'a> {
    /// The Resource or InstrumentationScope.
    message: Cow<'a, [u8]>,
    schema_url: &'a [u8],
}

impl<'a> Head<'a> {
    fn add(&mut self, field: Field<'a>) -> Result<(), Fault> {
        match (field.number, field.value) {
            (group::HEAD, Value::Bytes(message)) => merge(&mut self.message, message),
            (group::SCHEMA_URL, Value::Bytes(url)) => self.schema_url = url,
            (group::HEAD..=group::SCHEMA_URL, _) => return Err(Fault::Mismatch(field.number)),
            _ => {}
        }
        Ok(())
    }
}

/// The fields of a span that occur once.
#[derive(Default)]
struct Own<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    parent_span_id: &'a [u8],
    name: &'a [u8],
    trace_state: &'a [u8],
    status_message: &'a [u8],
    start_ns: u64,
    end_ns: u64,
    kind: i32,
    status_code: i32,
    flags: u32,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
}

impl<'a> Own<'a> {
    fn read_status(&mut self, message: &'a [u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (status::MESSAGE, Value::Bytes(text)) => self.status_message = text,
                (status::CODE, Value::Varint(code)) => self.status_code = code as i32,
                (status::MESSAGE | status::CODE, _) => return Err(Fault::Mismatch(field.number)),
                _ => {}
            }
        }
        Ok(())
    }
}

#[inline]
fn id<const N: usize>(
    name: &'static str,
    bytes: &[u8],
    may_be_empty: bool,
) -> Result<[u8; N], Problem> {
    if bytes.is_empty() && may_be_empty {
        return Ok([0; N]);
    }
    bytes
        .try_into()
        .map_err(|_| Problem::IdLength(name, bytes.len()))
}

fn sentence(problem: Problem, position: usize) -> String {
    match problem {
        Problem::Framing(fault) => {
            format!("span {position} of the record cannot be decoded: {fault}")
        }
        Problem::IdLength(name, length) => {
            format!("span {position} of the record cannot be decoded: {name} has {length} bytes")
        }
        Problem::Full => format!(
            "span {position} of the record does not fit: a segment holds {MOST_DECODED_BYTES} bytes"
        ),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
