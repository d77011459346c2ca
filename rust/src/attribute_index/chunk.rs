//! Values in the order of their rows.
//!
//! In the order of the spans each value would be looked for in another row's table, and all tables
//! together are megabytes: the core would wait for memory at every one. So many values are gathered
//! first, sorted by row, and then each table is near while it is needed.

/// So many values are sorted at once, in 4 MiB.
const FULL: usize = 1 << 17;

/// One value of one span.
#[derive(Clone, Copy, Default)]
pub struct Occurrence {
    pub key: u64,
    pub entry: u32,
    /// Its row.
    pub place: u32,
}

#[derive(Default)]
pub struct Chunk {
    found: Vec<Occurrence>,
    sorted: Vec<Occurrence>,
    /// Of each row: how many there are, then where its next one goes.
    rows: Vec<u32>,
}

impl Chunk {
    #[inline]
    pub fn push(&mut self, one: Occurrence) {
        self.found.push(one);
    }

    #[inline]
    pub fn is_full(&self) -> bool {
        self.found.len() >= FULL
    }

    /// Removes all, row after row, in the order in which they were pushed.
    pub fn take(&mut self, rows: usize, mut each: impl FnMut(usize, &[Occurrence])) {
        self.rows.clear();
        self.rows.resize(rows, 0);
        for one in &self.found {
            if let Some(row) = self.rows.get_mut(one.place as usize) {
                *row += 1;
            }
        }
        let mut start = 0;
        for row in &mut self.rows {
            start += std::mem::replace(row, start);
        }
        if self.sorted.len() < self.found.len() {
            self.sorted.resize(self.found.len(), Occurrence::default());
        }
        for one in self.found.drain(..) {
            if let Some(row) = self.rows.get_mut(one.place as usize)
                && let Some(sorted) = self.sorted.get_mut(*row as usize)
            {
                *sorted = one;
                *row += 1;
            }
        }
        let mut start = 0;
        for (place, end) in self.rows.iter().enumerate() {
            let end = *end as usize;
            match self.sorted.get(start..end) {
                Some(occurrences) if start < end => each(place, occurrences),
                _ => {}
            }
            start = end;
        }
    }
}
