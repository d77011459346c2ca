//! Which places of our code ran, read from the counters that `-C instrument-coverage` compiles in.
//! Stable Rust has no other way to see coverage from within; without it inputs are kept at random.

/// What earlier inputs reached: the highest power of two that each counter came to, plus one.
#[derive(Default)]
pub struct Coverage {
    seen: Vec<u8>,
}

impl Coverage {
    /// Forgets the counts of the input before.
    pub fn start() {
        counters().fill(0);
    }

    /// Whether the input since `start` reached something new.
    pub fn is_new(&mut self) -> bool {
        let counters = counters();
        self.seen.resize(counters.len(), 0);
        let mut new = false;
        for (seen, counter) in self.seen.iter_mut().zip(counters.iter()) {
            let height = (u64::BITS - counter.leading_zeros()) as u8;
            if height > *seen {
                *seen = height;
                new = true;
            }
        }
        new
    }

    pub fn places(&self) -> usize {
        self.seen.iter().filter(|height| **height > 0).count()
    }
}

#[cfg(clew_coverage)]
fn counters() -> &'static mut [u64] {
    unsafe extern "C" {
        // The linker gives every section with a C name these two ends.
        #[link_name = "__start___llvm_prf_cnts"]
        static mut START: u64;
        #[link_name = "__stop___llvm_prf_cnts"]
        static mut STOP: u64;
    }
    // SAFETY: all counters of the program, in one piece; one thread fuzzes (`make fuzz`), and what
    // another adds meanwhile is at worst a wrong count.
    unsafe {
        let (start, stop) = (&raw mut START, &raw mut STOP);
        std::slice::from_raw_parts_mut(start, stop.offset_from_unsigned(start))
    }
}

#[cfg(not(clew_coverage))]
fn counters() -> &'static mut [u64] {
    &mut []
}
