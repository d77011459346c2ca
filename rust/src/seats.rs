//! Who may stay when all places are taken: a connection that is quiet makes room for a new one, so
//! that nobody keeps others out by doing nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::activity::Activity;

/// A client that is slow to begin, or between two requests, is not quiet yet.
pub const QUIET: Duration = Duration::from_secs(1);
/// How many are looked at for the quietest: a look at all would cost more than the new connection.
const LOOK_AT: usize = 64;

/// Everybody who is there.
#[derive(Default)]
pub struct Seats(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    seats: Vec<Arc<Seat>>,
    /// Where the next look begins, so that each is looked at in turn.
    next: usize,
}

/// One connection's.
#[derive(Default)]
pub struct Seat {
    pub activity: Activity,
    leave: Notify,
    is_told: AtomicBool,
    /// Its index.
    at: AtomicUsize,
}

impl Seat {
    /// Ends when somebody else needs the place.
    pub async fn needed(&self) {
        self.leave.notified().await;
    }
}

impl Seats {
    pub fn sit(self: &Arc<Self>) -> Sitting {
        self.with(Seat::default())
    }

    fn with(self: &Arc<Self>, seat: Seat) -> Sitting {
        let seat = Arc::new(seat);
        let mut ring = self.ring();
        seat.at.store(ring.seats.len(), Ordering::Relaxed);
        ring.seats.push(Arc::clone(&seat));
        drop(ring);
        Sitting {
            seats: Arc::clone(self),
            seat,
        }
    }

    /// Asks one that is quiet to leave; false: nobody is, among those that were looked at.
    pub fn make_room(&self) -> bool {
        let mut ring = self.ring();
        let (begin, count) = (ring.next, ring.seats.len());
        let quietest = (begin..begin + LOOK_AT.min(count))
            .filter_map(|at| ring.seats.get(at % count))
            .filter(|seat| !seat.is_told.load(Ordering::Relaxed))
            .map(|seat| (seat.activity.quiet_for(), seat))
            .filter(|(quiet, _)| *quiet >= QUIET)
            .max_by_key(|(quiet, _)| *quiet)
            .map(|(_, seat)| Arc::clone(seat));
        ring.next = (begin + LOOK_AT) % count.max(1);
        drop(ring);
        let Some(seat) = quietest else {
            return false;
        };
        seat.is_told.store(true, Ordering::Relaxed);
        seat.leave.notify_one();
        true
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The seat is free when this is dropped.
pub struct Sitting {
    seats: Arc<Seats>,
    pub seat: Arc<Seat>,
}

impl Drop for Sitting {
    fn drop(&mut self) {
        let mut ring = self.seats.ring();
        let at = self.seat.at.load(Ordering::Relaxed);
        if at < ring.seats.len() {
            ring.seats.swap_remove(at);
            if let Some(moved) = ring.seats.get(at) {
                moved.at.store(at, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sitting: &Sitting) -> bool {
        sitting.seat.is_told.load(Ordering::Relaxed)
    }

    /// One that came so long ago.
    fn sit(seats: &Arc<Seats>, ago: Duration) -> Sitting {
        seats.with(Seat {
            activity: Activity::begun(ago),
            ..Seat::default()
        })
    }

    #[tokio::test]
    async fn the_quietest_makes_room_and_only_once() {
        let seats = Arc::new(Seats::default());
        let second = sit(&seats, 2 * QUIET);
        let first = sit(&seats, 3 * QUIET);
        let fresh = sit(&seats, Duration::ZERO);
        assert!(seats.make_room());
        assert!(told(&first) && !told(&second));
        first.seat.needed().await;
        assert!(seats.make_room());
        assert!(told(&second));
        assert!(!seats.make_room());
        assert!(!told(&fresh));
    }

    #[test]
    fn who_has_a_request_stays() {
        let seats = Arc::new(Seats::default());
        let busy = sit(&seats, 10 * QUIET);
        let working = busy.seat.activity.begin();
        assert!(!seats.make_room());
        drop(working);
        assert!(!seats.make_room(), "its request has only just ended");
    }

    #[test]
    fn seats_that_were_left_are_not_asked() {
        let seats = Arc::new(Seats::default());
        let mut all: Vec<_> = (0..200).map(|_| sit(&seats, 2 * QUIET)).collect();
        let mut nth = 0;
        all.retain(|_| {
            nth += 1;
            nth % 7 == 3
        });
        for _ in 0..all.len() {
            assert!(seats.make_room());
        }
        assert!(all.iter().all(told));
        drop(all);
        assert!(!seats.make_room());
    }
}
