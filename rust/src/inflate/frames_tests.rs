#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::Write;

use proptest::prelude::*;

use super::*;

fn pack(data: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(data, 3).unwrap()
}

fn streamed(data: &[u8], window_log: u32) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(window_log).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn inflate(input: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    super::zstd(input, limit, &mut |_| true)
}

#[test]
fn frames_are_joined_and_their_number_is_bounded() {
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0xyz".to_vec();
    let both = [pack(b"hello "), skippable, streamed(b"world", 17)].concat();
    assert_eq!(inflate(&both, 100).unwrap(), b"hello world");
    let many = pack(b"").repeat(MOST_MEMBERS + 1);
    assert!(
        matches!(inflate(&many, 100), Err(InflateError::Corrupt(why)) if why.contains("frames"))
    );
}

#[test]
fn limit_is_exact() {
    for packed in [pack(&vec![7; 100_000]), streamed(&vec![7; 100_000], 17)] {
        assert_eq!(inflate(&packed, 100_000).unwrap().len(), 100_000);
        assert_eq!(inflate(&packed, 99_999), Err(InflateError::TooLarge));
    }
}

#[test]
fn bomb_stops_near_the_limit_with_its_window_counted() {
    let bomb = streamed(&vec![0; 64 << 20], 20);
    let mut held = 0;
    let mut grow = |more| {
        held += more;
        true
    };
    let got = super::zstd(&bomb, 1 << 20, &mut grow);
    assert_eq!(got, Err(InflateError::TooLarge));
    assert!(held <= (2 << 20) + 1, "{held}");
}

#[test]
fn window_is_read_from_the_header_and_bounded() {
    assert_eq!(window(&streamed(&vec![1; 3_000_000], 21)), 2 << 20);
    assert_eq!(window(&pack(&[1; 200])), 200);
    assert_eq!(window(&pack(&[1; 1_000])), 1_000);
    assert_eq!(window(b"\x28\xb5\x2f\xfd"), 0);
    assert_eq!(window(b"hello world"), 0);
    let data = vec![1; 20 << 20];
    assert_eq!(inflate(&streamed(&data, 23), 32 << 20).unwrap(), data);
    let wide = inflate(&streamed(&data, 24), 32 << 20);
    assert!(
        matches!(&wide, Err(InflateError::Corrupt(why)) if why.contains("memory")),
        "{:?}",
        wide.map(|data| data.len())
    );
}

#[test]
fn exhausted_budget_stops() {
    let got = super::zstd(&pack(&vec![1; 100_000]), 1 << 20, &mut |_| false);
    assert_eq!(got, Err(InflateError::NoMemory));
}

#[test]
fn every_truncation_and_a_wrong_checksum_are_corrupt() {
    let mut packed = streamed(
        b"a text that is long enough to have some structure, structure",
        17,
    );
    for end in 0..packed.len() {
        let cut = packed.get(..end).unwrap_or_default();
        assert!(
            matches!(inflate(cut, 1_000), Err(InflateError::Corrupt(_))),
            "cut at {end}"
        );
    }
    if let Some(last) = packed.last_mut() {
        *last ^= 1;
    }
    assert!(matches!(
        inflate(&packed, 1_000),
        Err(InflateError::Corrupt(_))
    ));
    let garbage = [pack(b"data"), b"garbage beyond".to_vec()].concat();
    assert!(matches!(
        inflate(&garbage, 1_000),
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
            data.splice(0..0, [0x28, 0xb5, 0x2f, 0xfd]);
        }
        if let Ok(out) = inflate(&data, 10_000) {
            prop_assert!(out.len() <= 10_000);
        }
    }
}
