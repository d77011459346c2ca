//! What is too long is cut, what is too many is dropped, and both are noted: nothing of it costs
//! the span. Requests are rewritten here only when the walk has found something to cut.

use bytes::Bytes;

use super::Limits;
use super::cuts::{Cuts, Kind, MARK, Marks};
use super::measure::{PER_VALUE, cut, is_over};
use super::shapes::{RESOURCE, SCOPE, SPAN, Shape};
use crate::attributes::read_key_value;
use crate::otlp::{
    LIST_VALUES, REQUEST_RESOURCE_SPANS, any_value, group, key_value, resource, scope,
};
use crate::render::Member;
use crate::wire::{Fault, Field, Reader, Value, Writer};

/// The request within the limits. What is not valid is copied as it is.
pub(super) fn request(body: &[u8], limits: &Limits) -> (Bytes, Cuts) {
    let mut trim = Trim {
        limits,
        writer: Writer::with_capacity(body.len()),
        cuts: Cuts::default(),
        service: Vec::new(),
    };
    trim.each(body, |trim, field, whole| {
        match (field.number, field.value) {
            (REQUEST_RESOURCE_SPANS, Value::Bytes(message)) => {
                trim.service = service(message);
                let open = trim.writer.open(REQUEST_RESOURCE_SPANS, 3);
                trim.group(message, &RESOURCE, |trim, message| {
                    trim.group(message, &SCOPE, |trim, message| {
                        trim.message(message, &SPAN, &mut Marks::default());
                    });
                });
                trim.writer.close(open);
            }
            _ => trim.writer.raw(whole),
        }
    });
    (Bytes::from(trim.writer.into_bytes()), trim.cuts)
}

/// The name of the service that a ResourceSpans comes from.
fn service(resource_spans: &[u8]) -> Vec<u8> {
    let find = || -> Result<Option<Vec<u8>>, Fault> {
        let mut found = None;
        let mut reader = Reader::new(resource_spans);
        while let Some(field) = reader.field()? {
            let (group::HEAD, Value::Bytes(head)) = (field.number, field.value) else {
                continue;
            };
            let mut reader = Reader::new(head);
            while let Some(field) = reader.field()? {
                if let (resource::ATTRIBUTES, Value::Bytes(attribute)) = (field.number, field.value)
                    && let (b"service.name", value) = read_key_value(attribute)?
                    && let Member::Text(text) = Member::read(&value)?
                {
                    found = Some(text.to_vec());
                }
            }
        }
        Ok(found)
    };
    find().ok().flatten().unwrap_or_default()
}

struct Trim<'l> {
    limits: &'l Limits,
    writer: Writer,
    cuts: Cuts,
    /// Whose spans are being read.
    service: Vec<u8>,
}

impl Trim<'_> {
    /// Hands over the fields of a message; from the first that cannot be read the rest is copied.
    fn each<'a>(
        &mut self,
        message: &'a [u8],
        mut take: impl FnMut(&mut Self, Field<'a>, &'a [u8]),
    ) {
        let mut reader = Reader::new(message);
        loop {
            let rest = reader.rest();
            match reader.field_with_bytes() {
                Ok(Some((field, whole))) => take(self, field, whole),
                Ok(None) => return,
                Err(_) => return self.writer.raw(rest),
            }
        }
    }

    /// A ResourceSpans or ScopeSpans.
    fn group<'a>(
        &mut self,
        message: &'a [u8],
        head: &'static Shape,
        mut child: impl FnMut(&mut Self, &'a [u8]),
    ) {
        self.each(message, |trim, field, whole| {
            match (field.number, field.value) {
                (group::HEAD, Value::Bytes(message)) => {
                    let open = trim.writer.open(group::HEAD, 2);
                    trim.message(message, head, &mut Marks::default());
                    trim.writer.close(open);
                }
                (group::CHILDREN, Value::Bytes(message)) => {
                    let open = trim.writer.open(group::CHILDREN, 2);
                    child(trim, message);
                    trim.writer.close(open);
                }
                _ => trim.writer.raw(whole),
            }
        });
    }

    /// One message that has attributes or texts. `around` takes the marks of one that has no
    /// attributes.
    fn message(&mut self, message: &[u8], shape: &'static Shape, around: &mut Marks) {
        let most = self.attributes_kept(message, shape);
        let (mut kept, mut dropped, mut said) = (0_u32, 0_u32, 0_u64);
        let mut marks = Marks::default();
        self.each(message, |trim, field, whole| {
            let number = field.number;
            match field.value {
                Value::Bytes(attribute) if shape.attributes == Some(number) => {
                    if kept == most {
                        dropped = dropped.saturating_add(1);
                        return trim.cuts.dropped(attribute, shape.place, &trim.service);
                    }
                    kept += 1;
                    if !trim.attribute(number, attribute, &mut marks) {
                        trim.writer.raw(whole);
                    }
                }
                Value::Varint(count) if shape.attributes.is_some() && number == shape.dropped => {
                    said = count;
                }
                Value::Bytes(text) if shape.names.contains(&number) => {
                    let most = trim.limits.max_name_bytes;
                    trim.text(number, text, most, shape, &mut marks);
                }
                Value::Bytes(text) if shape.texts.contains(&number) => {
                    let most = trim.limits.max_value_bytes;
                    trim.text(number, text, most, shape, &mut marks);
                }
                Value::Bytes(text)
                    if shape.trace_state == Some(number)
                        && text.len() > trim.limits.max_value_bytes =>
                {
                    // Whole members only.
                    let short = cut(text, trim.limits.max_value_bytes);
                    let comma = short.iter().rposition(|byte| *byte == b',').unwrap_or(0);
                    trim.writer
                        .bytes_field(number, short.get(..comma).unwrap_or_default());
                    let service = &trim.service;
                    trim.cuts
                        .cut(Kind::Value, b"trace state", text.len(), service);
                    marks.add(b"trace state", text.len());
                }
                Value::Bytes(inner) => {
                    match shape.children.iter().find(|(child, _)| *child == number) {
                        Some((_, child)) => {
                            let open = trim.writer.open(number, 1);
                            trim.message(inner, child, &mut marks);
                            trim.writer.close(open);
                        }
                        None => trim.writer.raw(whole),
                    }
                }
                _ => trim.writer.raw(whole),
            }
        });
        let Some(attributes) = shape.attributes else {
            return around.take(&marks);
        };
        if !marks.is_empty() {
            let mark = self.writer.open(attributes, 2);
            self.writer.bytes_field(key_value::KEY, MARK.as_bytes());
            let value = self.writer.open(key_value::VALUE, 2);
            let text = marks.text(self.limits.max_value_bytes);
            self.writer.bytes_field(any_value::STRING, text.as_bytes());
            self.writer.close(value);
            self.writer.close(mark);
        }
        // Of a longer varint a uint32 is the low bits.
        let dropped = u64::from((said as u32).saturating_add(dropped));
        if dropped > 0 {
            self.writer.varint_field(shape.dropped, dropped);
        }
    }

    /// How many attributes a message keeps: one less than it may, if there must be room for the
    /// mark.
    fn attributes_kept(&self, message: &[u8], shape: &Shape) -> u32 {
        let most = self.limits.max_attributes;
        let (mut count, mut is_cut) = (0_u32, false);
        let mut reader = Reader::new(message);
        while let Ok(Some(field)) = reader.field() {
            let Value::Bytes(bytes) = field.value else {
                continue;
            };
            let number = field.number;
            if shape.attributes == Some(number) {
                is_cut |= count < most && is_over(bytes, self.limits);
                count = count.saturating_add(1);
            } else if shape.names.contains(&number) {
                is_cut |= bytes.len() > self.limits.max_name_bytes;
            } else if shape.trace_state == Some(number) {
                is_cut |= bytes.len() > self.limits.max_value_bytes;
            } else if let Some((_, child)) = shape.children.iter().find(|(one, _)| *one == number)
                && child.attributes.is_none()
            {
                let mut inner = Reader::new(bytes);
                while let Ok(Some(field)) = inner.field() {
                    is_cut |= matches!(field.value, Value::Bytes(text)
                        if child.texts.contains(&field.number) && text.len() > self.limits.max_value_bytes);
                }
            }
        }
        if is_cut && count >= most {
            most.saturating_sub(1)
        } else {
            most
        }
    }

    fn text(
        &mut self,
        number: u32,
        text: &[u8],
        most: usize,
        shape: &'static Shape,
        marks: &mut Marks,
    ) {
        let short = cut(text, most);
        self.writer.bytes_field(number, short);
        if short.len() < text.len() {
            let (kind, what) = if shape.texts.contains(&number) {
                (Kind::Value, "status message".to_owned())
            } else if number == scope::VERSION && shape.place == SCOPE.place {
                (Kind::Name, "scope version".to_owned())
            } else {
                (Kind::Name, format!("{} name", shape.place))
            };
            self.cuts
                .cut(kind, what.as_bytes(), text.len(), &self.service);
            marks.add(what.as_bytes(), text.len());
        }
    }

    /// Writes an attribute that is above a limit; false, and nothing is written, if it is not.
    fn attribute(&mut self, number: u32, attribute: &[u8], marks: &mut Marks) -> bool {
        let limits = self.limits;
        if attribute.len() <= limits.looked_at() || !is_over(attribute, limits) {
            return false;
        }
        let (Ok((key, value)), start) = (read_key_value(attribute), self.writer.len()) else {
            return false;
        };
        let short = cut(key, limits.max_name_bytes);
        let open = self.writer.open(number, 2);
        self.writer.bytes_field(key_value::KEY, short);
        let mut left = Left {
            bytes: limits.max_value_bytes,
            size: 0,
            keys: 0,
            is_cut: false,
        };
        let inner = self.writer.open(key_value::VALUE, 2);
        if self.value(&value, limits.max_depth, &mut left, 0).is_err() {
            self.writer.truncate(start);
            return false;
        }
        self.writer.close(inner);
        self.writer.close(open);
        let service = &self.service;
        let keys = left.keys + usize::from(short.len() < key.len());
        if left.is_cut {
            self.cuts.cut(Kind::Value, short, left.size, service);
            marks.add(short, left.size);
        }
        for _ in 0..keys {
            self.cuts.cut(Kind::Key, short, key.len(), service);
        }
        if keys > 0 && !left.is_cut {
            marks.add(short, attribute.len());
        }
        true
    }

    /// The part of a value for which there is room.
    fn value(
        &mut self,
        value: &[u8],
        depth_left: u8,
        left: &mut Left,
        own: usize,
    ) -> Result<(), Fault> {
        // Deeper ones are rejected anyway.
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return Err(Fault::Truncated);
        };
        left.take(own);
        match Member::read(value)? {
            Member::Text(text) => {
                let short = cut(text, left.bytes);
                self.writer.bytes_field(any_value::STRING, short);
                left.took(text.len(), short.len());
            }
            Member::Bytes(bytes) => {
                let short = bytes.get(..left.bytes).unwrap_or(bytes);
                self.writer.bytes_field(any_value::BYTES, short);
                left.took(bytes.len(), short.len());
            }
            Member::Array(list) => {
                let open = self.writer.open(any_value::ARRAY, 2);
                self.list(&list, false, depth_left, left)?;
                self.writer.close(open);
            }
            Member::KvList(list) => {
                let open = self.writer.open(any_value::KVLIST, 2);
                self.list(&list, true, depth_left, left)?;
                self.writer.close(open);
            }
            Member::Bool(truth) => self.writer.varint_field(any_value::BOOL, truth.into()),
            Member::Int(int) => self
                .writer
                .varint_field(any_value::INT, int.cast_unsigned()),
            Member::Double(double) => {
                self.writer
                    .fixed64_field(any_value::DOUBLE, double.to_bits());
            }
            Member::Empty => {}
        }
        Ok(())
    }

    fn list(
        &mut self,
        list: &[u8],
        is_pairs: bool,
        depth_left: u8,
        left: &mut Left,
    ) -> Result<(), Fault> {
        let mut reader = Reader::new(list);
        left.size = left.size.max(list.len());
        while let Some(field) = reader.field()? {
            let (LIST_VALUES, Value::Bytes(item)) = (field.number, field.value) else {
                continue;
            };
            if left.is_cut && left.bytes == 0 {
                break;
            }
            if !is_pairs {
                if left.bytes < PER_VALUE {
                    left.end();
                    break;
                }
                let open = self.writer.open(LIST_VALUES, 1);
                self.value(item, depth_left, left, PER_VALUE)?;
                self.writer.close(open);
                continue;
            }
            let (key, value) = read_key_value(item)?;
            let short = cut(key, self.limits.max_name_bytes);
            if left.bytes < PER_VALUE + short.len() {
                left.end();
                break;
            }
            left.keys += usize::from(short.len() < key.len());
            let open = self.writer.open(LIST_VALUES, 1);
            self.writer.bytes_field(key_value::KEY, short);
            let inner = self.writer.open(key_value::VALUE, 1);
            self.value(&value, depth_left, left, PER_VALUE + short.len())?;
            self.writer.close(inner);
            self.writer.close(open);
        }
        Ok(())
    }
}

/// Room for the rest of a value.
struct Left {
    bytes: usize,
    /// Of the value as it came.
    size: usize,
    /// Keys inside it that were cut.
    keys: usize,
    is_cut: bool,
}

impl Left {
    fn take(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn took(&mut self, whole: usize, kept: usize) {
        self.size = self.size.max(whole);
        if kept < whole {
            self.end();
        } else {
            self.take(kept);
        }
    }

    /// Nothing more fits: what follows would look as if nothing were missing between.
    fn end(&mut self) {
        self.is_cut = true;
        self.bytes = 0;
    }
}
