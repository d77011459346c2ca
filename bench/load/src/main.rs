//! Open-loop OTLP load generator; `options::USAGE` says what it takes, `bench/README.md` what it measures.

// Counters and times become floats for the report; both stay far below 2^52.
#![allow(clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod answer;
mod grpc;
mod handshakes;
mod http;
mod ids;
mod options;
mod pace;
mod pool;
mod report;
mod shape;
mod sink;
mod wire;
mod worker;

use std::{
    cell::RefCell,
    io::Write,
    process::ExitCode,
    rc::Rc,
    sync::{Arc, Barrier, OnceLock},
    thread,
    time::{Duration, Instant},
};

use options::{Load, Protocol};
use report::Tally;
use rustix::time::{ClockId, clock_gettime};
use tokio::{
    net::TcpListener,
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    task::LocalSet,
};
use worker::{Connection, Shared};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long answers may still come in after the end of the run.
const DRAIN: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let command = arguments
        .next_if(|first| !first.starts_with("--"))
        .unwrap_or_default();
    let done = match command.as_str() {
        "" => Load::parse(arguments)
            .map_err(Failure::from)
            .and_then(|load| run(&load)),
        "sink" => Load::parse(arguments)
            .map_err(Failure::from)
            .and_then(|load| listen(&load)),
        "handshakes" => Load::parse(arguments)
            .map_err(Failure::from)
            .and_then(|load| handshakes::run(&load, load.resume))
            .and_then(|report| Ok(writeln!(std::io::stdout(), "{report}")?)),
        "sample" => Load::parse(arguments)
            .map_err(Failure::from)
            .and_then(|load| sample(&load)),
        _ => Err(options::USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clew-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(load: &Load) -> Result<(), Failure> {
    let gate = Arc::new(Start {
        ready: Barrier::new(load.threads as usize),
        at: OnceLock::new(),
    });
    let threads: Vec<_> = (0..load.threads)
        .map(|number| {
            let (load, gate) = (load.clone(), Arc::clone(&gate));
            thread::spawn(move || share(load, number, &gate))
        })
        .collect();
    let mut total: Option<Tally> = None;
    for thread in threads {
        let tally = thread.join().map_err(|_| "a load thread panicked")??;
        match &mut total {
            Some(total) => total.merge(tally),
            None => total = Some(tally),
        }
    }
    let mut total = total.ok_or("no threads")?;
    let started = gate.at.get().ok_or("never started")?;
    let cpu = cpu_time().saturating_sub(started.cpu);
    if let Some(path) = &load.ids {
        total.write_ids(load, path)?;
    }
    writeln!(std::io::stdout(), "{}", total.json(load, cpu))?;
    Ok(())
}

struct Start {
    ready: Barrier,
    at: OnceLock<Started>,
}

struct Started {
    clock: Instant,
    /// Processor time spent before, on building the payloads.
    cpu: Duration,
}

/// One thread's part of the load, on a runtime of its own.
fn share(load: Load, thread_number: u64, gate: &Start) -> Result<Tally, Failure> {
    let framing = pool::Framing {
        protocol: load.protocol,
        authority: load.endpoint.to_string(),
        gzip: load.gzip,
        key: load.key.clone(),
    };
    let pool = pool::Pool::build(&load, &framing, thread_number);
    gate.ready.wait();
    let start = gate.at.get_or_init(|| Started {
        clock: Instant::now() + Duration::from_millis(10),
        cpu: cpu_time(),
    });
    let mut tally = Tally::new(start.clock);
    tally.payloads = pool.len();
    tally.payload_bytes = pool.bytes();
    let shared = Rc::new(Shared {
        pace: pace::Pace::new(&load, thread_number, start.clock),
        pool: RefCell::new(pool),
        tally: RefCell::new(tally),
        load,
    });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, drive(Rc::clone(&shared), thread_number))?;
    drop(local);
    let shared = Rc::into_inner(shared).ok_or("a request outlived its runtime")?;
    let mut tally = shared.tally.into_inner();
    tally.ended_early = shared.pace.ended_early();
    tally.offered = shared.pace.offered();
    tally.unsent = shared.pace.unsent();
    tally.unanswered = (tally.offered - tally.unsent).saturating_sub(tally.answered());
    Ok(tally)
}

async fn drive(shared: Rc<Shared>, thread_number: u64) -> Result<(), Failure> {
    let load = &shared.load;
    let protocol: &[u8] = match load.protocol {
        Protocol::Grpc => b"h2",
        Protocol::Http => b"http/1.1",
    };
    let dial = wire::Dial::new(load.endpoint, load.tls_ca.as_deref(), protocol, true)?;
    let mut workers = Vec::new();
    for _ in (thread_number..load.connections).step_by(load.threads as usize) {
        let channel = grpc::Channel::new(dial.clone(), load)?;
        for _ in 0..load.in_flight {
            let connection = match load.protocol {
                Protocol::Grpc => Connection::Grpc(Rc::clone(&channel)),
                Protocol::Http => Connection::Http(http::Connection::new(dial.clone())),
            };
            workers.push(tokio::task::spawn_local(worker::work(
                Rc::clone(&shared),
                connection,
            )));
        }
    }
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut asked = signal(kind)?;
        let shared = Rc::clone(&shared);
        tokio::task::spawn_local(async move {
            asked.recv().await;
            shared.pace.stop();
        });
    }
    if shared.load.rate != options::Rate::Max {
        shared.pace.drive().await?;
    }
    let limit = shared.pace.start + Duration::from_secs_f64(load.seconds) + DRAIN;
    let limit = tokio::time::Instant::from_std(limit);
    for worker in workers {
        if tokio::time::timeout_at(limit, worker).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn listen(load: &Load) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let seen = Rc::new(sink::Seen::default());
    LocalSet::new().block_on(&runtime, async {
        let mut terminate = signal(SignalKind::terminate())?;
        let listener = TcpListener::bind(load.endpoint).await?;
        tokio::task::spawn_local(sink::serve(listener, Rc::clone(&seen)));
        terminate.recv().await;
        Ok::<(), std::io::Error>(())
    })?;
    let cpu = cpu_time().as_secs_f64();
    let report = serde_json::json!({"requests": seen.requests.get(), "bytes": seen.bytes.get(), "cpu_s": cpu});
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

fn sample(load: &Load) -> Result<(), Failure> {
    let framing = pool::Framing {
        protocol: Protocol::Grpc,
        authority: String::new(),
        gzip: false,
        key: None,
    };
    let one = Load {
        gzip: false,
        pool_spans: 0,
        connections: 1,
        in_flight: 1,
        ..load.clone()
    };
    let first = pool::Pool::build(&one, &framing, 0)
        .take(0)
        .ok_or("no payload")?;
    std::io::stdout().write_all(first.bytes.get(5..).unwrap_or_default())?;
    Ok(())
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}
