use std::task::Poll;

use super::*;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn failing(folder: &Path, settings: &[&str]) -> Options {
    Options {
        faults: Faults::plan(settings).unwrap(),
        ..options(folder)
    }
}

/// Appends that all wait at once, in the order of their seeds.
async fn append_many(journal: &Journal, count: u8) -> Vec<Result<Appended, Unavailable>> {
    let tasks: Vec<_> = (1..=count)
        .map(|seed| {
            let journal = journal.clone();
            tokio::spawn(async move { journal.append(record(seed, 1)).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

#[tokio::test]
async fn nothing_is_acknowledged_or_synced_again_after_a_failed_sync() {
    for errno in [EIO, ENOSPC] {
        let folder = tempfile::tempdir().unwrap();
        let faults = failing(folder.path(), &[&format!("journal.sync@2={errno}")]);
        let journal = Journal::open(faults).unwrap();
        assert_eq!(journal.append(record(201, 1)).await, Ok(Appended::Stored));
        let outcomes = append_many(&journal, 200).await;
        assert!(
            outcomes
                .iter()
                .all(|outcome| *outcome == Err(Unavailable::SyncFailed)),
            "{outcomes:?}"
        );
        assert!(journal.failed());
        assert_eq!(journal.shared.options.faults.passed("journal.sync"), 2);
        journal.stop();
        assert!(journal.failed(), "a failed journal stays failed");
        assert_eq!(journal.shared.options.faults.passed("journal.sync_seal"), 0);
        drop(journal);
        Journal::open(options(folder.path())).unwrap().stop();
        assert_eq!(stored_spans(folder.path()), vec![1]);
    }
}

#[tokio::test]
async fn failed_sync_of_the_folder_of_a_new_segment_is_no_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let faults = failing(folder.path(), &["journal.sync_created@1=28"]);
    let journal = Journal::open(faults).unwrap();
    let outcome = journal.append(record(1, 1)).await;
    assert_eq!(outcome, Err(Unavailable::SyncFailed));
    assert!(journal.failed());
    assert!(files(folder.path(), format::OPEN).is_empty());
    journal.stop();
}

#[tokio::test]
async fn published_segment_is_never_touched_again() {
    let folder = tempfile::tempdir().unwrap();
    let faults = failing(folder.path(), &["journal.sync_renamed@1=5"]);
    let journal = Journal::open(faults).unwrap();
    journal.append(record(1, 3)).await.unwrap();
    until("failed", || journal.failed()).await;
    let sealed = files(folder.path(), format::SEALED).remove(0);
    assert_eq!(spans_of(&sealed), (vec![3], Vec::new()));
    assert_eq!(
        journal.append(record(2, 1)).await,
        Err(Unavailable::SyncFailed)
    );
    assert_eq!(journal.append(record(1, 3)).await, Ok(Appended::Repeated));
    journal.stop();
    let faults = &journal.shared.options.faults;
    assert_eq!(faults.passed("journal.write_seal"), 1);
    assert_eq!(faults.passed("journal.sync_renamed"), 1);
}

#[tokio::test]
async fn failed_sync_of_a_seal_is_left_to_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let faults = failing(folder.path(), &["journal.sync_seal@1=28"]);
    let journal = Journal::open(faults).unwrap();
    journal.append(record(1, 3)).await.unwrap();
    until("failed", || journal.failed()).await;
    assert_eq!(
        journal.append(record(2, 1)).await,
        Err(Unavailable::SyncFailed)
    );
    journal.stop();
    assert_eq!(journal.shared.options.faults.passed("journal.sync_seal"), 1);
    assert!(stored_spans(folder.path()).is_empty());
    drop(journal);
    Journal::open(options(folder.path())).unwrap().stop();
    assert_eq!(stored_spans(folder.path()), vec![3]);
}

#[tokio::test]
async fn sealer_that_waits_for_space_never_blocks_an_answer() {
    for step in [
        "journal.write_seal",
        "journal.write_hashes",
        "journal.rename",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut small = failing(folder.path(), &[&format!("{step}@1+=28")]);
        small.seal_spans = 2;
        let journal = Journal::open(small).unwrap();
        let mut stored = 0;
        let mut refused = None;
        for seed in 1..=40 {
            match journal.append(record(seed, 2)).await {
                Ok(_) => stored += 1,
                Err(why) => refused = Some(why),
            }
        }
        assert_eq!(refused, Some(Unavailable::DiskReserve), "{step}");
        assert!(stored >= 5, "{step}: only {stored} were taken");
        journal.shared.options.faults.lift();
        until("all sealed", || stored_spans(folder.path()).len() == stored).await;
        assert_eq!(
            journal.append(record(250, 2)).await,
            Ok(Appended::Stored),
            "{step}"
        );
        assert!(!journal.failed());
        journal.stop();
        assert_eq!(stored_spans(folder.path()).len(), stored + 1, "{step}");
    }
}

#[tokio::test]
async fn stopping_does_not_wait_for_space() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(failing(folder.path(), &["journal.write_seal@1+=28"])).unwrap();
    journal.append(record(1, 3)).await.unwrap();
    journal.stop();
    drop(journal);
    Journal::open(options(folder.path())).unwrap().stop();
    assert_eq!(stored_spans(folder.path()), vec![3]);
}

#[tokio::test]
async fn full_disk_leaves_no_file_behind_and_is_not_asked_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(failing(folder.path(), &["journal.write_header@1+=28"])).unwrap();
    let outcomes = append_many(&journal, 50).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == Err(Unavailable::DiskReserve))
    );
    assert!(files(folder.path(), format::OPEN).is_empty());
    let faults = journal.shared.options.faults.clone();
    assert!(faults.passed("journal.create") < 25);
    faults.lift();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while journal.append(record(1, 1)).await.is_err() {
        assert!(std::time::Instant::now() < deadline, "never taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!journal.failed());
    journal.stop();
    assert_eq!(stored_spans(folder.path()), vec![1]);
}

#[tokio::test]
async fn write_that_finds_the_disk_full_is_cut_off_and_the_next_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(failing(folder.path(), &["journal.write@2=28"])).unwrap();
    journal.append(record(1, 1)).await.unwrap();
    assert_eq!(
        journal.append(record(2, 2)).await,
        Err(Unavailable::DiskReserve)
    );
    assert_eq!(journal.append(record(2, 2)).await, Ok(Appended::Stored));
    journal.stop();
    assert_eq!(stored_spans(folder.path()), vec![1, 2]);
}

#[tokio::test]
async fn segment_that_cannot_be_cut_back_fails_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let faults = failing(folder.path(), &["journal.write@1=28", "journal.cut@1=28"]);
    let journal = Journal::open(faults).unwrap();
    assert_eq!(
        journal.append(record(1, 1)).await,
        Err(Unavailable::SyncFailed)
    );
    assert!(journal.failed());
    journal.stop();
}

#[tokio::test]
async fn thread_that_died_fails_the_journal_and_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(failing(folder.path(), &["journal.write@1=panic"])).unwrap();
    let deadline = Duration::from_secs(20);
    let twins = tokio::time::timeout(deadline, async {
        tokio::join!(
            journal.append(record(1, 1)),
            journal.append(record(1, 1)),
            journal.append(record(2, 1)),
        )
    });
    let failed = Err(Unavailable::SyncFailed);
    assert_eq!(twins.await, Ok((failed, failed, failed)));
    assert!(journal.failed());
    journal.stop();
}

/// A body whose end takes a while, as on a busy machine.
struct SlowEnd(Bytes);

impl AsRef<[u8]> for SlowEnd {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SlowEnd {
    fn drop(&mut self) {
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_a_dying_thread_drops_is_told_of_the_failure_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(failing(folder.path(), &["journal.write@1=panic"])).unwrap();
    let slow = record(2, 1);
    let part = validate::Part {
        spans: 1,
        decoded_bytes: 100,
        body: Bytes::from_owner(SlowEnd(slow.body.clone())),
    };
    let first = journal.append(record(1, 1));
    let mut first = Box::pin(first);
    let queued =
        std::future::poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending()));
    assert!(queued.await);
    drop(journal.enqueue(format::Kind::Traces, &slow, part, slow.hash));
    assert_eq!(first.await, Err(Unavailable::SyncFailed));
    assert!(journal.failed());
    journal.stop();
}

#[tokio::test]
async fn ledger_leaves_room_for_spans_in_a_journal_that_is_nearly_full() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(Options {
        cap_bytes: 8_000,
        ..options(folder.path())
    })
    .unwrap();
    let body = Bytes::from(vec![b'x'; 7_500]);
    assert_eq!(journal.append_ledger(body).await, Err(Unavailable::Full));
    let mut spans = record(1, 1);
    spans.body = request(1, 240);
    assert!(spans.body.len() > 7_000);
    assert_eq!(journal.append(spans).await, Ok(Appended::Stored));
    assert_eq!(
        journal
            .append_ledger(Bytes::from_static(b"{\"ledger\":1}"))
            .await,
        Err(Unavailable::Full)
    );
    assert_eq!(journal.append(record(2, 1)).await, Ok(Appended::Stored));
    journal.stop();
}

#[tokio::test]
async fn sealer_that_died_fails_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(failing(folder.path(), &["journal.rename@1=panic"])).unwrap();
    journal.append(record(1, 1)).await.unwrap();
    until("failed", || journal.failed()).await;
    assert_eq!(
        journal.append(record(2, 1)).await,
        Err(Unavailable::SyncFailed)
    );
    journal.stop();
}

#[tokio::test]
async fn repeat_is_acknowledged_whatever_refuses_new_spans() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    journal.append(record(1, 3)).await.unwrap();
    journal.stop();
    drop(journal);
    let base = || options(folder.path());
    for (why, options) in [
        (
            Unavailable::Full,
            Options {
                cap_bytes: 0,
                ..base()
            },
        ),
        (
            Unavailable::DiskReserve,
            Options {
                reserve_bytes: u64::MAX,
                ..base()
            },
        ),
        (
            Unavailable::Busy,
            Options {
                waiting_bytes: 0,
                ..base()
            },
        ),
    ] {
        let journal = Journal::open(options).unwrap();
        assert_eq!(journal.append(record(1, 3)).await, Ok(Appended::Repeated));
        for _ in 0..2 {
            assert_eq!(journal.append(record(2, 3)).await, Err(why));
        }
        journal.stop();
    }
}
