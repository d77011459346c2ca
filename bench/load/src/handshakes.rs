//! Connections that make one request and end: what a handshake costs.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Builder,
    task::LocalSet,
};

use crate::{Failure, options::Load, wire::Dial};

const REQUEST: &[u8] = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\nuser-agent: clew-load\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

struct Seen {
    connections: u64,
    resumed: u64,
    failed: u64,
    /// Microseconds from the beginning of the connection to the answer.
    latency: Histogram<u64>,
}

/// As many as `load.connections` at a time; `resume`: by sessions of earlier ones.
pub fn run(load: &Load, resume: bool) -> Result<Value, Failure> {
    let seen = Rc::new(RefCell::new(Seen {
        connections: 0,
        resumed: 0,
        failed: 0,
        latency: Histogram::new_with_bounds(1, 600_000_000, 3)?,
    }));
    let began = Instant::now();
    let until = began + Duration::from_secs_f64(load.seconds);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut workers = Vec::new();
        for _ in 0..load.connections {
            let dial = Dial::new(load.endpoint, load.tls_ca.as_deref(), b"http/1.1", resume)?;
            workers.push(tokio::task::spawn_local(work(
                dial,
                Rc::clone(&seen),
                until,
            )));
        }
        for worker in workers {
            worker.await?;
        }
        Ok::<(), Failure>(())
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let seen = seen.borrow();
    let quantile = |at| seen.latency.value_at_quantile(at) as f64 / 1e3;
    Ok(json!({
        "seconds": seconds,
        "connections": seen.connections,
        "per_s": seen.connections as f64 / seconds,
        "resumed": seen.resumed,
        "failed": seen.failed,
        "ms": {"p50": quantile(0.5), "p99": quantile(0.99)},
    }))
}

async fn work(dial: Dial, seen: Rc<RefCell<Seen>>, until: Instant) {
    while Instant::now() < until {
        let began = Instant::now();
        let done = once(&dial).await;
        let mut seen = seen.borrow_mut();
        match done {
            Some(is_resumed) => {
                seen.connections += 1;
                seen.resumed += u64::from(is_resumed);
                let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                seen.latency.saturating_record(took);
            }
            None => seen.failed += 1,
        }
    }
}

/// Whether the session was an earlier one's. Reading the answer also takes the tickets for the next.
async fn once(dial: &Dial) -> Option<bool> {
    let mut connected = dial.connect().await?;
    connected.wire.write_all(REQUEST).await.ok()?;
    connected.wire.flush().await.ok()?;
    let mut answer = [0; 4_096];
    let length = connected.wire.read(&mut answer).await.ok()?;
    let _ = connected.wire.shutdown().await;
    answer
        .get(..length)?
        .starts_with(b"HTTP/1.1 200")
        .then_some(connected.is_resumed)
}
