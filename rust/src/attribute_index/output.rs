//! Rows of the table as Arrow columns.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::ArrowError;
use xxhash_rust::xxh64::xxh64;

use super::keys::Kept;
use super::source::Source;
use super::{Row, Scope, Type};
use crate::columns::{Blobs, Full, Rows, Texts, Values, list};
use crate::dictionary::Codes;
use crate::schema::attribute_index_schema;

#[derive(Default)]
pub struct Output {
    scope: Vec<i8>,
    key: Codes,
    kind: Vec<i8>,
    time: Vec<u32>,
    last_time: Vec<u32>,
    spans: Vec<u32>,
    lists: Rows,
    values: Texts,
    counts: Vec<u32>,
    complete: Vec<bool>,
    filter: Blobs,
    min_value: Vec<f64>,
    max_value: Vec<f64>,
}

impl Output {
    /// The rows of a column; those of one key lie together, one for each range.
    pub fn column(
        &mut self,
        scope: Scope,
        kind: Type,
        keys: &Codes,
        (kept, ranges): (&[Kept], usize),
        rows: &[Row],
        source: &impl Source,
    ) -> Result<(), ArrowError> {
        let with_rows = kept
            .iter()
            .enumerate()
            .filter(|(_, key)| **key != Kept::Rest);
        let mut rows = rows.iter();
        for (code, _) in with_rows {
            for row in rows.by_ref().take(ranges).filter(|row| row.spans > 0) {
                self.row(scope, kind, keys.text(code), row, source)?;
            }
        }
        Ok(())
    }

    pub fn row(
        &mut self,
        scope: Scope,
        kind: Type,
        key: &[u8],
        row: &Row,
        source: &impl Source,
    ) -> Result<(), ArrowError> {
        self.add(scope, kind, key, row, source)
            .map_err(|_| ArrowError::OffsetOverflowError(self.values.len()))
    }

    fn add(
        &mut self,
        scope: Scope,
        kind: Type,
        key: &[u8],
        row: &Row,
        source: &impl Source,
    ) -> Result<(), Full> {
        self.scope.push(scope as i8);
        self.key.push(key)?;
        self.kind.push(kind as i8);
        self.time.push(row.first);
        self.last_time.push(row.last);
        self.spans.push(row.spans);
        self.min_value.push(row.min);
        self.max_value.push(row.max);
        let summary = row.values.summary(source);
        let mut text = Vec::new();
        for (count, entry) in summary.listed {
            text.clear();
            source.text(entry, &mut text);
            self.values.push(&text)?;
            self.counts.push(count);
        }
        self.lists.end_row(self.counts.len())?;
        self.complete.push(summary.complete);
        self.filter.push(&summary.filter)
    }

    pub fn into_batch(
        self,
        segment: [u8; 16],
        receive_day: u16,
    ) -> Result<RecordBatch, ArrowError> {
        let rows = self.scope.len();
        let batch = batch_of(segment);
        let lists = self.lists.offsets();
        let columns: Vec<ArrayRef> = vec![
            vec![receive_day; rows].into_array()?,
            self.scope.into_array()?,
            self.key.into_array()?,
            self.kind.into_array()?,
            self.time.into_array()?,
            self.last_time.into_array()?,
            vec![batch; rows].into_array()?,
            self.spans.into_array()?,
            list(&lists, self.values)?,
            list(&lists, self.counts)?,
            self.complete.into_array()?,
            self.filter.into_array()?,
            self.min_value.into_array()?,
            self.max_value.into_array()?,
        ];
        RecordBatch::try_new(attribute_index_schema(), columns)
    }
}

/// What tells the rows of two segments apart: the milliseconds of the id, which compress well, and a hash of all
/// of it, because ids of one millisecond have their first half in common.
fn batch_of(segment: [u8; 16]) -> u64 {
    let milliseconds = u128::from_be_bytes(segment) >> 80;
    let hash = xxh64(&segment, 0);
    ((milliseconds as u64) << 32) | (hash & 0xffff_ffff)
}
