//! How many spans a second are taken, of everybody and of one key.
//!
//! A request is asked about before its body is read, when nobody knows how many spans it holds, so
//! a bucket may fall below zero: the debt is paid before the next one is taken. What is taken over
//! a longer time keeps to the rate all the same.

// A rate is below 2⁵², and a delay is above zero.
#![allow(clippy::cast_precision_loss, clippy::cast_sign_loss)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::keys::{Holder, Id};
use crate::refusal::Refusal;

/// So many seconds' worth may come at once after a silence.
pub const BURST_S: u32 = 10;
/// Longer delays pass the budgets of the SDKs, which then give the spans up.
pub const RETRY_MOST_S: u32 = 10;
/// Buckets of keys; full ones are forgotten first, which changes nothing.
const MOST_KEYS: usize = 10_000;

#[derive(Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    /// Full, whatever the rate is.
    fn new(now: Instant) -> Self {
        Self {
            level: f64::INFINITY,
            at: now,
        }
    }

    fn refill(&mut self, per_second: u64, now: Instant) {
        let rate = per_second as f64;
        let grown = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        self.level = (self.level + grown).min(rate * f64::from(BURST_S));
        self.at = self.at.max(now);
    }

    /// Whether one more may come. The error is how many seconds later.
    fn check(&mut self, per_second: u64, now: Instant) -> Result<(), u32> {
        self.refill(per_second, now);
        if self.level > 0.0 {
            return Ok(());
        }
        let seconds = (-self.level / per_second as f64).ceil();
        Err((seconds as u32).clamp(1, RETRY_MOST_S))
    }

    fn charge(&mut self, per_second: u64, spans: i64, now: Instant) {
        self.refill(per_second, now);
        self.level -= spans as f64;
    }
}

/// 0 stands for no bound.
#[derive(Debug)]
pub struct Rates {
    per_second: u64,
    whole: Mutex<Bucket>,
    of_keys: Mutex<HashMap<Id, Arc<Mutex<Bucket>>>>,
}

impl Rates {
    pub fn new(per_second: u64) -> Self {
        Self {
            per_second,
            whole: Mutex::new(Bucket::new(Instant::now())),
            of_keys: Mutex::default(),
        }
    }

    /// Before the body is read. A key above its own rate takes nothing from the others.
    pub fn check(&self, holder: Option<&Holder>) -> Result<(), Refusal> {
        let now = Instant::now();
        if let Some((bucket, per_second)) = self.of_key(holder) {
            lock(&bucket)
                .check(per_second, now)
                .map_err(|seconds| Refusal::Rate {
                    of_key: true,
                    per_second,
                    seconds,
                })?;
        }
        let per_second = self.per_second;
        if per_second == 0 {
            return Ok(());
        }
        lock(&self.whole)
            .check(per_second, now)
            .map_err(|seconds| Refusal::Rate {
                of_key: false,
                per_second,
                seconds,
            })
    }

    /// Spans that came; less than none are given back.
    pub fn charge(&self, holder: Option<&Holder>, spans: i64) {
        let now = Instant::now();
        if let Some((bucket, per_second)) = self.of_key(holder) {
            lock(&bucket).charge(per_second, spans, now);
        }
        if self.per_second > 0 {
            lock(&self.whole).charge(self.per_second, spans, now);
        }
    }

    fn of_key(&self, holder: Option<&Holder>) -> Option<(Arc<Mutex<Bucket>>, u64)> {
        let holder = holder.filter(|holder| holder.spans_per_second > 0)?;
        let mut buckets = lock(&self.of_keys);
        if buckets.len() >= MOST_KEYS && !buckets.contains_key(&holder.id) {
            let now = Instant::now();
            buckets.retain(|_, bucket| {
                let bucket = lock(bucket);
                now.saturating_duration_since(bucket.at).as_secs() < u64::from(2 * BURST_S)
            });
            if buckets.len() >= MOST_KEYS {
                buckets.clear();
            }
        }
        let bucket = buckets
            .entry(holder.id)
            .or_insert_with(|| Arc::new(Mutex::new(Bucket::new(Instant::now()))));
        Some((Arc::clone(bucket), holder.spans_per_second))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn holder(id: u8, spans_per_second: u64) -> Holder {
        Holder {
            id: [id; 16],
            spans_per_second,
        }
    }

    #[test]
    fn bucket_holds_a_burst_and_its_debt_is_paid_first() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert_eq!(bucket.check(100, start), Ok(()));
        bucket.charge(100, 1_000, start);
        assert_eq!(bucket.check(100, start), Err(1));
        let later = start + Duration::from_secs(1);
        assert_eq!(bucket.check(100, later), Ok(()));
        bucket.charge(100, 500, later);
        assert_eq!(bucket.check(100, later), Err(4));
        assert_eq!(
            bucket.check(100, later + Duration::from_secs(3)),
            Err(1),
            "100 of debt are left"
        );
        assert!(bucket.check(100, later + Duration::from_secs(5)).is_ok());
    }

    #[test]
    fn what_is_taken_over_a_long_time_keeps_to_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let mut taken = 0;
        for millis in (0..100_000).step_by(10) {
            let now = start + Duration::from_millis(millis);
            if bucket.check(50, now).is_ok() {
                bucket.charge(50, 170, now);
                taken += 170;
            }
        }
        let most = 50 * (100 + i64::from(BURST_S)) + 170;
        assert!((most - 400..=most).contains(&taken), "{taken}");
    }

    #[test]
    fn a_noisy_key_takes_from_itself_alone() {
        let rates = Rates::new(1_000_000);
        let (noisy, calm, free) = (holder(1, 10), holder(2, 10), holder(3, 0));
        rates.charge(Some(&noisy), 500);
        assert!(matches!(
            rates.check(Some(&noisy)),
            Err(Refusal::Rate {
                of_key: true,
                per_second: 10,
                seconds: RETRY_MOST_S
            })
        ));
        assert_eq!(rates.check(Some(&calm)), Ok(()));
        assert_eq!(rates.check(Some(&free)), Ok(()));
        assert_eq!(rates.check(None), Ok(()));
    }

    #[test]
    fn total_holds_for_all_and_what_was_not_kept_is_given_back() {
        let rates = Rates::new(10);
        rates.charge(Some(&holder(1, 0)), 150);
        assert!(matches!(
            rates.check(None),
            Err(Refusal::Rate { of_key: false, .. })
        ));
        rates.charge(Some(&holder(1, 0)), -150);
        assert_eq!(rates.check(None), Ok(()));
        assert_eq!(Rates::new(0).check(None), Ok(()));
    }

    #[test]
    fn buckets_are_bounded() {
        let rates = Rates::new(0);
        for id in 0..MOST_KEYS as u128 + 5 {
            let holder = Holder {
                id: id.to_be_bytes(),
                spans_per_second: 1,
            };
            rates.charge(Some(&holder), 1);
        }
        assert!(lock(&rates.of_keys).len() <= MOST_KEYS);
    }
}
