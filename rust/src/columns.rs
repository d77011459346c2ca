//! Growing Arrow columns: plain buffers that are appended to, repeated and truncated, and become
//! arrays at the end.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::{
    BinaryType, ByteArrayType, Float64Type, Int8Type, Int32Type, Int64Type, UInt16Type, UInt32Type,
    UInt64Type, Utf8Type,
};
use arrow_array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, GenericByteArray, ListArray, MapArray,
    PrimitiveArray, StructArray,
};
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType};

use crate::dictionary::Codes;
use crate::schema;
use crate::wire::{is_utf8, repaired};

/// A column would need offsets of more than 31 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A column of one value per row.
#[allow(clippy::len_without_is_empty)] // nobody asks
pub trait Values {
    fn len(&self) -> usize;
    /// Forgets all rows from this one on; does nothing when there are fewer.
    fn truncate(&mut self, length: usize);
    /// Appends earlier rows again, as many times; they must exist.
    fn repeat(&mut self, rows: Range<usize>, times: usize) -> Result<(), Full>;
    fn into_array(self) -> Result<ArrayRef, ArrowError>;
}

macro_rules! number_columns {
    ($($native:ty = $arrow:ty),*) => {$(
        impl Values for Vec<$native> {
            fn len(&self) -> usize {
                self.len()
            }

            fn truncate(&mut self, length: usize) {
                self.truncate(length);
            }

            fn repeat(&mut self, rows: Range<usize>, times: usize) -> Result<(), Full> {
                repeat(self, rows, times);
                Ok(())
            }

            fn into_array(self) -> Result<ArrayRef, ArrowError> {
                Ok(Arc::new(PrimitiveArray::<$arrow>::new(self.into(), None)))
            }
        }
    )*};
}

number_columns!(
    u16 = UInt16Type,
    u32 = UInt32Type,
    u64 = UInt64Type,
    i64 = Int64Type,
    i32 = Int32Type,
    i8 = Int8Type,
    f64 = Float64Type
);

impl Values for Vec<bool> {
    fn len(&self) -> usize {
        self.len()
    }

    fn truncate(&mut self, length: usize) {
        self.truncate(length);
    }

    fn repeat(&mut self, rows: Range<usize>, times: usize) -> Result<(), Full> {
        repeat(self, rows, times);
        Ok(())
    }

    fn into_array(self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(BooleanArray::from(self)))
    }
}

impl<const N: usize> Values for Vec<[u8; N]> {
    fn len(&self) -> usize {
        self.len()
    }

    fn truncate(&mut self, length: usize) {
        self.truncate(length);
    }

    fn repeat(&mut self, rows: Range<usize>, times: usize) -> Result<(), Full> {
        repeat(self, rows, times);
        Ok(())
    }

    fn into_array(self) -> Result<ArrayRef, ArrowError> {
        let rows = self.len();
        let bytes = Buffer::from_vec(self.into_flattened());
        let width = i32::try_from(N).map_err(|_| ArrowError::OffsetOverflowError(N))?;
        Ok(Arc::new(FixedSizeBinaryArray::try_new_with_len(
            width, bytes, None, rows,
        )?))
    }
}

/// Strings or byte strings.
pub struct VarBytes<T> {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    kind: PhantomData<T>,
}

pub type Texts = VarBytes<Utf8Type>;
pub type Blobs = VarBytes<BinaryType>;

impl<T> Default for VarBytes<T> {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            bytes: Vec::new(),
            kind: PhantomData,
        }
    }
}

impl<T> VarBytes<T> {
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        match (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
            // The usual length: two overlapping copies of fixed size are cheaper than a call.
            (Some(first), Some(last)) if bytes.len() <= 32 => {
                let end = self.bytes.len() + bytes.len();
                self.bytes.reserve(32);
                self.bytes.extend_from_slice(first);
                self.bytes.truncate(end - 16);
                self.bytes.extend_from_slice(last);
            }
            _ => self.bytes.extend_from_slice(bytes),
        }
        self.offsets.push(offset(self.bytes.len())?);
        Ok(())
    }

    #[inline]
    pub fn get(&self, row: usize) -> &[u8] {
        self.bytes
            .get(span(&self.offsets, row..row + 1))
            .unwrap_or_default()
    }
}

impl Texts {
    /// What is not UTF-8 is repaired.
    #[inline]
    pub fn push_text(&mut self, text: &[u8]) -> Result<(), Full> {
        if is_utf8(text) {
            self.push(text)
        } else {
            self.push_broken(text)
        }
    }

    #[cold]
    fn push_broken(&mut self, text: &[u8]) -> Result<(), Full> {
        self.push(&repaired(text))
    }
}

impl<T: ByteArrayType<Offset = i32>> Values for VarBytes<T> {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn truncate(&mut self, length: usize) {
        self.offsets.truncate(length + 1);
        self.bytes.truncate(last(&self.offsets));
    }

    fn repeat(&mut self, rows: Range<usize>, times: usize) -> Result<(), Full> {
        let bytes = span(&self.offsets, rows.clone());
        let step = offset(bytes.len())?;
        offset(
            bytes
                .len()
                .saturating_mul(times)
                .saturating_add(self.bytes.len()),
        )?;
        let mut shift = offset(self.bytes.len())? - offset(bytes.start)?;
        repeat(&mut self.bytes, bytes.clone(), times);
        self.offsets.reserve(rows.len() * times);
        for _ in 0..times {
            let repeated = self.offsets.len();
            self.offsets.extend_from_within(rows.start + 1..=rows.end);
            for end in self.offsets.iter_mut().skip(repeated) {
                *end += shift;
            }
            shift = shift.saturating_add(step); // one more than is used
        }
        Ok(())
    }

    fn into_array(self) -> Result<ArrayRef, ArrowError> {
        let offsets = OffsetBuffer::new(self.offsets.into());
        Ok(Arc::new(GenericByteArray::<T>::try_new(
            offsets,
            Buffer::from_vec(self.bytes),
            None,
        )?))
    }
}

/// Map from an attribute's name to its value, entries in the order sent.
pub struct Map<V> {
    offsets: Vec<i32>,
    pub keys: Codes,
    pub values: V,
}

impl<V: Default> Default for Map<V> {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            keys: Codes::default(),
            values: V::default(),
        }
    }
}

impl<V: Values> Map<V> {
    /// The entries since the last end are a row.
    #[inline]
    pub fn end_row(&mut self) -> Result<(), Full> {
        self.offsets.push(offset(self.keys.len())?);
        Ok(())
    }

    /// The last row, as many times more.
    pub fn repeat_row(&mut self, times: usize) -> Result<(), Full> {
        let entries = self.last_row();
        let rows = self.offsets.len();
        let step = offset(entries.len())?;
        let mut end = offset(self.keys.len())?;
        offset(
            entries
                .len()
                .saturating_mul(times)
                .saturating_add(self.keys.len()),
        )?;
        if !entries.is_empty() {
            self.keys.repeat(entries.clone(), times)?;
            self.values.repeat(entries, times)?;
        }
        self.offsets.resize_with(rows + times, || {
            end += step;
            end
        });
        Ok(())
    }

    #[inline]
    pub fn entries(&self, row: usize) -> Range<usize> {
        span(&self.offsets, row..row + 1)
    }

    /// Entries of the last row.
    pub fn last_row(&self) -> Range<usize> {
        self.entries(self.offsets.len().saturating_sub(2))
    }
}

impl<V: Values> Values for Map<V> {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn truncate(&mut self, length: usize) {
        self.offsets.truncate(length + 1);
        self.keys.truncate(last(&self.offsets));
        self.values.truncate(last(&self.offsets));
    }

    fn repeat(&mut self, rows: Range<usize>, times: usize) -> Result<(), Full> {
        for row in (0..times).flat_map(|_| rows.clone()) {
            let entries = span(&self.offsets, row..row + 1);
            self.keys.repeat(entries.clone(), 1)?;
            self.values.repeat(entries, 1)?;
            self.end_row()?;
        }
        Ok(())
    }

    fn into_array(self) -> Result<ArrayRef, ArrowError> {
        let values = self.values.into_array()?;
        let DataType::Map(entries, sorted) = schema::map(values.data_type().clone()) else {
            return Err(ArrowError::SchemaError(
                "a map's type is not a map".to_owned(),
            ));
        };
        let DataType::Struct(fields) = entries.data_type() else {
            return Err(ArrowError::SchemaError(
                "a map's entries are not a struct".to_owned(),
            ));
        };
        let pairs =
            StructArray::try_new(fields.clone(), vec![self.keys.into_array()?, values], None)?;
        let offsets = OffsetBuffer::new(self.offsets.into());
        Ok(Arc::new(MapArray::try_new(
            entries, offsets, pairs, None, sorted,
        )?))
    }
}

/// Where the items of each row end; parallel list columns share it.
pub struct Rows(Vec<i32>);

impl Default for Rows {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl Rows {
    #[inline]
    pub fn end_row(&mut self, items: usize) -> Result<(), Full> {
        self.0.push(offset(items)?);
        Ok(())
    }

    pub fn items(&self, row: usize) -> Range<usize> {
        span(&self.0, row..row + 1)
    }

    /// Returns how many items remain.
    pub fn truncate(&mut self, length: usize) -> usize {
        self.0.truncate(length + 1);
        last(&self.0)
    }

    pub fn offsets(self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(self.0.into())
    }
}

pub fn list(offsets: &OffsetBuffer<i32>, items: impl Values) -> Result<ArrayRef, ArrowError> {
    let items = items.into_array()?;
    let field = schema::item(items.data_type().clone());
    Ok(Arc::new(ListArray::try_new(
        field,
        offsets.clone(),
        items,
        None,
    )?))
}

/// The last value, as many times more.
pub fn repeat_last<T: Copy>(column: &mut Vec<T>, times: usize) {
    if let Some(last) = column.last().copied() {
        column.resize(column.len() + times, last);
    }
}

fn repeat<T: Copy>(column: &mut Vec<T>, rows: Range<usize>, times: usize) {
    column.reserve(rows.len().saturating_mul(times));
    for _ in 0..times {
        column.extend_from_within(rows.clone());
    }
}

#[inline]
fn offset(length: usize) -> Result<i32, Full> {
    i32::try_from(length).map_err(|_| Full)
}

fn last(offsets: &[i32]) -> usize {
    offsets.last().map_or(0, |end| end.cast_unsigned() as usize)
}

/// What rows cover, by their offsets; empty when there is no such row.
#[inline]
fn span(offsets: &[i32], rows: Range<usize>) -> Range<usize> {
    match (offsets.get(rows.start), offsets.get(rows.end)) {
        (Some(start), Some(end)) => start.cast_unsigned() as usize..end.cast_unsigned() as usize,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_repeated_and_truncated() {
        let mut map = Map::<Texts>::default();
        for (key, value) in [("a", "1"), ("b", "22")] {
            map.keys.push(key.as_bytes()).unwrap();
            map.values.push_text(value.as_bytes()).unwrap();
        }
        map.end_row().unwrap();
        map.end_row().unwrap();
        map.repeat(0..1, 1).unwrap();
        map.repeat_row(2).unwrap();
        assert_eq!(map.offsets, [0, 2, 2, 4, 6, 8]);
        assert_eq!(map.values.bytes, b"122122122122");
        assert_eq!(map.values.offsets, [0, 1, 3, 4, 6, 7, 9, 10, 12]);
        map.keys.push(b"ragged").unwrap();
        map.truncate(2);
        assert_eq!((map.len(), map.keys.len(), map.values.len()), (2, 2, 2));
        assert_eq!(map.values.bytes, b"122");
    }

    #[test]
    fn offsets_beyond_31_bits_are_refused() {
        assert_eq!(offset(i32::MAX as usize), Ok(i32::MAX));
        assert_eq!(offset(i32::MAX as usize + 1), Err(Full));
    }
}
