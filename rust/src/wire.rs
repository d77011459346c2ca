//! Protobuf's wire format, as the reference parsers read it: a cursor over borrowed bytes and a
//! writer with back-patched lengths.
//!
//! Stricter than some: a tag or a length of more than five bytes, groups and field number 0 are
//! faults.

use std::borrow::Cow;
use std::fmt;

/// What is wrong with the framing of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A field or a length reaches past the end of its message.
    Truncated,
    /// A varint of more than ten bytes, or a tag or length of more than five.
    Varint,
    /// Field number 0.
    FieldZero,
    /// Wire types 3 and 4 (groups), 6 and 7 (undefined).
    WireType(u8),
    /// A field of OTLP with another wire type than its own.
    Mismatch(u32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("a field reaches past the end of its message"),
            Self::Varint => f.write_str("a varint is too long"),
            Self::FieldZero => f.write_str("a field has number 0"),
            Self::WireType(kind) => write!(f, "a field has wire type {kind}"),
            Self::Mismatch(number) => {
                write!(f, "field {number} has a wire type that is not its own")
            }
        }
    }
}

/// The value of one field, uninterpreted.
// Payloads at one aligned place: packed closer, they are stored in pieces and loaded whole, and the
// core waits for that at every field (a quarter of the time of decoding).
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub number: u32,
    pub value: Value<'a>,
}

/// Walks the fields of one message.
// Inlined by force: the field then stays in registers, which doubles the speed of a walk.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

#[allow(clippy::inline_always)] // as said above, measured
impl<'a> Reader<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next field, or `None` at the end of the message.
    #[inline(always)]
    pub fn field(&mut self) -> Result<Option<Field<'a>>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.short_varint()?;
        let number = tag >> 3;
        if number == 0 {
            return Err(Fault::FieldZero);
        }
        let value = match tag & 7 {
            2 => Value::Bytes(self.bytes()?),
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(*self.take_array()?)),
            5 => Value::Fixed32(u32::from_le_bytes(*self.take_array()?)),
            kind => return Err(Fault::WireType(kind as u8)),
        };
        Ok(Some(Field { number, value }))
    }

    /// As `field`, with the field's own bytes, tag included.
    pub fn field_with_bytes(&mut self) -> Result<Option<(Field<'a>, &'a [u8])>, Fault> {
        let before = self.rest;
        let Some(field) = self.field()? else {
            return Ok(None);
        };
        let whole = before
            .get(..before.len() - self.rest.len())
            .unwrap_or_default();
        Ok(Some((field, whole)))
    }

    #[inline(always)]
    fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.short_varint()? as usize;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline(always)]
    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], Fault> {
        let (array, rest) = self.rest.split_first_chunk::<N>().ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(array)
    }

    /// A tag or a length: at most five bytes and 32 bits.
    #[inline(always)]
    fn short_varint(&mut self) -> Result<u32, Fault> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u32::from(*byte))
            }
            [low, high, rest @ ..] if *high < 0x80 => {
                self.rest = rest;
                Ok(u32::from(*low & 0x7f) | u32::from(*high) << 7)
            }
            _ => u32::try_from(self.long_varint(5)?).map_err(|_| Fault::Varint),
        }
    }

    #[inline(always)]
    fn varint(&mut self) -> Result<u64, Fault> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(10),
        }
    }

    /// Bits above the 64th are dropped, as the reference parsers do.
    #[cold]
    fn long_varint(&mut self, most: usize) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for (index, byte) in self.rest.iter().take(most).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(if self.rest.len() < most {
            Fault::Truncated
        } else {
            Fault::Varint
        })
    }
}

/// Whether bytes are UTF-8; quick for the short ASCII strings that telemetry is made of.
#[inline]
pub fn is_utf8(bytes: &[u8]) -> bool {
    is_ascii(bytes) || is_other_utf8(bytes)
}

#[cold]
fn is_other_utf8(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Overlapping words instead of a loop over the tail.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let mut seen = u64::from_le_bytes(*first) | u64::from_le_bytes(*last);
        if bytes.len() > 16 {
            for word in bytes.as_chunks::<8>().0 {
                seen |= u64::from_le_bytes(*word);
            }
        }
        return seen & HIGH == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return (u32::from_le_bytes(*first) | u32::from_le_bytes(*last)) & HIGH as u32 == 0;
    }
    bytes.iter().all(u8::is_ascii)
}

/// Text as it is stored: what is not UTF-8 becomes U+FFFD.
#[inline]
pub fn repaired(bytes: &[u8]) -> Cow<'_, [u8]> {
    if is_utf8(bytes) {
        Cow::Borrowed(bytes)
    } else {
        Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into_bytes())
    }
}

/// How many bytes `repaired` adds to a text that is not UTF-8.
pub fn repair_growth(bytes: &[u8]) -> usize {
    bytes
        .utf8_chunks()
        .filter(|chunk| !chunk.invalid().is_empty())
        .map(|chunk| char::REPLACEMENT_CHARACTER.len_utf8() - chunk.invalid().len())
        .sum()
}

/// Occurrences of one singular message field: protobuf merges them, and the merge of messages is
/// their concatenation.
#[inline]
pub fn merge<'a>(whole: &mut Cow<'a, [u8]>, next: &'a [u8]) {
    if whole.is_empty() {
        *whole = Cow::Borrowed(next);
    } else {
        whole.to_mut().extend_from_slice(next);
    }
}

/// Writes messages. A nested message's length is not known before its end: a place is kept for it
/// and, if that was the wrong width, the message is moved.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
}

/// The start of an open nested message.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Open {
    start: usize,
    kept: usize,
    padded: bool,
}

/// The longest length that readers accept.
const LONGEST: usize = 5;

impl Writer {
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(capacity),
        }
    }

    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    pub fn truncate(&mut self, length: usize) {
        self.buffer.truncate(length);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }

    /// Bytes that are fields already.
    pub fn raw(&mut self, fields: &[u8]) {
        self.buffer.extend_from_slice(fields);
    }

    pub fn byte(&mut self, byte: u8) {
        self.buffer.push(byte);
    }

    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    fn tag(&mut self, number: u32, wire_type: u8) {
        self.varint(u64::from(number << 3 | u32::from(wire_type)));
    }

    pub fn varint_field(&mut self, number: u32, value: u64) {
        self.tag(number, 0);
        self.varint(value);
    }

    pub fn fixed64_field(&mut self, number: u32, value: u64) {
        self.tag(number, 1);
        self.raw(&value.to_le_bytes());
    }

    pub fn fixed32_field(&mut self, number: u32, value: u32) {
        self.tag(number, 5);
        self.raw(&value.to_le_bytes());
    }

    pub fn bytes_field(&mut self, number: u32, bytes: &[u8]) {
        self.tag(number, 2);
        self.varint(bytes.len() as u64);
        self.raw(bytes);
    }

    /// Opens a nested message or a string; `kept` bytes are set aside for its length.
    pub fn open(&mut self, number: u32, kept: usize) -> Open {
        self.tag(number, 2);
        self.buffer.resize(self.buffer.len() + kept, 0);
        Open {
            start: self.buffer.len(),
            kept,
            padded: false,
        }
    }

    /// As `open`; the length takes five bytes whatever it is, so that closing never moves the
    /// message.
    pub fn open_padded(&mut self, number: u32) -> Open {
        Open {
            padded: true,
            ..self.open(number, LONGEST)
        }
    }

    pub fn close(&mut self, open: Open) {
        let mut left = self.buffer.len().saturating_sub(open.start);
        let mut prefix = [0_u8; LONGEST];
        let mut width = 0;
        for byte in &mut prefix {
            width += 1;
            *byte = left as u8 & 0x7f;
            left >>= 7;
            if left == 0 && (!open.padded || width == LONGEST) {
                break;
            }
            *byte |= 0x80;
        }
        let place = open.start.saturating_sub(open.kept)..open.start;
        let prefix = prefix.get(..width).unwrap_or_default();
        match self.buffer.get_mut(place.clone()) {
            Some(kept) if kept.len() == width => kept.copy_from_slice(prefix),
            _ => drop(self.buffer.splice(place, prefix.iter().copied())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, Fault> {
        let mut reader = Reader::new(message);
        let mut all = Vec::new();
        while let Some(field) = reader.field()? {
            all.push(field);
        }
        Ok(all)
    }

    #[test]
    fn every_wire_type_is_read() {
        let mut writer = Writer::default();
        writer.varint_field(1, u64::MAX);
        writer.fixed64_field(2, 5);
        writer.fixed32_field(16, 6);
        writer.bytes_field(536_870_911, b"text");
        let bytes = writer.into_bytes();
        let values: Vec<_> = fields(&bytes)
            .unwrap()
            .iter()
            .map(|field| (field.number, field.value))
            .collect();
        assert_eq!(
            values,
            [
                (1, Value::Varint(u64::MAX)),
                (2, Value::Fixed64(5)),
                (16, Value::Fixed32(6)),
                (536_870_911, Value::Bytes(b"text"))
            ]
        );
    }

    #[test]
    fn faults_have_names() {
        assert_eq!(fields(b"\x00\x01"), Err(Fault::FieldZero));
        assert_eq!(fields(b"\x0b"), Err(Fault::WireType(3)));
        assert_eq!(fields(b"\x0f"), Err(Fault::WireType(7)));
        assert_eq!(fields(b"\x0a\x02a"), Err(Fault::Truncated));
        assert_eq!(fields(b"\x08"), Err(Fault::Truncated));
        assert_eq!(fields(b"\x08\x80"), Err(Fault::Truncated));
        assert_eq!(fields(b"\x0d\x01\x02\x03"), Err(Fault::Truncated));
        assert_eq!(
            fields(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            Err(Fault::Varint)
        );
        assert_eq!(fields(b"\x0a\x80\x80\x80\x80\x80\x00"), Err(Fault::Varint));
        assert_eq!(fields(b"\xff\xff\xff\xff\x7f"), Err(Fault::Varint));
    }

    #[test]
    fn nested_lengths_fit_whatever_place_was_kept() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            for kept in 0..5 {
                let mut writer = Writer::default();
                let outer = writer.open(1, kept);
                writer.bytes_field(2, &vec![7; length]);
                writer.close(outer);
                let bytes = writer.into_bytes();
                let [
                    Field {
                        number: 1,
                        value: Value::Bytes(inner),
                    },
                ] = fields(&bytes).unwrap()[..]
                else {
                    panic!("length {length}, kept {kept}")
                };
                assert_eq!(
                    fields(inner).unwrap(),
                    [Field {
                        number: 2,
                        value: Value::Bytes(&vec![7; length])
                    }]
                );
            }
            let mut writer = Writer::default();
            let outer = writer.open_padded(1);
            writer.raw(&vec![7; length]);
            writer.close(outer);
            let bytes = writer.into_bytes();
            assert_eq!(bytes.len(), length + 6);
            assert_eq!(
                fields(&bytes).unwrap(),
                [Field {
                    number: 1,
                    value: Value::Bytes(&vec![7; length])
                }]
            );
        }
    }

    #[test]
    fn ascii_check_agrees_with_the_library() {
        for length in 0..70 {
            assert!(is_ascii(&vec![b'a'; length]));
            for bad in 0..length {
                let mut text = vec![b'a'; length];
                text[bad] = 0x80;
                assert!(!is_ascii(&text), "length {length}, position {bad}");
            }
        }
    }

    #[test]
    fn repair_growth_is_exact() {
        for text in [
            &b"plain"[..],
            b"a\xffb",
            b"\xf0\x9f\x98",
            b"\xed\xa0\x80",
            b"\xc3\x28\xe2\x82",
            b"\xff\xfe\xfd",
        ] {
            assert_eq!(
                repaired(text).len(),
                text.len() + repair_growth(text),
                "{text:?}"
            );
        }
    }
}
