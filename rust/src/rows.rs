//! All columns of the spans table, and the batches they become.

use std::collections::HashMap;
use std::ops::Range;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::ArrowError;

use crate::attributes::{Attributes, ItemAttributes};
use crate::columns::{Full, Rows, Texts, Values, list, repeat_last};
use crate::dictionary::Codes;
use crate::schema::{spans_schema, trace_ranges_schema};

pub const UNKNOWN_SERVICE: &[u8] = b"unknown_service";

const NS_PER_SECOND: u64 = 1_000_000_000;

/// The span's own fields that exist once.
#[derive(Default)]
pub struct OwnColumns {
    pub name: Codes,
    pub trace_id: Vec<[u8; 16]>,
    pub span_id: Vec<[u8; 8]>,
    pub parent_span_id: Vec<[u8; 8]>,
    pub start_ns: Vec<u64>,
    pub end_ns: Vec<u64>,
    pub kind: Vec<i32>,
    pub status_code: Vec<i32>,
    pub status_message: Texts,
    pub flags: Vec<u32>,
    pub trace_state: Texts,
    pub dropped_attributes: Vec<u32>,
    pub dropped_events: Vec<u32>,
    pub dropped_links: Vec<u32>,
    pub attributes: Attributes,
}

/// Where the rows of each ResourceSpans or ScopeSpans message end; they are all alike.
#[derive(Default)]
pub struct Groups(Vec<usize>);

impl Groups {
    fn end(&mut self, rows: usize) {
        self.0.push(rows);
    }

    fn truncate(&mut self, rows: usize) {
        while self.0.last().is_some_and(|end| *end > rows) {
            self.0.pop();
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.0.iter().copied());
        starts.zip(&self.0).map(|(start, end)| start..*end)
    }
}

#[derive(Default)]
pub struct ResourceColumns {
    pub groups: Groups,
    pub service: Codes,
    pub schema_url: Codes,
    pub dropped_attributes: Vec<u32>,
    pub attributes: Attributes,
}

#[derive(Default)]
pub struct ScopeColumns {
    pub groups: Groups,
    pub schema_url: Codes,
    pub name: Codes,
    pub version: Codes,
    pub dropped_attributes: Vec<u32>,
    pub attributes: Attributes,
}

#[derive(Default)]
pub struct EventColumns {
    pub rows: Rows,
    pub time_ns: Vec<u64>,
    pub name: Codes,
    pub dropped_attributes: Vec<u32>,
    pub attributes: ItemAttributes,
}

#[derive(Default)]
pub struct LinkColumns {
    pub rows: Rows,
    pub trace_id: Vec<[u8; 16]>,
    pub span_id: Vec<[u8; 8]>,
    pub trace_state: Texts,
    pub flags: Vec<u32>,
    pub dropped_attributes: Vec<u32>,
    pub attributes: ItemAttributes,
}

#[derive(Default)]
pub struct SpanColumns {
    pub own: OwnColumns,
    pub resource: ResourceColumns,
    pub scope: ScopeColumns,
    pub events: EventColumns,
    pub links: LinkColumns,
}

impl ResourceColumns {
    pub fn repeat_row(&mut self, times: usize) -> Result<(), Full> {
        self.service.repeat_last(times);
        self.schema_url.repeat_last(times);
        repeat_last(&mut self.dropped_attributes, times);
        self.groups.end(self.dropped_attributes.len());
        self.attributes.repeat_row(times)
    }
}

impl ScopeColumns {
    pub fn repeat_row(&mut self, times: usize) -> Result<(), Full> {
        self.schema_url.repeat_last(times);
        self.name.repeat_last(times);
        self.version.repeat_last(times);
        repeat_last(&mut self.dropped_attributes, times);
        self.groups.end(self.dropped_attributes.len());
        self.attributes.repeat_row(times)
    }
}

impl SpanColumns {
    pub fn count(&self) -> usize {
        self.own.trace_id.len()
    }

    /// Cuts every column back to this many rows, however far each of them got.
    pub fn truncate(&mut self, rows: usize) {
        let own = &mut self.own;
        own.name.truncate(rows);
        own.trace_id.truncate(rows);
        own.span_id.truncate(rows);
        own.parent_span_id.truncate(rows);
        own.start_ns.truncate(rows);
        own.end_ns.truncate(rows);
        own.kind.truncate(rows);
        own.status_code.truncate(rows);
        own.status_message.truncate(rows);
        own.flags.truncate(rows);
        own.trace_state.truncate(rows);
        own.dropped_attributes.truncate(rows);
        own.dropped_events.truncate(rows);
        own.dropped_links.truncate(rows);
        own.attributes.truncate(rows);
        let resource = &mut self.resource;
        resource.groups.truncate(rows);
        resource.service.truncate(rows);
        resource.schema_url.truncate(rows);
        resource.dropped_attributes.truncate(rows);
        resource.attributes.truncate(rows);
        let scope = &mut self.scope;
        scope.groups.truncate(rows);
        scope.schema_url.truncate(rows);
        scope.name.truncate(rows);
        scope.version.truncate(rows);
        scope.dropped_attributes.truncate(rows);
        scope.attributes.truncate(rows);
        let events = &mut self.events;
        let items = events.rows.truncate(rows);
        events.time_ns.truncate(items);
        events.name.truncate(items);
        events.dropped_attributes.truncate(items);
        events.attributes.truncate(items);
        let links = &mut self.links;
        let items = links.rows.truncate(rows);
        links.trace_id.truncate(items);
        links.span_id.truncate(items);
        links.trace_state.truncate(items);
        links.flags.truncate(items);
        links.dropped_attributes.truncate(items);
        links.attributes.truncate(items);
    }

    /// What was added so far stays: dictionaries are not cut below it.
    pub fn commit(&mut self) {
        let dictionaries = [
            &mut self.own.name,
            &mut self.resource.service,
            &mut self.resource.schema_url,
            &mut self.scope.schema_url,
            &mut self.scope.name,
            &mut self.scope.version,
            &mut self.events.name,
        ];
        for dictionary in dictionaries {
            dictionary.commit();
        }
        self.own.attributes.commit();
        self.resource.attributes.commit();
        self.scope.attributes.commit();
        self.events.attributes.commit();
        self.links.attributes.commit();
    }

    /// One row for each trace, in the order of first appearance.
    pub fn trace_ranges(&self, receive_day: u16) -> Result<RecordBatch, ArrowError> {
        let mut ranges: Vec<([u8; 16], u32, u32)> = Vec::new();
        let mut known: HashMap<[u8; 16], usize> = HashMap::new();
        let mut last = ([0; 16], 0);
        let times = self.own.start_ns.iter().zip(&self.own.end_ns);
        for (trace_id, (start_ns, end_ns)) in self.own.trace_id.iter().zip(times) {
            // Spans of a trace often come together.
            if ranges.is_empty() || last.0 != *trace_id {
                last = (*trace_id, *known.entry(*trace_id).or_insert(ranges.len()));
            }
            let (from, to) = (seconds(*start_ns), seconds(*start_ns.max(end_ns)));
            match ranges.get_mut(last.1) {
                Some((_, min_time, max_time)) => {
                    (*min_time, *max_time) = (from.min(*min_time), to.max(*max_time));
                }
                None => ranges.push((*trace_id, from, to)),
            }
        }
        let trace_id: Vec<[u8; 16]> = ranges.iter().map(|range| range.0).collect();
        let min_time: Vec<u32> = ranges.iter().map(|range| range.1).collect();
        let max_time: Vec<u32> = ranges.iter().map(|range| range.2).collect();
        let columns: Vec<ArrayRef> = vec![
            trace_id.into_array()?,
            vec![receive_day; ranges.len()].into_array()?,
            min_time.into_array()?,
            max_time.into_array()?,
        ];
        RecordBatch::try_new(trace_ranges_schema(), columns)
    }

    pub fn into_batch(
        self,
        segment: [u8; 16],
        receive_day: u16,
    ) -> Result<RecordBatch, ArrowError> {
        let rows = self.count();
        let Self {
            own,
            resource,
            scope,
            events,
            links,
        } = self;
        let time: Vec<u32> = own
            .start_ns
            .iter()
            .map(|start_ns| seconds(*start_ns))
            .collect();
        let mut columns: Vec<ArrayRef> = vec![
            vec![receive_day; rows].into_array()?,
            vec![segment; rows].into_array()?,
            resource.service.into_array()?,
            own.name.into_array()?,
            time.into_array()?,
            own.trace_id.into_array()?,
            own.span_id.into_array()?,
            own.parent_span_id.into_array()?,
            own.start_ns.into_array()?,
            own.end_ns.into_array()?,
            own.kind.into_array()?,
            own.status_code.into_array()?,
            own.status_message.into_array()?,
            own.flags.into_array()?,
            own.trace_state.into_array()?,
            own.dropped_attributes.into_array()?,
            own.dropped_events.into_array()?,
            own.dropped_links.into_array()?,
            resource.schema_url.into_array()?,
            scope.schema_url.into_array()?,
            scope.name.into_array()?,
            scope.version.into_array()?,
            resource.dropped_attributes.into_array()?,
            scope.dropped_attributes.into_array()?,
        ];
        columns.extend(own.attributes.into_arrays()?);
        columns.extend(resource.attributes.into_arrays()?);
        columns.extend(scope.attributes.into_arrays()?);
        let offsets = events.rows.offsets();
        columns.extend([
            list(&offsets, events.time_ns)?,
            list(&offsets, events.name)?,
            list(&offsets, events.dropped_attributes)?,
            list(&offsets, events.attributes.text)?,
            list(&offsets, events.attributes.other)?,
        ]);
        let offsets = links.rows.offsets();
        columns.extend([
            list(&offsets, links.trace_id)?,
            list(&offsets, links.span_id)?,
            list(&offsets, links.trace_state)?,
            list(&offsets, links.flags)?,
            list(&offsets, links.dropped_attributes)?,
            list(&offsets, links.attributes.text)?,
            list(&offsets, links.attributes.other)?,
        ]);
        debug_assert!(columns.iter().all(|column| column.len() == rows));
        RecordBatch::try_new(spans_schema(), columns)
    }
}

/// For indexes only: seconds, clamped to what a DateTime holds.
pub fn seconds(ns: u64) -> u32 {
    u32::try_from(ns / NS_PER_SECOND).unwrap_or(u32::MAX)
}
