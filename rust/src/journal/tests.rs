use std::time::Duration;

use bytes::Bytes;

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

#[tokio::test]
async fn acknowledged_record_is_in_a_sealed_segment_after_stop() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    assert_eq!(journal.append(record(1, 3)).await, Ok(Appended::Stored));
    journal.stop();
    assert_eq!(stored_spans(folder.path()), vec![3]);
    assert!(files(folder.path(), format::OPEN).is_empty());
}

#[tokio::test]
async fn repeated_body_is_acknowledged_and_stored_once_across_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    assert_eq!(journal.append(record(1, 3)).await, Ok(Appended::Stored));
    assert_eq!(journal.append(record(1, 3)).await, Ok(Appended::Repeated));
    let after_kill = abandon(&journal, folder.path());
    let journal = Journal::open(options(after_kill.path())).unwrap();
    assert_eq!(journal.append(record(1, 3)).await, Ok(Appended::Repeated));
    journal.stop();
    assert_eq!(stored_spans(after_kill.path()), vec![3]);
}

#[tokio::test]
async fn repeat_is_recognised_after_the_store_deleted_the_segment() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    journal.append(record(1, 3)).await.unwrap();
    journal.stop();
    for path in files(folder.path(), format::SEALED) {
        std::fs::remove_file(path).unwrap();
    }
    drop(journal);
    let journal = Journal::open(options(folder.path())).unwrap();
    assert_eq!(journal.append(record(1, 3)).await, Ok(Appended::Repeated));
    journal.stop();
}

#[tokio::test]
async fn torn_tail_is_cut_and_everything_before_it_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut slow = options(folder.path());
    slow.seal_age = Duration::from_secs(60);
    let journal = Journal::open(slow).unwrap();
    for seed in 1..=3 {
        journal.append(record(seed, seed)).await.unwrap();
    }
    let killed = abandon(&journal, folder.path());
    let open = files(killed.path(), format::OPEN).remove(0);
    let whole = std::fs::read(&open).unwrap();
    for cut in (format::SEGMENT_HEADER..=whole.len()).rev().step_by(7) {
        let trial = tempfile::tempdir().unwrap();
        std::fs::write(trial.path().join(open.file_name().unwrap()), &whole[..cut]).unwrap();
        Journal::open(options(trial.path())).unwrap().stop();
        let kept = stored_spans(trial.path());
        assert!([1, 2, 3].starts_with(&kept), "cut at {cut} kept {kept:?}");
        assert!(files(trial.path(), format::OPEN).is_empty());
    }
}

#[tokio::test]
async fn segment_ends_at_its_span_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = options(folder.path());
    small.seal_spans = 10;
    let journal = Journal::open(small).unwrap();
    for seed in 1..=5 {
        journal.append(record(seed, 4)).await.unwrap();
    }
    journal.stop();
    for path in files(folder.path(), format::SEALED) {
        let mut spans = 0;
        read_segment(&path).unwrap().each(|header, _| {
            spans += header.spans;
            Ok(())
        });
        assert!(spans <= 10, "{spans} spans in one segment");
    }
    assert_eq!(stored_spans(folder.path()).iter().sum::<u32>(), 20);
}

#[tokio::test]
async fn request_larger_than_a_segment_is_split_and_its_retry_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = options(folder.path());
    small.seal_spans = 10;
    let journal = Journal::open(small).unwrap();
    assert_eq!(journal.append(record(1, 35)).await, Ok(Appended::Stored));
    assert_eq!(journal.append(record(1, 35)).await, Ok(Appended::Repeated));
    journal.stop();
    let spans = stored_spans(folder.path());
    assert_eq!(spans.iter().sum::<u32>(), 35);
    assert!(spans.iter().all(|n| *n <= 10), "{spans:?}");
}

#[tokio::test]
async fn segment_never_spans_two_days_and_the_day_is_never_lowered() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    let day = 86_400_000_000_000;
    for (seed, received_ns) in [(1, 20_000 * day), (2, 20_001 * day), (3, 20_000 * day)] {
        journal
            .append(NewRecord {
                received_ns,
                ..record(seed, 1)
            })
            .await
            .unwrap();
    }
    journal.stop();
    let days: Vec<_> = files(folder.path(), format::SEALED)
        .iter()
        .map(|path| read_segment(path).unwrap().header.receive_day)
        .collect();
    assert_eq!(days, vec![20_000, 20_001]);
}

#[tokio::test]
async fn full_journal_and_full_disk_refuse_and_store_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let full = Options {
        cap_bytes: 10,
        ..options(folder.path())
    };
    let journal = Journal::open(full).unwrap();
    assert_eq!(journal.append(record(1, 3)).await, Err(Unavailable::Full));
    journal.stop();
    drop(journal);
    let reserve = Options {
        reserve_bytes: u64::MAX,
        ..options(folder.path())
    };
    let journal = Journal::open(reserve).unwrap();
    assert_eq!(
        journal.append(record(1, 3)).await,
        Err(Unavailable::DiskReserve)
    );
    journal.stop();
    assert!(stored_spans(folder.path()).is_empty());
}

#[tokio::test]
async fn idle_journal_seals_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    journal.stop();
    assert!(
        files(folder.path(), format::SEALED).is_empty()
            && files(folder.path(), format::OPEN).is_empty()
    );
}

#[tokio::test]
async fn open_segment_is_sealed_by_age_without_another_request() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    journal.append(record(1, 1)).await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while files(folder.path(), format::SEALED).is_empty() {
        assert!(std::time::Instant::now() < deadline, "never sealed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    journal.stop();
}

#[test]
fn second_process_is_refused_with_the_folder_named() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    let message = Journal::open(options(folder.path()))
        .err()
        .unwrap()
        .to_string();
    assert!(
        message.contains(&folder.path().display().to_string()),
        "{message}"
    );
    journal.stop();
}

#[test]
fn foreign_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["README.md", "x.seg", "recent-notes.hashes", ".hidden"] {
        std::fs::write(folder.path().join(name), b"mine").unwrap();
    }
    Journal::open(options(folder.path())).unwrap().stop();
    for name in ["README.md", "x.seg", "recent-notes.hashes", ".hidden"] {
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), b"mine");
    }
}
