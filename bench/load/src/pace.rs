//! When the next request is due. Open loop: the schedule is fixed before the start, and a request that finds no free
//! connection waits with its clock running. Closed loop: at once.

use std::{
    cell::Cell,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::Semaphore,
};

use crate::options::{Load, Rate};

/// Waking for each of 15,000 requests a second costs more than sending them. A request may go out this much
/// late; its latency counts from when it was due.
const SHORTEST_WAIT: Duration = Duration::from_micros(250);

pub struct Ticket {
    pub request: u64,
    /// When it should have been sent: latencies count from here.
    pub intended: Instant,
}

pub struct Pace {
    pub start: Instant,
    end: Instant,
    thread: u64,
    threads: u64,
    /// Nanoseconds between requests of all threads together; none in closed loop.
    interval_ns: Option<f64>,
    scheduled: u64,
    taken: Cell<u64>,
    early: Cell<bool>,
    due: Semaphore,
}

impl Pace {
    pub fn new(load: &Load, thread: u64, start: Instant) -> Self {
        let interval_ns = match load.rate {
            Rate::SpansPerSecond(rate) => Some(1e9 * load.batch as f64 / rate),
            Rate::Max => None,
        };
        let scheduled = interval_ns.map_or(0, |interval| {
            let all = (1e9 * load.seconds / interval).round() as u64;
            (all + load.threads - 1 - thread) / load.threads
        });
        Self {
            start,
            end: start + Duration::from_secs_f64(load.seconds),
            thread,
            threads: load.threads,
            interval_ns,
            scheduled,
            taken: Cell::new(0),
            early: Cell::new(false),
            due: Semaphore::new(0),
        }
    }

    /// Requests that the schedule holds, or those that were begun: in closed loop, and before an early end.
    pub fn offered(&self) -> u64 {
        if self.interval_ns.is_some() && !self.early.get() {
            self.scheduled
        } else {
            self.taken.get()
        }
    }

    pub fn unsent(&self) -> u64 {
        self.offered().saturating_sub(self.taken.get())
    }

    /// `None` when the run is over.
    pub async fn next(&self) -> Option<Ticket> {
        let intended = if self.interval_ns.is_some() {
            self.due.acquire().await.ok()?.forget();
            self.due_at(self.taken.get())
        } else {
            let now = Instant::now();
            if now >= self.end || self.due.is_closed() {
                return None;
            }
            now
        };
        let request = self.request(self.taken.get());
        self.taken.set(self.taken.get() + 1);
        Some(Ticket { request, intended })
    }

    /// The payloads are used up: the ticket taken last counts as never taken.
    pub fn exhausted(&self) {
        self.taken.set(self.taken.get().saturating_sub(1));
        self.stop();
    }

    /// Before the end, as asked by a signal.
    pub fn stop(&self) {
        self.early.set(true);
        self.due.close();
    }

    pub fn ended_early(&self) -> bool {
        self.early.get()
    }

    /// Hands out what is due until the end. A timerfd, because tokio's own timers are a millisecond coarse.
    pub async fn drive(&self) -> std::io::Result<()> {
        let timer =
            rustix::time::timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        // SAFETY: the AsyncFd owns the descriptor, and nothing replaces or closes it meanwhile.
        let timer = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?;
        let mut released = 0;
        while released < self.scheduled && !self.due.is_closed() {
            let now = Instant::now();
            let mut batch = 0;
            while released + batch < self.scheduled && self.due_at(released + batch) <= now {
                batch += 1;
            }
            if batch > 0 {
                self.due.add_permits(batch as usize);
                released += batch;
            } else {
                wait(&timer, (self.due_at(released) - now).max(SHORTEST_WAIT)).await?;
            }
        }
        if !self.due.is_closed() {
            // What fell due last still goes out.
            let end = self.end + 8 * SHORTEST_WAIT;
            wait(&timer, end.saturating_duration_since(Instant::now())).await?;
            self.due.close();
        }
        Ok(())
    }

    fn request(&self, position: u64) -> u64 {
        self.thread + position * self.threads
    }

    fn due_at(&self, position: u64) -> Instant {
        let nanoseconds = self.interval_ns.unwrap_or_default() * self.request(position) as f64;
        self.start + Duration::from_nanos(nanoseconds as u64)
    }
}

async fn wait(timer: &AsyncFd<OwnedFd>, time: Duration) -> std::io::Result<()> {
    let time = time.max(Duration::from_nanos(1));
    let once = Itimerspec {
        it_interval: Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        it_value: Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        },
    };
    rustix::time::timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
    loop {
        let mut ready = timer.readable().await?;
        let mut expirations = [0; 8];
        match rustix::io::read(timer.get_ref(), &mut expirations) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
            Err(error) => return Err(error.into()),
        }
    }
}
