//! The distinct values of one row with their counts, and the filter over them.

use super::chunk::Occurrence;
use super::source::Source;

/// Values of one row that are told apart; further ones go into a filter of its full size.
pub const MOST_VALUES: usize = 1 << 17;
/// Values of all rows that are told apart, in at most 160 MiB; a row that meets further ones may
/// hold anything.
const MOST_TOLD_APART: usize = 1 << 21;
/// Listed values of a row that are all of its values, or some of more.
const MOST_LISTED: usize = 32;
const LISTED_OF_MORE: usize = 8;
/// Values for which an emptied set keeps its memory, 80 KiB.
const MOST_KEPT: usize = 2_048;
const LEAST_FILTER: usize = 8;
const MOST_FILTER: usize = 256 << 10;

/// How many values may still be told apart.
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_TOLD_APART)
    }
}

#[cfg(test)]
impl Budget {
    pub fn of(values: usize) -> Self {
        Self(values)
    }
}

#[derive(Clone, Copy)]
struct Value {
    key: u64,
    spans: u32,
    /// Where it was met first.
    entry: u32,
}

/// Values in the order in which they were met, and an open-addressing table of their numbers that
/// is at most half full.
#[derive(Default)]
pub struct ValueSet {
    values: Vec<Value>,
    /// The number of a value plus one; zero is free.
    slots: Vec<u32>,
    /// Of the values' texts.
    hashes: Vec<u64>,
    /// Bits of all values, once they are too many.
    filter: Vec<u8>,
    anything: bool,
}

/// What a row says about its values.
#[derive(Default)]
pub struct Summary {
    /// (spans, entry), most frequent first.
    pub listed: Vec<(u32, usize)>,
    pub complete: bool,
    pub filter: Vec<u8>,
}

enum Place {
    Known(usize),
    Free(usize),
}

impl ValueSet {
    /// Values, each of so many spans.
    pub fn add(
        &mut self,
        source: &impl Source,
        occurrences: &[Occurrence],
        spans: u32,
        budget: &mut Budget,
    ) {
        for one in occurrences {
            match self.find(one.key) {
                Place::Known(number) => {
                    if let Some(value) = self.values.get_mut(number) {
                        value.spans = value.spans.saturating_add(spans);
                    }
                }
                Place::Free(slot) => self.add_new(source, one, spans, slot, budget),
            }
        }
        self.hash_new(source);
    }

    /// The slot to begin at: as many of the key's upper bits as count the slots.
    #[inline]
    fn first(&self, key: u64) -> usize {
        key.unbounded_shr(self.slots.len().leading_zeros() + 1) as usize
    }

    #[inline]
    fn find(&self, key: u64) -> Place {
        let mask = self.slots.len().wrapping_sub(1);
        let mut index = self.first(key);
        while let Some(slot) = self.slots.get(index) {
            let Some(number) = slot.checked_sub(1) else {
                return Place::Free(index);
            };
            let number = number as usize;
            if self
                .values
                .get(number)
                .is_some_and(|value| value.key == key)
            {
                return Place::Known(number);
            }
            index = (index + 1) & mask;
        }
        Place::Free(index)
    }

    #[inline]
    fn add_new(
        &mut self,
        source: &impl Source,
        new: &Occurrence,
        spans: u32,
        slot: usize,
        budget: &mut Budget,
    ) {
        if !self.filter.is_empty() {
            set(&mut self.filter, source.hash(new.entry as usize));
            return;
        }
        if self.anything || budget.0 == 0 {
            self.anything = true;
            return;
        }
        if self.values.len() == MOST_VALUES {
            self.hash_new(source);
            self.filter = self.filter_of(MOST_FILTER);
            set(&mut self.filter, source.hash(new.entry as usize));
            return;
        }
        budget.0 -= 1;
        self.values.push(Value {
            key: new.key,
            spans,
            entry: new.entry,
        });
        if self.values.len() * 2 > self.slots.len() {
            self.grow();
        } else if let Some(free) = self.slots.get_mut(slot) {
            *free = self.values.len() as u32;
        }
    }

    /// Texts are far away: all that are new are read in one loop, so that the core waits for many
    /// at once.
    fn hash_new(&mut self, source: &impl Source) {
        let new = self.values.get(self.hashes.len()..).unwrap_or_default();
        let hashes = new.iter().map(|value| source.hash(value.entry as usize));
        self.hashes.extend(hashes);
    }

    #[cold]
    fn grow(&mut self) {
        // Most sets stay small or become large.
        let factor = if self.slots.len() < 1_024 { 4 } else { 2 };
        let size = (self.slots.len() * factor).max(16);
        self.slots.clear();
        self.slots.resize(size, 0);
        let mask = size - 1;
        for (value, number) in self.values.iter().zip(1..) {
            let mut index = self.first(value.key);
            while self.slots.get(index).is_some_and(|slot| *slot != 0) {
                index = (index + 1) & mask;
            }
            if let Some(slot) = self.slots.get_mut(index) {
                *slot = number;
            }
        }
    }

    fn filter_of(&self, length: usize) -> Vec<u8> {
        let mut filter = vec![0; length];
        for hash in &self.hashes {
            set(&mut filter, *hash);
        }
        filter
    }

    pub fn summary(&self, source: &impl Source) -> Summary {
        let complete = source.tells()
            && !self.anything
            && self.values.len() <= MOST_LISTED
            && self
                .values
                .iter()
                .all(|value| source.listed(value.entry as usize));
        let listed = if complete {
            self.most_frequent(MOST_LISTED, 1, source)
        } else {
            self.most_frequent(LISTED_OF_MORE, 2, source)
        };
        let filter = if complete || self.anything || self.values.is_empty() {
            Vec::new()
        } else if self.filter.is_empty() {
            self.filter_of(filter_length(self.values.len()))
        } else {
            self.filter.clone()
        };
        Summary {
            listed,
            complete,
            filter,
        }
    }

    /// For other values; none if it became large.
    pub fn emptied(mut self) -> Option<Self> {
        if !(1..=MOST_KEPT).contains(&self.values.capacity()) || self.slots.len() > 4 * MOST_KEPT {
            return None;
        }
        self.values.clear();
        self.slots.fill(0);
        self.hashes.clear();
        self.filter.clear();
        self.anything = false;
        Some(self)
    }

    /// So many values of at least so many spans each; of those that are alike the first ones.
    fn most_frequent(&self, most: usize, least: u32, source: &impl Source) -> Vec<(u32, usize)> {
        let mut listed: Vec<(u32, usize)> = Vec::with_capacity(most + 1);
        let mut least = least;
        for value in &self.values {
            let entry = value.entry as usize;
            if value.spans < least || !source.listed(entry) {
                continue;
            }
            let place = listed.partition_point(|(spans, _)| *spans >= value.spans);
            listed.insert(place, (value.spans, entry));
            if listed.len() > most {
                listed.truncate(most);
            }
            if listed.len() == most {
                least = listed
                    .last()
                    .map_or(least, |(spans, _)| spans.saturating_add(1));
            }
        }
        listed
    }
}

/// Bytes of a filter over so many values: 12 to 18 bits for each, as 2^n or 3 * 2^n. The same values
/// come again in most batches, and then a value that is wrongly found is found in all of them.
fn filter_length(values: usize) -> usize {
    let least = values + values.div_ceil(2);
    let power = least.next_power_of_two();
    let length = if power / 4 * 3 >= least {
        power / 4 * 3
    } else {
        power
    };
    length.clamp(LEAST_FILTER, MOST_FILTER)
}

/// Four probes, a step apart, modulo the bits of the filter: those are 2^n or 3 * 2^n, and a division
/// by another number than 3 would cost more than all the rest.
fn set(filter: &mut [u8], hash: u64) {
    let bits = (filter.len() as u64 * 8).max(1);
    let shift = bits.trailing_zeros();
    let has_three = bits >> shift == 3;
    let modulo = |number: u64| {
        let high = if has_three { (number >> shift) % 3 } else { 0 };
        high << shift | number & ((1 << shift) - 1)
    };
    let step = modulo(hash >> 32 | 1);
    let mut bit = modulo(hash & 0xffff_ffff);
    for _ in 0..4 {
        if let Some(byte) = filter.get_mut((bit / 8) as usize) {
            *byte |= 1 << (bit % 8);
        }
        bit += step;
        if bit >= bits {
            bit -= bits;
        }
    }
}
