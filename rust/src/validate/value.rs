//! Attributes and their values: framing, depth, text.

use super::{Limits, measure, weight};
use crate::otlp::{LIST_VALUES, any_value, key_value};
use crate::wire::{Fault, Reader, Value, is_utf8, repair_growth};

/// What is wrong inside a message, without the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    Framing(Fault),
    Depth,
}

impl From<Fault> for Bad {
    fn from(fault: Fault) -> Self {
        Self::Framing(fault)
    }
}

/// What a walk over one span, Resource or Scope has counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Part of the decoded size that is not the wire size.
    pub weight: u64,
    pub replaced_utf8: u32,
    /// Something is above a limit that is kept by cutting.
    pub is_over: bool,
}

impl Seen {
    #[inline]
    pub fn text(&mut self, text: &[u8]) {
        if !is_utf8(text) {
            self.broken_text(text);
        }
    }

    /// Of a span, event or scope.
    #[inline]
    pub fn name(&mut self, text: &[u8], limits: &Limits) {
        self.is_over |= text.len() > limits.max_name_bytes;
        self.text(text);
    }

    /// A text that may be long.
    #[inline]
    pub fn long_text(&mut self, text: &[u8], limits: &Limits) {
        self.is_over |= text.len() > limits.max_value_bytes;
        self.text(text);
    }

    #[cold]
    fn broken_text(&mut self, text: &[u8]) {
        self.replaced_utf8 = self.replaced_utf8.saturating_add(1);
        self.weight += repair_growth(text) as u64;
    }

    /// One attribute of a span, event, link, Resource or Scope.
    #[inline]
    pub fn attribute(&mut self, attribute: &[u8], limits: &Limits) -> Result<(), Bad> {
        self.weight += weight::ATTRIBUTE;
        if let Some((key, text)) = plain_string_attribute(attribute) {
            self.text(key);
            self.text(text);
            return Ok(());
        }
        self.key_value(attribute, limits.max_depth)?;
        if attribute.len() > limits.looked_at() {
            self.is_over |= measure::is_over(attribute, limits);
        }
        Ok(())
    }

    fn key_value(&mut self, message: &[u8], depth_left: u8) -> Result<(), Bad> {
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (key_value::KEY, Value::Bytes(key)) => self.text(key),
                (key_value::VALUE, Value::Bytes(value)) => self.any_value(value, depth_left)?,
                (key_value::KEY | key_value::VALUE, _) => {
                    return Err(Fault::Mismatch(field.number).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Recursion ends with `depth_left`, so the stack holds.
    fn any_value(&mut self, message: &[u8], depth_left: u8) -> Result<(), Bad> {
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return Err(Bad::Depth);
        };
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (any_value::STRING, Value::Bytes(text)) => self.text(text),
                (any_value::ARRAY, Value::Bytes(list)) => {
                    self.list(list, |seen, item| seen.any_value(item, depth_left))?;
                }
                (any_value::KVLIST, Value::Bytes(list)) => {
                    self.list(list, |seen, item| seen.key_value(item, depth_left))?;
                }
                (any_value::BYTES, Value::Bytes(_))
                | (any_value::BOOL | any_value::INT, Value::Varint(_))
                | (any_value::DOUBLE, Value::Fixed64(_)) => {}
                (any_value::STRING..=any_value::BYTES, _) => {
                    return Err(Fault::Mismatch(field.number).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        message: &[u8],
        mut item: impl FnMut(&mut Self, &[u8]) -> Result<(), Bad>,
    ) -> Result<(), Bad> {
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (LIST_VALUES, Value::Bytes(message)) => item(self, message)?,
                (LIST_VALUES, _) => return Err(Fault::Mismatch(LIST_VALUES).into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Key and text of an attribute in the shape that every SDK writes for short strings; `None` sends
/// the caller the long way.
#[inline]
pub(crate) fn plain_string_attribute(attribute: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x0a, key_length, rest @ ..] = attribute else {
        return None;
    };
    let (key, rest) = rest.split_at_checked(usize::from(*key_length))?;
    let [0x12, value_length, 0x0a, text_length, text @ ..] = rest else {
        return None;
    };
    let plain = *key_length < 0x80
        && *value_length < 0x80
        && usize::from(*text_length) == text.len()
        && usize::from(*value_length) == text.len() + 2;
    plain.then_some((key, text))
}
