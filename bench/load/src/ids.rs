//! Ids that a verifier can enumerate later: a trace id is a function of the seed and a counter, and so are its spans' ids.
//! `bench/ids.py` computes the same.

/// Spans of a full trace. The last trace of a request holds the rest when the batch size is no multiple of it.
pub const SPANS_PER_TRACE: u64 = 10;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone, Copy)]
pub struct Ids {
    trace_high: u64,
    trace_low: u64,
    span: u64,
}

/// SplitMix64's finaliser. It is a bijection, so distinct counters give distinct ids that look random to a compressor.
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Ids {
    pub const fn new(seed: u64) -> Self {
        Self {
            trace_high: mix(seed ^ 1),
            trace_low: mix(seed ^ 2),
            span: mix(seed ^ 3),
        }
    }

    pub fn trace(self, counter: u64) -> [u8; 16] {
        let step = counter.wrapping_mul(GOLDEN);
        let high = mix(self.trace_high.wrapping_add(step));
        let low = mix(self.trace_low.wrapping_add(step));
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }

    /// All zeros would be an invalid span id; the one counter that maps there becomes 1.
    pub fn span(self, trace_counter: u64, index: u64) -> [u8; 8] {
        let number = trace_counter
            .wrapping_mul(SPANS_PER_TRACE)
            .wrapping_add(index);
        mix(self.span.wrapping_add(number.wrapping_mul(GOLDEN)))
            .max(1)
            .to_be_bytes()
    }
}

pub const fn traces_per_request(batch: u64) -> u64 {
    batch.div_ceil(SPANS_PER_TRACE)
}

#[cfg(test)]
mod tests {
    use super::Ids;

    /// The same constants are asserted in `bench/test_bench.py`, so that both sides stay equal.
    #[test]
    fn ids_are_the_ones_that_the_verifier_enumerates() {
        let ids = Ids::new(7);
        assert_eq!(u128::from_be_bytes(ids.trace(3)), TRACE);
        assert_eq!(u64::from_be_bytes(ids.span(3, 4)), SPAN);
    }

    const TRACE: u128 = 0x6b4f_576c_0a30_7e62_c887_8366_1f97_4cc8;
    const SPAN: u64 = 0x3bad_4ea7_eae6_fc59;
}
