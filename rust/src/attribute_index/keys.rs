//! Which keys get rows of their own.

use std::cmp::Reverse;

use crate::attributes::Attributes;
use crate::dictionary::Codes;
use crate::rows::SpanColumns;

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Its number within the column.
    Row(u32),
    /// It shares the row of all keys that were too many; so does the empty key, whose row would be
    /// that one.
    Rest,
}

/// Of every column of attributes, in the order in which they are walked, what becomes of its keys.
pub struct Keys<'a> {
    columns: Vec<Column<'a>>,
    taken: usize,
}

struct Column<'a> {
    codes: &'a Codes,
    keys: Vec<Kept>,
}

impl<'a> Keys<'a> {
    pub fn of(columns: &'a SpanColumns) -> Self {
        let mut all = Vec::new();
        for attributes in [
            &columns.own.attributes,
            &columns.resource.attributes,
            &columns.scope.attributes,
        ] {
            let Attributes {
                text,
                int,
                float,
                bool,
                other,
            } = attributes;
            all.extend([&text.keys, &int.keys, &float.keys, &bool.keys, &other.keys]);
        }
        let events = &columns.events.attributes;
        all.push(&events.text.keys);
        // Once for each type that may be in it.
        all.extend([&events.other.keys; 4]);
        Self {
            columns: all.into_iter().map(Column::of).collect(),
            taken: 0,
        }
    }

    pub fn distinct(&self) -> usize {
        self.columns.iter().map(|column| column.keys.len()).sum()
    }

    /// So many keys keep rows of their own: the most frequent ones.
    pub fn keep(&mut self, most: usize) {
        if self.distinct() <= most {
            return;
        }
        let mut ranked: Vec<(Reverse<u32>, usize, usize)> = Vec::new();
        for (number, column) in self.columns.iter().enumerate() {
            let entries = column.entries().into_iter().enumerate();
            ranked.extend(entries.map(|(code, entries)| (Reverse(entries), number, code)));
        }
        ranked.sort_unstable();
        for (_, number, code) in ranked.into_iter().skip(most) {
            if let Some(column) = self.columns.get_mut(number)
                && let Some(key) = column.keys.get_mut(code)
            {
                *key = Kept::Rest;
            }
        }
        for column in &mut self.columns {
            column.number();
        }
    }

    /// The keys of the next column, by code.
    pub fn take(&mut self) -> Vec<Kept> {
        let column = self.columns.get_mut(self.taken);
        self.taken += 1;
        column
            .map(|column| std::mem::take(&mut column.keys))
            .unwrap_or_default()
    }
}

/// How many keys of a column have rows.
pub fn rows(keys: &[Kept]) -> usize {
    keys.iter().filter(|key| **key != Kept::Rest).count()
}

impl<'a> Column<'a> {
    fn of(codes: &'a Codes) -> Self {
        let key = |code| {
            if codes.text(code).is_empty() {
                Kept::Rest
            } else {
                Kept::Row(0)
            }
        };
        let mut column = Self {
            codes,
            keys: (0..codes.distinct()).map(key).collect(),
        };
        column.number();
        column
    }

    /// How many there are of each key.
    fn entries(&self) -> Vec<u32> {
        let mut entries = vec![0; self.keys.len()];
        for code in self.codes.codes() {
            if let Some(entries) = entries.get_mut(code.cast_unsigned() as usize) {
                *entries += 1;
            }
        }
        entries
    }

    fn number(&mut self) {
        let mut number = 0;
        for key in &mut self.keys {
            if let Kept::Row(own) = key {
                *own = number;
                number += 1;
            }
        }
    }
}
