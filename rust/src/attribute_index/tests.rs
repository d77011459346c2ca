use xxhash_rust::xxh64::xxh64;

use super::chunk::{Chunk, Occurrence};
use super::source::{Ints, Others, Source, Strings};
use super::times::Times;
use super::values::{Budget, MOST_VALUES, Summary, ValueSet};
use crate::columns::Texts;

const SECOND: u64 = 1_000_000_000;

fn has(filter: &[u8], text: &[u8]) -> bool {
    let hash = xxh64(text, 0);
    let (first, step) = (hash & 0xffff_ffff, hash >> 32 | 1);
    (0..4).all(|probe| {
        let bit = (first + probe * step) % (filter.len() as u64 * 8);
        filter[(bit / 8) as usize] >> (bit % 8) & 1 == 1
    })
}

fn summary(source: &impl Source, entries: usize, budget: &mut Budget) -> Summary {
    let mut set = ValueSet::default();
    let occurrences: Vec<Occurrence> = (0..entries)
        .map(|entry| Occurrence {
            key: source.key(entry),
            entry: entry as u32,
            place: 0,
        })
        .collect();
    if source.tells() {
        set.add(source, &occurrences, 1, budget);
    }
    set.summary(source)
}

#[test]
fn few_values_are_all_listed_most_frequent_first() {
    let ints = [1, 2, 3, 2, 3, 3];
    let summary = summary(&Ints(&ints), ints.len(), &mut Budget::default());
    assert_eq!(summary.listed, [(3, 2), (2, 1), (1, 0)]);
    assert!(summary.complete);
    assert!(summary.filter.is_empty());
}

#[test]
fn of_many_values_the_most_frequent_are_listed_unless_they_occur_once() {
    let listed = |repeated: i64| {
        let ints: Vec<i64> = (0..40).chain(0..repeated).chain(2..4).collect();
        summary(&Ints(&ints), ints.len(), &mut Budget::default()).listed
    };
    assert_eq!(listed(0), [(2, 2), (2, 3)]);
    let many: Vec<usize> = listed(20).into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(many, [2, 3, 0, 1, 4, 5, 6, 7]);
}

#[test]
fn emptied_sets_and_chunks_are_as_new() {
    let mut chunk = Chunk::default();
    let mut set = ValueSet::default();
    for round in 0..3 {
        let ints: Vec<i64> = (0..100).map(|n| n % 40 + round).collect();
        let source = Ints(&ints);
        for entry in 0..ints.len() {
            chunk.push(Occurrence {
                key: source.key(entry),
                entry: entry as u32,
                place: (entry % 2) as u32,
            });
        }
        let mut places = Vec::new();
        chunk.take(2, |place, occurrences| {
            places.push((place, occurrences.len()));
            set.add(&source, occurrences, 1, &mut Budget::default());
        });
        assert_eq!(places, [(0, 50), (1, 50)]);
        let summary = set.summary(&source);
        assert_eq!((summary.listed.len(), summary.filter.len()), (8, 64));
        assert!(summary.listed.iter().all(|(spans, _)| *spans == 3));
        set = set.emptied().unwrap();
    }
}

#[test]
fn filter_has_12_to_18_bits_a_value_and_holds_all() {
    for count in [33, 42, 43, 64, 65, 1_000] {
        let ints: Vec<i64> = (0..count).map(|n| n * n).collect();
        let summary = summary(&Ints(&ints), ints.len(), &mut Budget::default());
        let bits = 8 * summary.filter.len();
        assert!((12 * ints.len()..=18 * ints.len()).contains(&bits));
        assert!(!summary.complete);
        for int in ints {
            assert!(has(&summary.filter, int.to_string().as_bytes()));
        }
    }
}

#[test]
fn values_beyond_those_told_apart_are_in_the_filter() {
    let ints: Vec<i64> = (0..200_000).collect();
    assert!(ints.len() > MOST_VALUES);
    let summary = summary(&Ints(&ints), ints.len(), &mut Budget::default());
    assert_eq!(summary.filter.len(), 256 << 10);
    assert!(
        ints.iter()
            .all(|int| has(&summary.filter, int.to_string().as_bytes()))
    );
    let false_positives = (200_000..210_000)
        .filter(|int| has(&summary.filter, int.to_string().as_bytes()))
        .count();
    assert!(false_positives < 1_000, "{false_positives} of 10,000");
}

#[test]
fn a_row_without_memory_left_may_hold_anything() {
    let ints: Vec<i64> = (0..10).chain(0..10).collect();
    let mut budget = Budget::of(9);
    let summary = summary(&Ints(&ints), ints.len(), &mut budget);
    assert_eq!(summary.listed.len(), 8);
    assert!(!summary.complete);
    assert!(summary.filter.is_empty());
}

#[test]
fn long_values_are_not_listed_and_others_say_nothing() {
    let mut texts = Texts::default();
    texts.push(&[b'x'; 129]).unwrap();
    let strings = Strings(&texts, 7);
    let long = summary(&strings, 1, &mut Budget::default());
    assert!(long.listed.is_empty() && !long.complete);
    assert!(has(&long.filter, &[b'x'; 129]));
    let other = summary(&Others, 5, &mut Budget::default());
    assert!(other.listed.is_empty() && other.filter.is_empty() && !other.complete);
}

#[test]
fn texts_of_every_length_have_keys_of_their_own() {
    let mut texts = Texts::default();
    for length in 0..70 {
        texts.push(&vec![b'a'; length]).unwrap();
        for changed in 0..length {
            let mut text = vec![b'a'; length];
            text[changed] = b'b';
            texts.push(&text).unwrap();
        }
    }
    let strings = Strings(&texts, 0x1234_5678_9abc_def1);
    let count = 70 + 69 * 70 / 2;
    let mut keys: Vec<u64> = (0..count).map(|entry| strings.key(entry)).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn ranges_are_as_wide_as_need_be() {
    let every_ten: Vec<u64> = (0..6).map(|n| n * 10 * SECOND).collect();
    let ranges = |most| Times::new(&every_ten, most).ranges();
    assert_eq!((ranges(6), ranges(5), ranges(2), ranges(1)), (6, 2, 2, 1));
    let far = [0, u64::MAX];
    assert_eq!(Times::new(&far, 2).ranges(), 2);
    assert_eq!(Times::new(&far, 1).ranges(), 1);
    assert_eq!(Times::new(&[], 1).ranges(), 0);
}

#[test]
fn neighbouring_spans_are_joined_by_range() {
    let starts: Vec<u64> = [3, 1, 3, 2, 9].map(|second| second * SECOND).to_vec();
    let times = Times::new(&starts, 4);
    let mut joined = Vec::new();
    times.of(0..4, &mut joined);
    let all: Vec<_> = joined
        .iter()
        .map(|seen| (seen.range, seen.spans, seen.first, seen.last))
        .collect();
    assert_eq!(all, [(2, 2, 3, 3), (0, 1, 1, 1), (1, 1, 2, 2)]);
}
