//! What a connection did last: whether it idles, or dawdles over a head.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// When a connection last did something, in milliseconds since it began.
#[derive(Debug)]
pub struct Activity {
    began: Instant,
    in_flight: AtomicUsize,
    idle_since: AtomicU64,
    /// Something was read since the last request began.
    is_fresh: AtomicBool,
    /// When the first byte of a request came whose head is not complete.
    head_since: AtomicU64,
}

const NO_HEAD: u64 = u64::MAX;

pub enum Verdict {
    Wait(Duration),
    Idle,
    SlowHead,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            in_flight: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            is_fresh: AtomicBool::new(false),
            head_since: AtomicU64::new(0),
        }
    }
}

impl Activity {
    #[cfg(test)]
    pub fn begun(ago: Duration) -> Self {
        Self {
            began: Instant::now() - ago,
            ..Self::default()
        }
    }

    /// A request; until what comes back is dropped.
    pub fn begin(&self) -> Busy<'_> {
        Busy::new(self)
    }

    pub fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Since the last request, or since the first byte of one whose head is not complete.
    pub fn quiet_for(&self) -> Duration {
        if self.is_busy() {
            return Duration::ZERO;
        }
        let head = self.head_since.load(Ordering::Relaxed);
        let since = if head == NO_HEAD {
            self.idle_since.load(Ordering::Relaxed)
        } else {
            head
        };
        Duration::from_millis(self.now().saturating_sub(since))
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    /// Whether something was read since this was asked last.
    pub fn was_read(&self) -> bool {
        self.is_fresh.swap(false, Ordering::Relaxed)
    }

    pub fn read_some(&self) {
        self.is_fresh.store(true, Ordering::Relaxed);
        if self.in_flight.load(Ordering::Relaxed) == 0
            && self.head_since.load(Ordering::Relaxed) == NO_HEAD
        {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// `has_heads`: bytes outside a request can only be a head, as in HTTP/1.
    pub fn verdict(&self, head: Duration, idle: Duration, has_heads: bool) -> Verdict {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return Verdict::Wait(head.min(idle));
        }
        let now = self.now();
        let since = |then: &AtomicU64| {
            Duration::from_millis(now.saturating_sub(then.load(Ordering::Relaxed)))
        };
        if has_heads && self.head_since.load(Ordering::Relaxed) != NO_HEAD {
            let took = since(&self.head_since);
            return head
                .checked_sub(took)
                .filter(|left| !left.is_zero())
                .map_or(Verdict::SlowHead, Verdict::Wait);
        }
        let left = idle
            .checked_sub(since(&self.idle_since))
            .filter(|left| !left.is_zero());
        left.map_or(Verdict::Idle, |left| Verdict::Wait(head.min(left)))
    }
}

/// A request in flight.
pub struct Busy<'a>(&'a Activity);

impl<'a> Busy<'a> {
    fn new(activity: &'a Activity) -> Self {
        activity.in_flight.fetch_add(1, Ordering::Relaxed);
        activity.head_since.store(NO_HEAD, Ordering::Relaxed);
        Self(activity)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
