//! Start seconds of a segment's spans, joined to few ranges.

use std::ops::Range;

use super::Seen;
use crate::rows::seconds;

/// Widths of a range in seconds; the last one is everything.
const WIDTHS: [u64; 10] = [1, 2, 5, 10, 30, 60, 300, 3_600, 86_400, 1 << 32];

pub struct Times {
    /// Second and range of each span.
    spans: Vec<(u32, u32)>,
    ranges: usize,
}

impl Times {
    /// At most so many ranges (one at least), all of the smallest width with which they suffice.
    pub fn new(start_ns: &[u64], most: usize) -> Self {
        let mut spans: Vec<(u32, u32)> = start_ns.iter().map(|ns| (seconds(*ns), 0)).collect();
        let mut starts: Vec<u64> = spans.iter().map(|(second, _)| (*second).into()).collect();
        starts.dedup(); // first, because a segment has few
        starts.sort_unstable();
        starts.dedup();
        let mut width = 1;
        for wider in WIDTHS {
            width = wider;
            let joined = starts.chunk_by(|a, b| a / width == b / width).count();
            if joined <= most {
                break;
            }
        }
        for start in &mut starts {
            *start /= width;
        }
        starts.dedup();
        let mut last = (0, 0);
        if let Some(first) = spans.first() {
            last = (first.0, find(&starts, first.0, width));
        }
        for (second, range) in &mut spans {
            if *second != last.0 {
                last = (*second, find(&starts, *second, width));
            }
            *range = last.1;
        }
        Self {
            spans,
            ranges: starts.len(),
        }
    }

    pub fn ranges(&self) -> usize {
        self.ranges
    }

    /// Each span by itself.
    #[inline]
    pub fn spans(&self) -> impl Iterator<Item = Seen> {
        self.spans.iter().copied().map(alone)
    }

    /// Neighbouring spans, joined by range.
    pub fn of(&self, spans: Range<usize>, joined: &mut Vec<Seen>) {
        joined.clear();
        for (second, range) in self.spans.get(spans).unwrap_or_default() {
            let range = *range as usize;
            // Spans come roughly in the order of time: the range is the last one or near it.
            let known = joined.iter_mut().rev().find(|seen| seen.range == range);
            if let Some(seen) = known {
                seen.spans += 1;
                seen.first = seen.first.min(*second);
                seen.last = seen.last.max(*second);
            } else {
                joined.push(Seen {
                    range,
                    spans: 1,
                    first: *second,
                    last: *second,
                });
            }
        }
    }
}

#[inline]
fn alone((second, range): (u32, u32)) -> Seen {
    Seen {
        range: range as usize,
        spans: 1,
        first: second,
        last: second,
    }
}

fn find(starts: &[u64], second: u32, width: u64) -> u32 {
    let start = u64::from(second) / width;
    // Every span's start is among them.
    starts.binary_search(&start).unwrap_or_default() as u32
}
