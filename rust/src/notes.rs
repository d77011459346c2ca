//! What senders are told although all went well ("Clew keeps traces only", "values were cut"), but
//! not at every request.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::answer::Partial;

/// Senders remembered at once; above it the ones not yet known are told nothing.
pub const MOST_SENDERS: usize = 4_096;

pub struct Notes {
    interval: Duration,
    hasher: std::hash::RandomState,
    told: Mutex<HashMap<u64, Instant>>,
}

impl Notes {
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            hasher: std::hash::RandomState::new(),
            told: Mutex::default(),
        }
    }

    /// The note, if this sender has not had it within the interval.
    pub fn for_sender(&self, address: IpAddr, user_agent: &[u8]) -> Option<Partial> {
        self.is_due(self.hasher.hash_one((address, user_agent)), Instant::now()).then(|| Partial {
            rejected: 0,
            message: "Clew stores traces only and dropped these metrics or logs; switch the signals off with \
                      OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none, or send them elsewhere"
                .to_owned(),
        })
    }

    /// Whether this sender, by its hash, is to be told now that something was cut.
    pub fn is_cut_due(&self, sender: u128) -> bool {
        self.is_due(self.hasher.hash_one(("cut", sender)), Instant::now())
    }

    fn is_due(&self, sender: u64, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told
            .get(&sender)
            .is_some_and(|last| now.duration_since(*last) < self.interval)
        {
            return false;
        }
        if told.len() >= MOST_SENDERS {
            told.retain(|_, last| now.duration_since(*last) < self.interval);
            if told.len() >= MOST_SENDERS {
                return false;
            }
        }
        told.insert(sender, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sender_is_told_once_per_interval() {
        let notes = Notes::new(Duration::from_secs(3_600));
        let start = Instant::now();
        assert!(notes.is_due(1, start));
        assert!(!notes.is_due(1, start + Duration::from_secs(3_599)));
        assert!(notes.is_due(2, start));
        assert!(notes.is_due(1, start + Duration::from_secs(3_600)));
    }

    #[test]
    fn table_is_bounded() {
        let notes = Notes::new(Duration::from_secs(3_600));
        let start = Instant::now();
        for sender in 0..MOST_SENDERS as u64 {
            assert!(notes.is_due(sender, start));
        }
        assert!(!notes.is_due(u64::MAX, start));
        assert!(notes.is_due(u64::MAX, start + Duration::from_secs(3_601)));
    }
}
