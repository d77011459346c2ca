//! Which seconds of a segment may hold an attribute: the rows of table `attribute_index`.
//!
//! Made from the finished columns, one column after the other, so that a request that failed leaves
//! nothing behind and only one column's values are in memory. A row never says that a value is
//! absent where it is present; what is too much to keep makes a row vaguer, never wrong.

mod chunk;
mod keys;
mod output;
mod source;
mod times;
mod values;

#[cfg(test)]
mod tests;

use std::cell::Cell;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use crate::attributes::Attributes;
use crate::columns::{Map, Values};
use crate::dictionary::{Codes, seed};
use crate::rows::{EventColumns, Groups, SpanColumns};
use chunk::{Chunk, Occurrence};
use keys::{Kept, Keys, rows};
use output::Output;
use source::{Bools, Decoded, Floats, Ints, Others, Scalar, Source, Strings};
use times::Times;
use values::{Budget, ValueSet};

/// Rows of one segment, at most.
const MOST_ROWS: usize = 4_096;
/// Spans for which a further range of seconds is worth its rows.
const SPANS_A_RANGE: usize = 8_192;

/// The numbers of the table's enumerations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
enum Scope {
    Span = 1,
    Resource = 2,
    Instrumentation = 3,
    Event = 4,
}

const SCOPES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
enum Type {
    String = 1,
    Int = 2,
    Float = 3,
    Bool = 4,
    Other = 5,
}

/// What is known of one key, or of all keys that have no row, in one range of seconds.
struct Row {
    /// The span or group that was counted last.
    stamp: usize,
    spans: u32,
    first: u32,
    last: u32,
    min: f64,
    max: f64,
    values: ValueSet,
}

impl Row {
    fn new(values: ValueSet) -> Self {
        Self {
            stamp: usize::MAX,
            spans: 0,
            first: u32::MAX,
            last: 0,
            min: f64::NAN,
            max: f64::NAN,
            values,
        }
    }

    /// Whether this span or group was not counted before.
    #[inline]
    fn count(&mut self, stamp: usize, seen: Seen) -> bool {
        if self.stamp == stamp {
            return false;
        }
        self.stamp = stamp;
        self.spans = self.spans.saturating_add(seen.spans);
        self.first = self.first.min(seen.first);
        self.last = self.last.max(seen.last);
        true
    }

    #[inline]
    fn number(&mut self, number: f64) {
        // Both ignore NaN.
        self.min = self.min.min(number);
        self.max = self.max.max(number);
    }
}

/// Spans of one range of seconds that carry the same thing.
#[derive(Clone, Copy)]
struct Seen {
    range: usize,
    spans: u32,
    first: u32,
    last: u32,
}

/// The rows of one column of attributes, and of what its scope leaves out.
struct Table<'a> {
    keys: &'a [Kept],
    ranges: usize,
    rows: Vec<Row>,
    rest: &'a mut [Row],
    chunk: &'a mut Chunk,
    budget: &'a mut Budget,
}

impl Table<'_> {
    #[inline]
    fn place(&self, code: i32, range: usize) -> usize {
        match self.keys.get(code.cast_unsigned() as usize) {
            Some(Kept::Row(number)) => *number as usize * self.ranges + range,
            _ => usize::MAX,
        }
    }

    /// One attribute of one span or group; of a repeated key the first counts, as in a look-up.
    /// Returns whether its value is still to be added.
    #[inline]
    fn count(
        &mut self,
        place: usize,
        entry: usize,
        stamp: usize,
        seen: Seen,
        source: &impl Source,
    ) -> bool {
        let Some(row) = self.rows.get_mut(place) else {
            self.left_out(seen);
            return false;
        };
        let counted = row.count(stamp, seen);
        if counted {
            row.number(source.number(entry));
        }
        counted && source.tells()
    }

    /// The value of a single span, when its turn comes.
    #[inline]
    fn add_later(&mut self, place: usize, key: u64, entry: usize) {
        self.chunk.push(Occurrence {
            key,
            entry: entry as u32, // entries have 31 bits
            place: place as u32, // rows are few
        });
    }

    #[inline]
    fn add_if_full(&mut self, source: &impl Source) {
        if self.chunk.is_full() {
            self.add_all(source);
        }
    }

    fn add_all(&mut self, source: &impl Source) {
        let Self {
            chunk,
            rows,
            budget,
            ..
        } = self;
        chunk.take(rows.len(), |place, occurrences| {
            if let Some(row) = rows.get_mut(place) {
                row.values.add(source, occurrences, 1, budget);
            }
        });
    }

    /// Says where, not how often.
    #[cold]
    fn left_out(&mut self, seen: Seen) {
        if let Some(row) = self.rest.get_mut(seen.range) {
            row.first = row.first.min(seen.first);
            row.last = row.last.max(seen.last);
        }
    }
}

/// The table's batch for these columns.
pub fn batch(
    columns: &SpanColumns,
    segment: [u8; 16],
    receive_day: u16,
) -> Result<RecordBatch, ArrowError> {
    let scalars = source::decode(&columns.events.attributes.other.values);
    let mut index = Index::new(columns);
    index.typed(Scope::Span, &columns.own.attributes, None)?;
    index.rest(Scope::Span)?;
    let resource = &columns.resource;
    index.typed(
        Scope::Resource,
        &resource.attributes,
        Some(&resource.groups),
    )?;
    index.rest(Scope::Resource)?;
    let scope = &columns.scope;
    index.typed(
        Scope::Instrumentation,
        &scope.attributes,
        Some(&scope.groups),
    )?;
    index.rest(Scope::Instrumentation)?;
    index.events(&columns.events, &scalars)?;
    index.rest(Scope::Event)?;
    SPARE.set(index.spare);
    index.output.into_batch(segment, receive_day)
}

/// Memory that a thread keeps for its next segment, at most 16 MiB: fresh pages cost more than what
/// is done in them.
#[derive(Default)]
struct Spare {
    chunk: Chunk,
    sets: Vec<ValueSet>,
}

const MOST_SPARE: usize = 128;

thread_local! {
    static SPARE: Cell<Spare> = Cell::default();
}

struct Index<'a> {
    times: Times,
    keys: Keys<'a>,
    /// Of one scope, per range: where attributes are that have no row of their own.
    rest: Vec<Row>,
    spare: Spare,
    budget: Budget,
    output: Output,
}

impl<'a> Index<'a> {
    fn new(columns: &'a SpanColumns) -> Self {
        let mut keys = Keys::of(columns);
        let spans = columns.count();
        // Few ranges before keys are left out: a key without a row costs every search.
        let most = (2 + spans / SPANS_A_RANGE).min((MOST_ROWS / (keys.distinct() + SCOPES)).max(2));
        let times = Times::new(&columns.own.start_ns, most);
        keys.keep((MOST_ROWS / times.ranges().max(1)).saturating_sub(SCOPES));
        let rest = (0..times.ranges())
            .map(|_| Row::new(ValueSet::default()))
            .collect();
        Self {
            times,
            keys,
            rest,
            spare: SPARE.take(),
            budget: Budget::default(),
            output: Output::default(),
        }
    }

    fn typed(
        &mut self,
        scope: Scope,
        attributes: &Attributes,
        groups: Option<&Groups>,
    ) -> Result<(), ArrowError> {
        let Attributes {
            text,
            int,
            float,
            bool,
            other,
        } = attributes;
        self.map(
            scope,
            Type::String,
            text,
            &Strings(&text.values, seed()),
            groups,
        )?;
        self.map(scope, Type::Int, int, &Ints(&int.values), groups)?;
        self.map(scope, Type::Float, float, &Floats(&float.values), groups)?;
        self.map(scope, Type::Bool, bool, &Bools(&bool.values), groups)?;
        self.map(scope, Type::Other, other, &Others, groups)
    }

    fn map<V: Values>(
        &mut self,
        scope: Scope,
        kind: Type,
        map: &Map<V>,
        source: &impl Source,
        groups: Option<&Groups>,
    ) -> Result<(), ArrowError> {
        self.column(
            scope,
            kind,
            &map.keys,
            source,
            |times, table| match groups {
                None => each_span(map, source, times, table),
                Some(groups) => each_group(map, source, groups, times, table),
            },
        )
    }

    fn column(
        &mut self,
        scope: Scope,
        kind: Type,
        codes: &Codes,
        source: &impl Source,
        walk: impl FnOnce(&Times, &mut Table<'_>),
    ) -> Result<(), ArrowError> {
        let keys = self.keys.take();
        if codes.codes().is_empty() {
            return Ok(());
        }
        let ranges = self.times.ranges();
        let mut table = Table {
            keys: &keys,
            ranges,
            rows: Vec::new(),
            rest: &mut self.rest,
            chunk: &mut self.spare.chunk,
            budget: &mut self.budget,
        };
        let sets = &mut self.spare.sets;
        table.rows.resize_with(rows(&keys) * ranges, || {
            Row::new(sets.pop().unwrap_or_default())
        });
        walk(&self.times, &mut table);
        table.add_all(source);
        let rows = table.rows;
        let kept = (keys.as_slice(), ranges);
        self.output
            .column(scope, kind, codes, kept, &rows, source)?;
        let sets = rows.into_iter().filter_map(|row| row.values.emptied());
        let room = MOST_SPARE - self.spare.sets.len().min(MOST_SPARE);
        self.spare.sets.extend(sets.take(room));
        Ok(())
    }

    fn events(&mut self, events: &EventColumns, scalars: &[Scalar]) -> Result<(), ArrowError> {
        let text = &events.attributes.text;
        let source = Strings(&text.values, seed());
        self.column(
            Scope::Event,
            Type::String,
            &text.keys,
            &source,
            |times, table| {
                each_event(text, &source, events, times, table);
            },
        )?;
        let other = &events.attributes.other;
        for kind in [Type::Int, Type::Float, Type::Bool, Type::Other] {
            let source = Decoded(scalars, kind);
            self.column(Scope::Event, kind, &other.keys, &source, |times, table| {
                each_event(other, &source, events, times, table);
            })?;
        }
        Ok(())
    }

    fn rest(&mut self, scope: Scope) -> Result<(), ArrowError> {
        for row in &mut self.rest {
            let row = std::mem::replace(row, Row::new(ValueSet::default()));
            if row.first <= row.last {
                self.output.row(scope, Type::Other, b"", &row, &Others)?;
            }
        }
        Ok(())
    }
}

fn each_span<V: Values>(map: &Map<V>, source: &impl Source, times: &Times, table: &mut Table<'_>) {
    let codes = map.keys.codes();
    for (span, seen) in times.spans().enumerate() {
        let entries = map.entries(span);
        for (entry, code) in entries.clone().zip(codes.get(entries).unwrap_or_default()) {
            let place = table.place(*code, seen.range);
            if table.count(place, entry, span, seen, source) {
                table.add_later(place, source.key(entry), entry);
                // Not once a span: a single one may have millions.
                table.add_if_full(source);
            }
        }
    }
}

/// All rows of a group are alike: its attributes are looked at once for each range of seconds.
fn each_group<V: Values>(
    map: &Map<V>,
    source: &impl Source,
    groups: &Groups,
    times: &Times,
    table: &mut Table<'_>,
) {
    let mut joined = Vec::new();
    for (stamp, group) in groups.iter().enumerate() {
        let entries = map.entries(group.start);
        if entries.is_empty() {
            continue;
        }
        times.of(group, &mut joined);
        let codes = map.keys.codes().get(entries.clone()).unwrap_or_default();
        for (entry, code) in entries.zip(codes) {
            for seen in &joined {
                let place = table.place(*code, seen.range);
                if table.count(place, entry, stamp, *seen, source)
                    && let Some(row) = table.rows.get_mut(place)
                {
                    let value = Occurrence {
                        key: source.key(entry),
                        entry: entry as u32,
                        place: place as u32,
                    };
                    row.values.add(source, &[value], seen.spans, table.budget);
                }
            }
        }
    }
}

/// A span counts once for each value of its events, also of repeated keys.
fn each_event<V: Values>(
    map: &Map<V>,
    source: &impl Source,
    events: &EventColumns,
    times: &Times,
    table: &mut Table<'_>,
) {
    let mut found: Vec<(usize, u64, usize)> = Vec::new();
    for (stamp, seen) in times.spans().enumerate() {
        found.clear();
        for item in events.rows.items(stamp) {
            let entries = map.entries(item);
            let codes = map.keys.codes().get(entries.clone()).unwrap_or_default();
            let attributes = entries.zip(codes).filter(|(entry, _)| source.has(*entry));
            found.extend(
                attributes.map(|(entry, code)| {
                    (table.place(*code, seen.range), source.key(entry), entry)
                }),
            );
        }
        found.sort_unstable();
        found.dedup_by_key(|(place, key, _)| (*place, *key));
        found.sort_unstable_by_key(|(_, _, entry)| *entry); // the first of equally frequent values is listed
        for (place, key, entry) in &found {
            let Some(row) = table.rows.get_mut(*place) else {
                table.left_out(seen);
                continue;
            };
            row.count(stamp, seen);
            row.number(source.number(*entry));
            if source.tells() {
                table.add_later(*place, *key, *entry);
                table.add_if_full(source);
            }
        }
    }
}
