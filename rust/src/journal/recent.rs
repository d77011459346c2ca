//! Which bodies were taken lately, so that a client's retry after a lost answer is acknowledged but not stored again.
//!
//! A hash rides in its record's header, so it is exactly as durable as the record; `log.rs` keeps it after the segment.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::counters;
use crate::record::Unavailable;

/// How long a repeated body is recognised; the longest SDK retry budget is the Collector's 5 minutes.
pub const WINDOW: Duration = Duration::from_secs(600);

pub type Outcome = Result<(), Unavailable>;

enum State {
    /// Being written: twins wait for the outcome of the first.
    InFlight(Vec<oneshot::Sender<Outcome>>),
    Done,
}

pub enum Claim {
    /// Nobody has it: the caller must append, and then call `settle`.
    New,
    Repeated,
    Wait(oneshot::Receiver<Outcome>),
}

pub struct Recent {
    states: HashMap<u128, State>,
    done: VecDeque<(Instant, u128)>,
    capacity: usize,
}

impl Recent {
    pub fn new(capacity: usize) -> Self {
        Self {
            states: HashMap::new(),
            done: VecDeque::new(),
            capacity: capacity.max(1),
        }
    }

    pub fn claim(&mut self, hash: u128) -> Claim {
        self.forget_old(Instant::now());
        match self.states.get_mut(&hash) {
            Some(State::Done) => Claim::Repeated,
            Some(State::InFlight(waiting)) => {
                let (tell, told) = oneshot::channel();
                waiting.push(tell);
                Claim::Wait(told)
            }
            None => {
                self.states.insert(hash, State::InFlight(Vec::new()));
                Claim::New
            }
        }
    }

    /// The append of `hash` ended. Waiting twins get the same outcome; a failed one may be tried again.
    pub fn settle(&mut self, hash: u128, outcome: Outcome) {
        if let Some(State::InFlight(waiting)) = self.states.remove(&hash) {
            for twin in waiting {
                let _ = twin.send(outcome); // a twin whose client is gone has nobody to tell
            }
        }
        if outcome.is_ok() {
            self.remember(hash, Instant::now());
        }
    }

    pub fn remember(&mut self, hash: u128, at: Instant) {
        if self.states.insert(hash, State::Done).is_none() {
            self.done.push_back((at, hash));
        }
        while self.done.len() > self.capacity {
            let first = self.done.front().map(|(first, _)| *first);
            if first.is_some_and(|first| at.saturating_duration_since(first) <= WINDOW) {
                counters::add("clew_journal_repeats_forgotten_total", &[], 1);
            }
            self.forget_first();
        }
    }

    /// Nobody will settle what is in flight any more: its twins must not wait for ever.
    pub fn abandon(&mut self, why: Unavailable) {
        self.states.retain(|_, state| match state {
            State::Done => true,
            State::InFlight(waiting) => {
                for twin in waiting.drain(..) {
                    let _ = twin.send(Err(why)); // its client may be gone
                }
                false
            }
        });
    }

    pub fn len(&self) -> usize {
        self.done.len()
    }

    fn forget_old(&mut self, now: Instant) {
        while self
            .done
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, hash)) = self.done.pop_front() {
            self.states.remove(&hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn twin_in_flight_waits_and_gets_the_first_ones_outcome() {
        let mut recent = Recent::new(8);
        assert!(matches!(recent.claim(1), Claim::New));
        let Claim::Wait(mut told) = recent.claim(1) else {
            panic!("the twin must wait")
        };
        recent.settle(1, Ok(()));
        assert_eq!(told.try_recv(), Ok(Ok(())));
        assert!(matches!(recent.claim(1), Claim::Repeated));
    }

    #[test]
    fn failed_body_may_be_sent_again() {
        let mut recent = Recent::new(8);
        assert!(matches!(recent.claim(1), Claim::New));
        recent.settle(1, Err(Unavailable::Full));
        assert!(matches!(recent.claim(1), Claim::New));
    }

    #[test]
    fn oldest_entries_give_way_at_capacity() {
        let forgotten = counters::handle("clew_journal_repeats_forgotten_total", &[]);
        let before = forgotten.load(Ordering::Relaxed);
        let mut recent = Recent::new(2);
        for hash in 1..=3 {
            recent.remember(hash, Instant::now());
        }
        assert_eq!(recent.len(), 2);
        assert_eq!(forgotten.load(Ordering::Relaxed), before + 1);
        assert!(matches!(recent.claim(1), Claim::New));
        assert!(matches!(recent.claim(3), Claim::Repeated));
    }

    #[test]
    fn abandoned_twins_are_told() {
        let mut recent = Recent::new(8);
        assert!(matches!(recent.claim(1), Claim::New));
        let Claim::Wait(mut told) = recent.claim(1) else {
            panic!("the twin must wait")
        };
        recent.remember(2, Instant::now());
        recent.abandon(Unavailable::SyncFailed);
        assert_eq!(told.try_recv(), Ok(Err(Unavailable::SyncFailed)));
        assert!(matches!(recent.claim(1), Claim::New));
        assert!(matches!(recent.claim(2), Claim::Repeated));
    }
}
