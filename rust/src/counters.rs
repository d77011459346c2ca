//! Process-wide counters and gauges: what was accepted, refused and lost, with the reason.
//!
//! A sample lives until the process ends, so labels must be fixed words of ours, never text that a
//! sender chose.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};

static SAMPLES: LazyLock<RwLock<HashMap<String, &'static AtomicU64>>> =
    LazyLock::new(RwLock::default);

/// The sample's cell. Looked up once and kept by code that counts for every request.
pub fn handle(name: &'static str, labels: &[(&str, &str)]) -> &'static AtomicU64 {
    let sample = sample_name(name, labels);
    if let Some(cell) = SAMPLES
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&sample)
    {
        return cell;
    }
    let mut samples = SAMPLES.write().unwrap_or_else(PoisonError::into_inner);
    samples
        .entry(sample)
        .or_insert_with(|| Box::leak(Box::new(AtomicU64::new(0))))
}

/// Adds to a sample by name; for rare events.
pub fn add(name: &'static str, labels: &[(&str, &str)], count: u64) {
    handle(name, labels).fetch_add(count, Ordering::Relaxed);
}

/// Every sample with its Prometheus name, ordered by name.
pub fn snapshot() -> Vec<(String, u64)> {
    let samples = SAMPLES.read().unwrap_or_else(PoisonError::into_inner);
    let mut all: Vec<_> = samples
        .iter()
        .map(|(name, cell)| (name.clone(), cell.load(Ordering::Relaxed)))
        .collect();
    all.sort_unstable();
    all
}

fn sample_name(name: &str, labels: &[(&str, &str)]) -> String {
    let mut sample = String::with_capacity(name.len() + 32 * labels.len());
    sample.push_str(name);
    for (at, (label, value)) in labels.iter().enumerate() {
        sample.push(if at == 0 { '{' } else { ',' });
        let _ = write!(sample, "{label}=\"");
        for character in value.chars() {
            match character {
                '\\' => sample.push_str("\\\\"),
                '"' => sample.push_str("\\\""),
                '\n' => sample.push_str("\\n"),
                other => sample.push(other),
            }
        }
        sample.push('"');
    }
    if !labels.is_empty() {
        sample.push('}');
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_labels_share_one_cell() {
        let labels = [("reason", "full")];
        add("counters_test_total", &labels, 2);
        handle("counters_test_total", &labels).fetch_add(3, Ordering::Relaxed);
        let all = snapshot();
        assert!(
            all.contains(&("counters_test_total{reason=\"full\"}".to_owned(), 5)),
            "{all:?}"
        );
    }

    #[test]
    fn label_values_are_escaped() {
        assert_eq!(
            sample_name("x", &[("a", "b\"\\\n"), ("c", "d")]),
            "x{a=\"b\\\"\\\\\\n\",c=\"d\"}"
        );
        assert_eq!(sample_name("x", &[]), "x");
    }
}
