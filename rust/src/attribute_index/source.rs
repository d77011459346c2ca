//! The values of a column of attributes, whatever their type.

use std::io::Write as _;

use xxhash_rust::xxh3::xxh3_64_with_seed;
use xxhash_rust::xxh64::xxh64;

use super::Type;
use crate::attributes::Any;
use crate::columns::{Blobs, Texts, Values};
use crate::dictionary::seed;

/// The longest text that is listed.
const LONGEST: usize = 128;

/// Values by the number of their entry.
pub trait Source {
    /// Whether values have a text, by which they are told apart.
    fn tells(&self) -> bool {
        true
    }

    /// Whether the entry is of this type at all.
    fn has(&self, entry: usize) -> bool {
        let _ = entry;
        true
    }

    /// Equal for equal values, different for others but for accidents of 64 bits; a sender cannot
    /// choose values whose upper bits agree.
    fn key(&self, entry: usize) -> u64;

    fn text(&self, entry: usize, out: &mut Vec<u8>);

    /// Of the value's text, as `xxHash64` in SQL has it.
    fn hash(&self, entry: usize) -> u64 {
        let mut text = Vec::new();
        self.text(entry, &mut text);
        xxh64(&text, 0)
    }

    fn listed(&self, entry: usize) -> bool {
        let _ = entry;
        true
    }

    fn number(&self, entry: usize) -> f64 {
        let _ = entry;
        f64::NAN
    }
}

pub struct Strings<'a>(pub &'a Texts, pub u64);

impl Source for Strings<'_> {
    #[inline]
    fn key(&self, entry: usize) -> u64 {
        let text = self.0.get(entry);
        // A seed for each length: texts of different lengths may have the same words.
        let seed = self.1.wrapping_add((text.len() as u64).wrapping_mul(ODD));
        match (
            text.first_chunk::<8>(),
            text.last_chunk::<8>(),
            text.first_chunk::<16>(),
            text.last_chunk::<16>(),
        ) {
            (Some(first), Some(last), _, _) if text.len() <= 16 => {
                fold(word(*first), word(*last), seed)
            }
            (_, _, Some(first), Some(last)) if text.len() <= 32 => {
                let ([a, b], [c, d]) = (words(first), words(last));
                fold(a, b, seed) ^ fold(c, d, seed.rotate_left(32) ^ ODD)
            }
            (None, _, _, _) => {
                let short = text
                    .iter()
                    .fold(0, |word, byte| word << 8 | u64::from(*byte));
                fold(short, 0, seed)
            }
            _ => xxh3_64_with_seed(text, self.1),
        }
    }

    fn text(&self, entry: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.get(entry));
    }

    fn hash(&self, entry: usize) -> u64 {
        xxh64(self.0.get(entry), 0)
    }

    fn listed(&self, entry: usize) -> bool {
        self.0.get(entry).len() <= LONGEST
    }
}

pub struct Ints<'a>(pub &'a [i64]);

impl Source for Ints<'_> {
    fn key(&self, entry: usize) -> u64 {
        scatter(get(self.0, entry).cast_unsigned())
    }

    fn text(&self, entry: usize, out: &mut Vec<u8>) {
        let _ = write!(out, "{}", get(self.0, entry));
    }

    #[allow(clippy::cast_precision_loss)] // rounding keeps the order, and bounds are rounded alike
    fn number(&self, entry: usize) -> f64 {
        get(self.0, entry) as f64
    }
}

pub struct Floats<'a>(pub &'a [f64]);

impl Source for Floats<'_> {
    fn key(&self, entry: usize) -> u64 {
        let float = get(self.0, entry);
        scatter(if float.is_nan() { f64::NAN } else { float }.to_bits())
    }

    fn text(&self, entry: usize, out: &mut Vec<u8>) {
        float_text(get(self.0, entry), out);
    }

    fn number(&self, entry: usize) -> f64 {
        get(self.0, entry)
    }
}

pub struct Bools<'a>(pub &'a [bool]);

impl Source for Bools<'_> {
    fn key(&self, entry: usize) -> u64 {
        scatter(get(self.0, entry).into())
    }

    fn text(&self, entry: usize, out: &mut Vec<u8>) {
        let _ = write!(out, "{}", get(self.0, entry));
    }
}

/// Bytes, arrays, maps and nothing: they have no text.
pub struct Others;

impl Source for Others {
    fn tells(&self) -> bool {
        false
    }

    fn key(&self, _: usize) -> u64 {
        0
    }

    fn text(&self, _: usize, _: &mut Vec<u8>) {}
}

/// What an AnyValue in a column without types is.
#[derive(Clone, Copy)]
pub enum Scalar {
    Int(i64),
    Float(f64),
    Bool(bool),
    Other,
}

pub fn decode(values: &Blobs) -> Vec<Scalar> {
    let each = 0..values.len();
    each.map(|entry| match Any::read(values.get(entry)) {
        Ok(Any::Int(int)) => Scalar::Int(int),
        Ok(Any::Float(float)) => Scalar::Float(float),
        Ok(Any::Bool(truth)) => Scalar::Bool(truth),
        _ => Scalar::Other,
    })
    .collect()
}

/// Those of one type.
pub struct Decoded<'a>(pub &'a [Scalar], pub Type);

impl Decoded<'_> {
    fn get(&self, entry: usize) -> Scalar {
        self.0.get(entry).copied().unwrap_or(Scalar::Other)
    }
}

impl Source for Decoded<'_> {
    fn has(&self, entry: usize) -> bool {
        let kind = match self.get(entry) {
            Scalar::Int(_) => Type::Int,
            Scalar::Float(_) => Type::Float,
            Scalar::Bool(_) => Type::Bool,
            Scalar::Other => Type::Other,
        };
        kind == self.1
    }

    fn key(&self, entry: usize) -> u64 {
        match self.get(entry) {
            Scalar::Int(int) => Ints(&[int]).key(0),
            Scalar::Float(float) => Floats(&[float]).key(0),
            Scalar::Bool(truth) => Bools(&[truth]).key(0),
            Scalar::Other => 0,
        }
    }

    fn text(&self, entry: usize, out: &mut Vec<u8>) {
        match self.get(entry) {
            Scalar::Int(int) => Ints(&[int]).text(0, out),
            Scalar::Float(float) => Floats(&[float]).text(0, out),
            Scalar::Bool(truth) => Bools(&[truth]).text(0, out),
            Scalar::Other => {}
        }
    }

    fn tells(&self) -> bool {
        self.1 != Type::Other
    }

    fn number(&self, entry: usize) -> f64 {
        match self.get(entry) {
            Scalar::Int(int) => Ints(&[int]).number(0),
            Scalar::Float(float) => float,
            Scalar::Bool(_) | Scalar::Other => f64::NAN,
        }
    }
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// One multiplication of words that the sender does not know.
#[inline]
fn fold(first: u64, last: u64, seed: u64) -> u64 {
    let product = u128::from(first ^ seed) * u128::from(last ^ ODD ^ seed.rotate_left(17));
    (product >> 64) as u64 ^ product as u64
}

#[inline]
fn word(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes)
}

#[inline]
fn words(bytes: &[u8; 16]) -> [u64; 2] {
    match bytes.as_chunks::<8>().0 {
        [first, last] => [word(*first), word(*last)],
        _ => [0; 2],
    }
}

/// Two numbers never share a key.
#[inline]
fn scatter(number: u64) -> u64 {
    let seed = seed();
    (number ^ seed).wrapping_mul(seed.rotate_left(29) | 1)
}

fn get<T: Copy + Default>(values: &[T], entry: usize) -> T {
    values.get(entry).copied().unwrap_or_default()
}

/// As in JSON, but without the quotes of NaN and the infinities.
fn float_text(float: f64, out: &mut Vec<u8>) {
    let _ = if float.is_infinite() {
        out.write_all(if float > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        })
    } else {
        write!(out, "{float:?}")
    };
}
