//! Text columns with few distinct values: each value once, and a code per row.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow_array::types::{Int32Type, Utf8Type};
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray};
use arrow_schema::ArrowError;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::columns::{Full, Values, VarBytes, repeat_last};
use crate::wire::repaired;

/// One process, one seed: a sender cannot choose values that collide.
pub fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| RandomState::new().hash_one(0_u8))
}

/// Attribute names are short: two overlapping words and one multiplication, folded; longer texts
/// take xxh3.
#[inline]
fn hash(text: &[u8], seed: u64) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let length = text.len() as u64;
    let (first, last) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) if text.len() <= 16 => {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        }
        (Some(_), _) => return xxh3_64_with_seed(text, seed),
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => (
                u32::from_le_bytes(*first).into(),
                u32::from_le_bytes(*last).into(),
            ),
            _ => (
                text.iter()
                    .fold(0, |word, byte| word << 8 | u64::from(*byte)),
                0,
            ),
        },
    };
    let product = u128::from(first ^ seed) * u128::from(last ^ ODD ^ seed.rotate_left(32) ^ length);
    (product >> 64) as u64 ^ product as u64
}

/// As `==`, without a call for short texts.
#[inline]
fn equal(known: &[u8], text: &[u8]) -> bool {
    if known.len() != text.len() {
        return false;
    }
    match (
        known.first_chunk::<8>(),
        text.first_chunk::<8>(),
        known.last_chunk::<8>(),
        text.last_chunk::<8>(),
    ) {
        (Some(a), Some(b), Some(c), Some(d)) if text.len() <= 16 => a == b && c == d,
        (None, _, _, _) => equal_short(known, text),
        _ => known == text,
    }
}

/// Of equal lengths below 8.
#[inline]
fn equal_short(known: &[u8], text: &[u8]) -> bool {
    match (
        known.first_chunk::<4>(),
        text.first_chunk::<4>(),
        known.last_chunk::<4>(),
        text.last_chunk::<4>(),
    ) {
        (Some(a), Some(b), Some(c), Some(d)) => a == b && c == d,
        _ => known == text,
    }
}

/// A slot of the table: half of the hash above the code plus one; zero is empty.
type Slot = u64;

fn slot(hash: u64, code: usize) -> Slot {
    hash & HASH | (code as u64 + 1)
}

const HASH: u64 = !0xffff_ffff;

/// The distinct values, found by an open-addressing table that is at most half full.
struct Dictionary {
    values: VarBytes<Utf8Type>,
    table: Vec<Slot>,
    seed: u64,
}

impl Dictionary {
    fn new() -> Self {
        Self {
            values: VarBytes::default(),
            table: vec![0; 64],
            seed: seed(),
        }
    }

    #[inline]
    fn code(&mut self, text: &[u8]) -> Result<i32, Full> {
        let hash = hash(text, self.seed);
        match self.find(text, hash) {
            Some(code) => Ok(code),
            None => self.add(text, hash),
        }
    }

    #[inline]
    fn find(&self, text: &[u8], hash: u64) -> Option<i32> {
        let mask = self.table.len() - 1;
        let mut index = hash as usize & mask;
        loop {
            let slot = *self.table.get(index)?;
            if slot == 0 {
                return None;
            }
            if (slot ^ hash) & HASH == 0 {
                let code = (slot & !HASH) as usize - 1;
                if equal(self.values.get(code), text) {
                    return i32::try_from(code).ok();
                }
            }
            index = (index + 1) & mask;
        }
    }

    /// A value that is found is text already, so only new ones are looked at.
    #[cold]
    fn add(&mut self, text: &[u8], hash: u64) -> Result<i32, Full> {
        let value = repaired(text);
        if *value != *text {
            return self.code(&value);
        }
        let code = self.values.len();
        self.values.push(text)?;
        if (code + 1) * 2 > self.table.len() {
            self.index(self.table.len() * 2);
        } else {
            insert(&mut self.table, slot(hash, code), hash);
        }
        i32::try_from(code).map_err(|_| Full)
    }

    fn index(&mut self, size: usize) {
        self.table.clear();
        self.table.resize(size, 0);
        for code in 0..self.values.len() {
            let hash = hash(self.values.get(code), self.seed);
            insert(&mut self.table, slot(hash, code), hash);
        }
    }

    fn truncate(&mut self, length: usize) {
        if length < self.values.len() {
            self.values.truncate(length);
            self.index(self.table.len());
        }
    }
}

fn insert(table: &mut [Slot], new: Slot, hash: u64) {
    let mask = table.len() - 1;
    let mut index = hash as usize & mask;
    while let Some(slot) = table.get_mut(index) {
        if *slot == 0 {
            *slot = new;
            return;
        }
        index = (index + 1) & mask;
    }
}

/// A column of codes with its dictionary.
pub struct Codes {
    rows: Vec<i32>,
    dictionary: Dictionary,
    committed: usize,
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            dictionary: Dictionary::new(),
            committed: 0,
        }
    }
}

impl Codes {
    #[inline]
    pub fn push(&mut self, text: &[u8]) -> Result<(), Full> {
        let code = self.dictionary.code(text)?;
        self.rows.push(code);
        Ok(())
    }

    pub fn repeat_last(&mut self, times: usize) {
        repeat_last(&mut self.rows, times);
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> &[u8] {
        self.rows.get(row).map_or(&[], |code| {
            self.dictionary.values.get(code.cast_unsigned() as usize)
        })
    }

    pub fn codes(&self) -> &[i32] {
        &self.rows
    }

    /// How many different texts there are; their codes are the numbers below.
    pub fn distinct(&self) -> usize {
        self.dictionary.values.len()
    }

    pub fn text(&self, code: usize) -> &[u8] {
        self.dictionary.values.get(code)
    }

    /// Later truncations keep the values added so far.
    pub fn commit(&mut self) {
        self.committed = self.dictionary.values.len();
    }
}

impl Values for Codes {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn truncate(&mut self, length: usize) {
        self.rows.truncate(length);
        self.dictionary.truncate(self.committed);
    }

    fn repeat(&mut self, rows: Range<usize>, times: usize) -> Result<(), Full> {
        self.rows.repeat(rows, times)
    }

    fn into_array(mut self) -> Result<ArrayRef, ArrowError> {
        if self.dictionary.values.len() == 0 {
            // Readers dislike a dictionary without any value.
            self.dictionary
                .values
                .push(b"")
                .map_err(|_| ArrowError::OffsetOverflowError(0))?;
        }
        let codes = PrimitiveArray::<Int32Type>::new(self.rows.into(), None);
        Ok(Arc::new(DictionaryArray::try_new(
            codes,
            self.dictionary.values.into_array()?,
        )?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_a_code_and_keep_it_as_the_table_grows() {
        let mut codes = Codes::default();
        for round in 0..2 {
            for value in 0..10_000 {
                codes.push(format!("value {value}").as_bytes()).unwrap();
                assert_eq!(codes.rows.last(), Some(&value), "round {round}");
            }
        }
        assert_eq!(codes.get(10_007), b"value 7");
        assert_eq!(codes.dictionary.values.len(), 10_000);
    }

    #[test]
    fn truncation_forgets_what_was_not_committed() {
        let mut codes = Codes::default();
        codes.push(b"kept").unwrap();
        codes.commit();
        for value in 0..1000 {
            codes.push(format!("value {value}").as_bytes()).unwrap();
        }
        codes.truncate(1);
        assert_eq!((codes.len(), codes.dictionary.values.len()), (1, 1));
        codes.push(b"new").unwrap();
        codes.push(b"kept").unwrap();
        assert_eq!(codes.rows, [0, 1, 0]);
    }

    #[test]
    fn broken_text_shares_the_code_of_its_repaired_form() {
        let mut codes = Codes::default();
        for text in [&b"a\xff"[..], "a\u{fffd}".as_bytes(), b"a\xfe"] {
            codes.push(text).unwrap();
        }
        assert_eq!(codes.rows, [0, 0, 0]);
    }
}
