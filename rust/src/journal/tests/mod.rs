//! The journal's promises, one file each: what is kept, what a failing disk may do, what a start repairs.

mod failing;
mod keeping;
mod starting;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::format;
use super::*;

fn options(folder: &Path) -> Options {
    Options {
        reserve_bytes: 0,
        seal_age: Duration::from_millis(50),
        ..Options::new(folder)
    }
}

/// One ResourceSpans with one ScopeSpans with `count` minimal spans; `seed` tells requests apart.
fn request(seed: u8, count: u8) -> Bytes {
    let mut spans = Vec::new();
    for n in 0..count {
        let mut span = vec![0x0a, 16];
        span.extend_from_slice(&[seed.max(1); 16]);
        span.extend_from_slice(&[0x12, 8]);
        span.extend_from_slice(&[n.wrapping_add(1).max(1); 8]);
        spans.extend_from_slice(&[0x12, span.len() as u8]);
        spans.extend_from_slice(&span);
    }
    let wrap = |tag: u8, inner: &[u8]| {
        let mut out = vec![tag];
        let mut length = inner.len();
        while length >= 0x80 {
            out.push(length as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend_from_slice(inner);
        out
    };
    Bytes::from(wrap(0x0a, &wrap(0x12, &spans)))
}

fn record(seed: u8, count: u8) -> NewRecord {
    NewRecord {
        body: request(seed, count),
        spans: u32::from(count),
        decoded_bytes: 100 * u64::from(count),
        hash: u128::from(seed),
        received_ns: now_ns(),
        key_id: [0; 16],
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            format::id_of(path.file_name().unwrap().to_str().unwrap(), extension).is_some()
        })
        .collect();
    found.sort();
    found
}

fn stored_spans(folder: &Path) -> Vec<u32> {
    let mut spans = Vec::new();
    for path in files(folder, format::SEALED) {
        let dead = read_segment(&path).unwrap().each(|header, _| {
            spans.push(header.spans);
            Ok(())
        });
        assert_eq!(dead, Vec::new());
    }
    spans
}

/// Ends the writer as a kill would: no seal, the files stay as they are.
fn abandon(journal: &Journal, folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    journal.stop();
    copy
}

fn spans_of(path: &Path) -> (Vec<u32>, Vec<Dead>) {
    let mut spans = Vec::new();
    let dead = read_segment(path).unwrap().each(|header, _| {
        spans.push(header.spans);
        Ok(())
    });
    (spans, dead)
}

fn slow(folder: &Path) -> Options {
    Options {
        seal_age: Duration::from_secs(60),
        ..options(folder)
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
