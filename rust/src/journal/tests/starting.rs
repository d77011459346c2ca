use super::*;

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

#[test]
fn folders_and_notes_with_our_names_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("recent-2020.hashes");
    std::fs::write(&text, b"mine").unwrap();
    for name in [
        format::file_name([1; 16], format::OPEN),
        format::file_name([2; 16], format::SEALED),
        format!("recent-{:020}.hashes", 7),
    ] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    Journal::open(options(folder.path())).unwrap().stop();
    assert_eq!(std::fs::read(&text).unwrap(), b"mine");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5);
}

/// An open segment with records of 1, 2, 3 and 4 spans, as a kill left it, and where each starts.
async fn leftover() -> (Vec<u8>, String, Vec<usize>) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(slow(folder.path())).unwrap();
    for seed in 1..=4 {
        journal.append(record(seed, seed)).await.unwrap();
    }
    let killed = abandon(&journal, folder.path());
    let open = files(killed.path(), format::OPEN).remove(0);
    let bytes = std::fs::read(&open).unwrap();
    let starts = format::Items::new(&bytes)
        .map(|item| match item {
            format::Item::Record { offset, .. } => offset,
            other => panic!("{other:?}"),
        })
        .collect();
    let name = open.file_name().unwrap().to_str().unwrap().to_owned();
    (bytes, name, starts)
}

#[tokio::test]
async fn records_behind_a_damaged_header_are_kept_for_a_human() {
    let (mut bytes, name, starts) = leftover().await;
    bytes[starts[1] + 20] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(&name), &bytes).unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    assert_eq!(stored_spans(folder.path()), vec![1]);
    assert_eq!(journal.append(record(1, 1)).await, Ok(Appended::Repeated));
    assert_eq!(journal.append(record(3, 3)).await, Ok(Appended::Stored));
    journal.stop();
    let id = name.strip_suffix(".open").unwrap();
    let kept = folder.path().join("dead-letter");
    let stem = format!("{id}-{:010}", starts[1]);
    assert_eq!(
        std::fs::read(kept.join(format!("{stem}.torn"))).unwrap(),
        bytes[starts[1]..]
    );
    let described = std::fs::read(kept.join(format!("{stem}.json"))).unwrap();
    let described: serde_json::Value = serde_json::from_slice(&described).unwrap();
    assert_eq!(described["offset"], starts[1]);
}

#[tokio::test]
async fn damaged_first_header_keeps_the_whole_rest() {
    let (mut bytes, name, starts) = leftover().await;
    bytes[starts[0]] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(&name), &bytes).unwrap();
    Journal::open(options(folder.path())).unwrap().stop();
    assert_eq!(
        std::fs::read_dir(folder.path().join("dead-letter"))
            .unwrap()
            .count(),
        2
    );
    assert!(files(folder.path(), format::OPEN).is_empty());
}

#[tokio::test]
async fn plain_torn_tail_is_no_dead_letter() {
    let (mut bytes, name, starts) = leftover().await;
    bytes.truncate(starts[3] + 70);
    bytes.extend_from_slice(&[0; 4096]); // what a power cut may leave of a file that had grown
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(&name), &bytes[..starts[3] + 70]).unwrap();
    Journal::open(options(folder.path())).unwrap().stop();
    assert_eq!(stored_spans(folder.path()), vec![1, 2, 3]);
    assert!(!folder.path().join("dead-letter").exists());
    assert!(!torn::holds_a_record(&bytes[starts[3]..starts[3] + 70]));
    assert!(!torn::holds_a_record(&[0; 4096]));
    assert!(torn::holds_a_record(&bytes[starts[2] - 1..]));
}

#[tokio::test]
async fn seal_of_a_recovered_segment_counts_its_damaged_record() {
    let (mut bytes, name, starts) = leftover().await;
    bytes[starts[1] + format::RECORD_HEADER] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(&name), &bytes).unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    let (spans, dead) = spans_of(&files(folder.path(), format::SEALED)[0]);
    assert_eq!(spans, vec![1, 3, 4]);
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!(dead[0].offset, starts[1]);
    assert_eq!(journal.append(record(2, 2)).await, Ok(Appended::Stored));
    journal.stop();
}

#[tokio::test]
async fn segment_cut_between_records_is_reported() {
    let (bytes, name, starts) = leftover().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(&name), &bytes).unwrap();
    Journal::open(options(folder.path())).unwrap().stop();
    let sealed = files(folder.path(), format::SEALED).remove(0);
    assert_eq!(spans_of(&sealed), (vec![1, 2, 3, 4], Vec::new()));
    let whole = std::fs::read(&sealed).unwrap();
    for cut in [starts[0], starts[3], bytes.len()] {
        std::fs::write(&sealed, &whole[..cut]).unwrap();
        let (_, dead) = spans_of(&sealed);
        assert_eq!(dead.len(), 1, "cut at {cut}");
        assert!(dead[0].reason.contains("seal is missing"), "{dead:?}");
    }
    let mut without_the_first = whole[..starts[0]].to_vec();
    without_the_first.extend_from_slice(&whole[starts[1]..]);
    std::fs::write(&sealed, without_the_first).unwrap();
    let (_, dead) = spans_of(&sealed);
    assert!(dead[0].reason.contains("promises"), "{dead:?}");
}

#[tokio::test]
async fn start_on_a_full_disk_knows_its_hashes_and_seals_when_there_is_space() {
    for step in [
        "journal.write_seal",
        "journal.create_hashes",
        "journal.rename",
        "journal.write_torn",
    ] {
        let (mut bytes, name, starts) = leftover().await;
        if step == "journal.write_torn" {
            bytes[starts[2]] ^= 1;
        }
        let kept: Vec<_> = if step == "journal.write_torn" {
            vec![1, 2]
        } else {
            vec![1, 2, 3, 4]
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(&name), &bytes).unwrap();
        let full = Options {
            faults: Faults::plan(&[&format!("{step}@1+=28")]).unwrap(),
            ..options(folder.path())
        };
        let journal = Journal::open(full).unwrap();
        assert_eq!(files(folder.path(), format::OPEN).len(), 1, "{step}");
        assert_eq!(journal.append(record(2, 2)).await, Ok(Appended::Repeated));
        assert!(!journal.failed());
        journal.shared.options.faults.lift();
        until("sealed", || stored_spans(folder.path()) == kept).await;
        journal.stop();
    }
}

#[test]
fn failed_sync_in_a_start_is_an_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (bytes, name, _) = runtime.block_on(leftover());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(&name), &bytes).unwrap();
    let failing = Options {
        faults: Faults::plan(&["journal.sync_seal@1=28"]).unwrap(),
        ..options(folder.path())
    };
    assert!(Journal::open(failing).is_err());
    Journal::open(options(folder.path())).unwrap().stop();
    assert_eq!(stored_spans(folder.path()), vec![1, 2, 3, 4]);
}

#[tokio::test]
async fn receive_day_is_not_lowered_by_a_start_without_segments() {
    let folder = tempfile::tempdir().unwrap();
    let day = 86_400_000_000_000;
    let at = |seed, received_ns| NewRecord {
        received_ns,
        ..record(seed, 1)
    };
    for (seed, received_day, expected) in [(1, 20_001, 20_001), (2, 20_000, 20_001)] {
        let journal = Journal::open(options(folder.path())).unwrap();
        journal.append(at(seed, received_day * day)).await.unwrap();
        journal.stop();
        drop(journal);
        for path in files(folder.path(), format::SEALED) {
            assert_eq!(read_segment(&path).unwrap().header.receive_day, expected);
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::write(folder.path().join(".lock"), "no day\n\n\n").unwrap();
    let journal = Journal::open(options(folder.path())).unwrap();
    journal.append(at(3, 20_000 * day)).await.unwrap();
    journal.stop();
    let sealed = files(folder.path(), format::SEALED).remove(0);
    assert_eq!(read_segment(&sealed).unwrap().header.receive_day, 20_000);
    let text = std::fs::read_to_string(folder.path().join(".lock")).unwrap();
    assert_eq!(text, "20000\n");
}
