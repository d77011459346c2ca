//! Attributes into typed map columns. No allocation per attribute.

use std::borrow::Cow;

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;

use crate::columns::{Blobs, Full, Map, Texts, Values};
use crate::otlp::{any_value, key_value};
use crate::validate::plain_string_attribute;
use crate::wire::{Fault, Reader, Value, merge};

/// Why a record cannot become rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    Framing(Fault),
    Full,
    IdLength(&'static str, usize),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Framing(fault)
    }
}

impl From<Full> for Problem {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// What an AnyValue holds; the last field of the oneof wins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Any<'a> {
    Text(&'a [u8]),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// Bytes, an array, a list of pairs or nothing.
    Other,
}

impl<'a> Any<'a> {
    #[inline]
    pub fn read(message: &'a [u8]) -> Result<Self, Fault> {
        let mut any = Self::Other;
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            any = match (field.number, field.value) {
                (any_value::STRING, Value::Bytes(text)) => Self::Text(text),
                (any_value::INT, Value::Varint(int)) => Self::Int(int.cast_signed()),
                (any_value::DOUBLE, Value::Fixed64(bits)) => Self::Float(f64::from_bits(bits)),
                (any_value::BOOL, Value::Varint(truth)) => Self::Bool(truth != 0),
                (any_value::ARRAY | any_value::KVLIST | any_value::BYTES, Value::Bytes(_)) => {
                    Self::Other
                }
                (any_value::STRING..=any_value::BYTES, _) => {
                    return Err(Fault::Mismatch(field.number));
                }
                _ => any,
            };
        }
        Ok(any)
    }
}

/// Key and value of a KeyValue; a value given in pieces is merged, one not given is empty.
pub fn read_key_value(attribute: &[u8]) -> Result<(&[u8], Cow<'_, [u8]>), Fault> {
    let mut key: &[u8] = &[];
    let mut value = Cow::default();
    let mut reader = Reader::new(attribute);
    while let Some(field) = reader.field()? {
        match (field.number, field.value) {
            (key_value::KEY, Value::Bytes(text)) => key = text,
            (key_value::VALUE, Value::Bytes(message)) => merge(&mut value, message),
            (key_value::KEY | key_value::VALUE, _) => return Err(Fault::Mismatch(field.number)),
            _ => {}
        }
    }
    Ok((key, value))
}

/// The attributes of spans, resources or scopes: a map column for each type.
#[derive(Default)]
pub struct Attributes {
    pub text: Map<Texts>,
    pub int: Map<Vec<i64>>,
    pub float: Map<Vec<f64>>,
    pub bool: Map<Vec<bool>>,
    /// AnyValue messages.
    pub other: Map<Blobs>,
}

impl Attributes {
    #[inline]
    pub fn add(&mut self, attribute: &[u8]) -> Result<(), Problem> {
        if let Some((key, text)) = plain_string_attribute(attribute) {
            self.text.keys.push(key)?;
            self.text.values.push_text(text)?;
            return Ok(());
        }
        self.add_any(attribute)
    }

    #[inline(never)]
    fn add_any(&mut self, attribute: &[u8]) -> Result<(), Problem> {
        let (key, value) = read_key_value(attribute)?;
        match Any::read(&value)? {
            Any::Text(text) => {
                self.text.keys.push(key)?;
                self.text.values.push_text(text)?;
            }
            Any::Int(int) => {
                self.int.keys.push(key)?;
                self.int.values.push(int);
            }
            Any::Float(float) => {
                self.float.keys.push(key)?;
                self.float.values.push(float);
            }
            Any::Bool(truth) => {
                self.bool.keys.push(key)?;
                self.bool.values.push(truth);
            }
            Any::Other => {
                self.other.keys.push(key)?;
                self.other.values.push(&value)?;
            }
        }
        Ok(())
    }

    #[inline]
    pub fn end_row(&mut self) -> Result<(), Full> {
        self.text.end_row()?;
        self.int.end_row()?;
        self.float.end_row()?;
        self.bool.end_row()?;
        self.other.end_row()
    }

    /// The last row, as many times more.
    pub fn repeat_row(&mut self, times: usize) -> Result<(), Full> {
        self.text.repeat_row(times)?;
        self.int.repeat_row(times)?;
        self.float.repeat_row(times)?;
        self.bool.repeat_row(times)?;
        self.other.repeat_row(times)
    }

    /// The first text of the last row under this key, unless it is empty.
    pub fn last_text(&self, key: &[u8]) -> Option<&[u8]> {
        self.text
            .last_row()
            .find(|entry| self.text.keys.get(*entry) == key)
            .map(|entry| self.text.values.get(entry))
            .filter(|text| !text.is_empty())
    }

    pub fn truncate(&mut self, rows: usize) {
        self.text.truncate(rows);
        self.int.truncate(rows);
        self.float.truncate(rows);
        self.bool.truncate(rows);
        self.other.truncate(rows);
    }

    pub fn commit(&mut self) {
        self.text.keys.commit();
        self.int.keys.commit();
        self.float.keys.commit();
        self.bool.keys.commit();
        self.other.keys.commit();
    }

    pub fn into_arrays(self) -> Result<[ArrayRef; 5], ArrowError> {
        Ok([
            self.text.into_array()?,
            self.int.into_array()?,
            self.float.into_array()?,
            self.bool.into_array()?,
            self.other.into_array()?,
        ])
    }
}

/// The attributes of events or links: strings, and every other type as an AnyValue message.
#[derive(Default)]
pub struct ItemAttributes {
    pub text: Map<Texts>,
    pub other: Map<Blobs>,
}

impl ItemAttributes {
    pub fn add(&mut self, attribute: &[u8]) -> Result<(), Problem> {
        if let Some((key, text)) = plain_string_attribute(attribute) {
            self.text.keys.push(key)?;
            self.text.values.push_text(text)?;
            return Ok(());
        }
        let (key, value) = read_key_value(attribute)?;
        if let Any::Text(text) = Any::read(&value)? {
            self.text.keys.push(key)?;
            self.text.values.push_text(text)?;
        } else {
            self.other.keys.push(key)?;
            self.other.values.push(&value)?;
        }
        Ok(())
    }

    pub fn end_row(&mut self) -> Result<(), Full> {
        self.text.end_row()?;
        self.other.end_row()
    }

    pub fn truncate(&mut self, rows: usize) {
        self.text.truncate(rows);
        self.other.truncate(rows);
    }

    pub fn commit(&mut self) {
        self.text.keys.commit();
        self.other.keys.commit();
    }
}
