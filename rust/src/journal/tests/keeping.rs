use super::*;

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

#[tokio::test]
async fn equal_records_of_the_ledger_are_each_kept_and_a_segment_may_hold_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    for _ in 0..2 {
        let body = crate::ledger::body::encode(&[]);
        assert_eq!(journal.append_ledger(body).await, Ok(()));
    }
    let after_kill = abandon(&journal, folder.path());
    Journal::open(options(after_kill.path())).unwrap().stop();
    assert_eq!(stored_spans(after_kill.path()), vec![0, 0]);
}
