#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::io::Write;

use flate2::{Compression, GzBuilder, write::GzEncoder};
use proptest::prelude::*;

use super::*;

fn pack(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn inflate(input: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    gzip(input, limit, &mut |_| true)
}

#[test]
fn members_are_joined() {
    let both = [pack(b"hello "), pack(b""), pack(b"world")].concat();
    assert_eq!(inflate(&both, 100).unwrap(), b"hello world");
}

#[test]
fn optional_header_fields_are_skipped() {
    let mut encoder = GzBuilder::new()
        .filename("a.bin")
        .comment("b")
        .extra(vec![1, 2, 3])
        .write(Vec::new(), Compression::fast());
    encoder.write_all(b"x").unwrap();
    assert_eq!(inflate(&encoder.finish().unwrap(), 10).unwrap(), b"x");
}

/// Found by fuzzing: the RFC asks for an error, and the reference gives one.
#[test]
fn unknown_flags_and_a_damaged_header_are_refused() {
    let packed = pack(b"x");
    let with = |flags: u8, sum: &[u8]| {
        let mut changed = packed.clone();
        changed[3] = flags;
        changed.splice(10..10, sum.iter().copied());
        inflate(&changed, 10)
    };
    assert!(with(0x20, b"").is_err());
    assert!(with(0x80, b"").is_err());
    let mut header = packed[..10].to_vec();
    header[3] = 2;
    let sum = (crc32fast::hash(&header) as u16).to_le_bytes();
    assert_eq!(with(2, &sum).unwrap(), b"x");
    assert!(with(2, &[sum[0], !sum[1]]).is_err());
}

#[test]
fn limit_is_exact() {
    let packed = pack(&[7; 1_000]);
    assert_eq!(inflate(&packed, 1_000).unwrap().len(), 1_000);
    assert_eq!(inflate(&packed, 999), Err(InflateError::TooLarge));
}

#[test]
fn bomb_stops_near_the_limit() {
    let bomb = pack(&vec![0; 16 << 20]);
    let mut held = 0;
    let mut grow = |more| {
        held += more;
        true
    };
    assert_eq!(gzip(&bomb, 1 << 20, &mut grow), Err(InflateError::TooLarge));
    assert!(held <= (1 << 20) + 1, "{held}");
}

#[test]
fn exhausted_budget_stops() {
    assert_eq!(
        gzip(&pack(&vec![1; 100_000]), 1 << 20, &mut |_| false),
        Err(InflateError::NoMemory)
    );
}

#[test]
fn many_members_are_refused() {
    let tiny = pack(b"").repeat(MOST_MEMBERS + 1);
    assert!(
        matches!(inflate(&tiny, 100), Err(InflateError::Corrupt(why)) if why.contains("members"))
    );
}

#[test]
fn every_truncation_is_corrupt() {
    let packed = pack(b"a text that is long enough to have some structure, structure, structure");
    for end in 0..packed.len() {
        let cut = packed.get(..end).unwrap_or_default();
        assert!(
            matches!(inflate(cut, 1_000), Err(InflateError::Corrupt(_))),
            "cut at {end}"
        );
    }
}

#[test]
fn flipped_checksum_is_corrupt() {
    let mut packed = pack(b"data");
    let at = packed.len() - 8;
    packed[at] ^= 1;
    assert_eq!(
        inflate(&packed, 100),
        Err(corrupt("the checksum does not match"))
    );
}

#[test]
fn trailing_garbage_is_corrupt() {
    let packed = [pack(b"data"), b"garbage beyond".to_vec()].concat();
    assert!(matches!(
        inflate(&packed, 100),
        Err(InflateError::Corrupt(_))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn round_trip(data in proptest::collection::vec(any::<u8>(), 0..20_000)) {
        prop_assert_eq!(inflate(&pack(&data), data.len()).unwrap(), data);
    }

    #[test]
    fn hostile_bytes_never_panic_or_exceed(mut data in proptest::collection::vec(any::<u8>(), 0..2_000), real in any::<bool>()) {
        if real {
            data.splice(0..0, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]);
        }
        if let Ok(out) = inflate(&data, 10_000) {
            prop_assert!(out.len() <= 10_000);
        }
    }
}
