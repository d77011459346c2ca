//! Reading a request body under three bounds: its own size, the time it may take, and the memory
//! all bodies share.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::refusal::Refusal;

/// A request up to this size finds room beside large ones that have taken all of the budget.
pub const SMALL: usize = 1 << 20;
/// What a request costs beside its body: a task, its headers, the place in its connection. Measured
/// with 64,000 calls that do not go on: 4.8 KiB each.
pub const REQUEST: usize = 4 << 10;

/// How long a pause of a sender is waited for whose body was refused, and how long such a body is read
/// at all for want of memory.
const FAREWELL: Duration = Duration::from_secs(1);

/// Of a refused body; who sends more is cut off.
const DRAIN_MOST: usize = 256 << 20;

/// Bytes of request bodies that may be held at once; small requests may take an eighth more.
#[derive(Debug)]
pub struct Budget {
    held: AtomicUsize,
    most: usize,
    gauge: &'static AtomicU64,
}

impl Budget {
    pub fn new(most: usize, gauge: &'static AtomicU64) -> Arc<Self> {
        Arc::new(Self {
            held: AtomicUsize::new(0),
            most,
            gauge,
        })
    }

    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

/// One request's share of the budget; given back when dropped.
#[derive(Debug)]
pub struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Held {
    pub fn new(budget: &Arc<Budget>) -> Self {
        Self {
            budget: Arc::clone(budget),
            bytes: 0,
        }
    }

    /// For a request whose body is not read yet.
    pub fn for_request(budget: &Arc<Budget>) -> Result<Self, Refusal> {
        let mut held = Self::new(budget);
        if held.grow(REQUEST) {
            Ok(held)
        } else {
            Err(Refusal::MemoryBudget)
        }
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// False, and nothing is taken, if the budget does not allow it.
    #[must_use]
    pub fn grow(&mut self, more: usize) -> bool {
        let most = self.budget.most;
        let most = if self.bytes.saturating_add(more) <= SMALL {
            most.saturating_add(most / 8)
        } else {
            most
        };
        let before = self.budget.held.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > most {
            self.budget.held.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes += more;
        self.budget.gauge.fetch_add(more as u64, Ordering::Relaxed);
        true
    }

    pub fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        self.budget.held.fetch_sub(less, Ordering::Relaxed);
        self.budget.gauge.fetch_sub(less as u64, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

/// Until when a body has to be complete.
#[derive(Clone, Copy, Debug)]
pub struct ReadBy {
    pub at: Instant,
    pub allowed: Duration,
}

impl ReadBy {
    pub fn after(allowed: Duration) -> Self {
        Self {
            at: Instant::now() + allowed,
            allowed,
        }
    }

    /// For what is only read to be forgotten: where memory is short, what goes on costs too much.
    #[must_use]
    pub fn after_refusal(self, refusal: &Refusal) -> Self {
        let soon = Instant::now() + FAREWELL;
        let is_short = matches!(refusal, Refusal::MemoryBudget);
        Self {
            at: if is_short { self.at.min(soon) } else { self.at },
            ..self
        }
    }

    fn refusal(self) -> Refusal {
        Refusal::SlowBody {
            seconds: self.allowed.as_secs(),
        }
    }
}

/// The whole body, in one piece. On an error the rest of it is still in `body`.
pub async fn collect<B>(
    body: &mut B,
    limit: usize,
    by: ReadBy,
    held: &mut Held,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLarge { limit });
    }
    let mut first = Bytes::new();
    let mut others: Vec<Bytes> = Vec::new();
    let mut size = 0_usize;
    while let Some(data) = next(body, by).await? {
        size += data.len();
        if size > limit {
            return Err(Refusal::TooLarge { limit });
        }
        if !held.grow(data.len()) {
            return Err(Refusal::MemoryBudget);
        }
        if first.is_empty() {
            first = data;
        } else if !data.is_empty() {
            others.push(data);
        }
    }
    if others.is_empty() {
        return Ok(first);
    }
    // While the pieces are copied into one buffer both exist.
    if !held.grow(size) {
        return Err(Refusal::MemoryBudget);
    }
    let mut whole = Vec::with_capacity(size);
    whole.extend_from_slice(&first);
    for piece in &others {
        whole.extend_from_slice(piece);
    }
    held.shrink(size);
    Ok(whole.into())
}

/// Reads what is left of a refused body, within the time for it and until its sender pauses, so that
/// the sender reads the answer: closing on unread bytes resets the connection, and a sender that is
/// cut off while it writes prints nothing of why, by TLS above all.
pub async fn drain<B>(body: &mut B, by: ReadBy)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut size = 0_usize;
    while size <= DRAIN_MOST {
        let pause = ReadBy {
            at: by.at.min(Instant::now() + FAREWELL),
            ..by
        };
        match next(body, pause).await {
            Ok(Some(data)) => size += data.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

/// Reads and forgets up to `most` bytes; their number, or why the reading ended.
pub async fn discard<B>(body: &mut B, most: usize, by: ReadBy) -> Result<usize, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut size = 0_usize;
    while let Some(data) = next(body, by).await? {
        size += data.len();
        if size > most {
            return Err(Refusal::TooLarge { limit: most });
        }
    }
    Ok(size)
}

async fn next<B>(body: &mut B, by: ReadBy) -> Result<Option<Bytes>, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        // A body that is already there costs no timer.
        let frame = match poll_now(body).await {
            Some(frame) => frame,
            None => tokio::time::timeout_at(by.at, body.frame())
                .await
                .map_err(|_| by.refusal())?,
        };
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(Refusal::Aborted),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

type NextFrame<B> = Option<Result<http_body::Frame<Bytes>, <B as Body>::Error>>;

async fn poll_now<B>(body: &mut B) -> Option<NextFrame<B>>
where
    B: Body<Data = Bytes> + Unpin,
{
    std::future::poll_fn(|context| {
        Poll::Ready(match Pin::new(&mut *body).poll_frame(context) {
            Poll::Ready(frame) => Some(frame),
            Poll::Pending => None,
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use http_body_util::Full;

    use super::*;
    use crate::counters;

    struct Stalled;

    impl Body for Stalled {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<NextFrame<Self>> {
            Poll::Pending
        }
    }

    fn budget(most: usize) -> Arc<Budget> {
        Budget::new(most, counters::handle("body_test_held_bytes", &[]))
    }

    fn soon() -> ReadBy {
        ReadBy::after(Duration::from_secs(5))
    }

    #[tokio::test]
    async fn one_frame_is_not_copied() {
        let budget = budget(100);
        let mut held = Held::new(&budget);
        let data = Bytes::from(vec![1; 50]);
        let got = collect(&mut Full::new(data.clone()), 50, soon(), &mut held).await;
        assert_eq!(got.as_ref().map(|b| b.as_ptr()), Ok(data.as_ptr()));
        assert_eq!(budget.held(), 50);
        drop(held);
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn body_over_its_limit_is_too_large() {
        let mut held = Held::new(&budget(1_000));
        let got = collect(
            &mut Full::new(Bytes::from(vec![1; 51])),
            50,
            soon(),
            &mut held,
        )
        .await;
        assert_eq!(got, Err(Refusal::TooLarge { limit: 50 }));
    }

    #[tokio::test]
    async fn body_over_the_shared_budget_is_refused_and_given_back() {
        let budget = budget(100);
        let mut first = Held::new(&budget);
        assert!(first.grow(80));
        let mut second = Held::new(&budget);
        let got = collect(
            &mut Full::new(Bytes::from(vec![1; 40])),
            50,
            soon(),
            &mut second,
        )
        .await;
        assert_eq!(got, Err(Refusal::MemoryBudget));
        assert_eq!(budget.held(), 80);
    }

    #[test]
    fn small_request_finds_room_beside_large_ones_that_took_all() {
        let budget = budget(4 * SMALL);
        let mut large = Held::new(&budget);
        assert!(large.grow(4 * SMALL));
        assert!(!large.grow(1));
        let mut small: Vec<_> = (0..3).map(|_| Held::new(&budget)).collect();
        assert_eq!(
            small
                .iter_mut()
                .map(|one| one.grow(SMALL / 4))
                .collect::<Vec<_>>(),
            [true, true, false]
        );
    }

    #[tokio::test]
    async fn body_that_never_ends_is_cut_at_its_deadline() {
        let mut held = Held::new(&budget(100));
        let by = ReadBy::after(Duration::from_millis(20));
        let got = collect(&mut Stalled, 50, by, &mut held).await;
        assert_eq!(got, Err(Refusal::SlowBody { seconds: 0 }));
    }
}
