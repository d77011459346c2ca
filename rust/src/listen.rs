//! The accept loops on inherited sockets, and the runtime under them.

use std::io;
use std::net::{IpAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use crate::admit::{Door, Sink};
use crate::body::Budget;
use crate::connection;
use crate::crowd::{Crowd, Full, Place};
use crate::keys::Keys;
use crate::ledger::FLUSH_EVERY;
use crate::meter;
use crate::seats::Seats;
use crate::tls::Tls;
use crate::validate::Limits;

/// Connections beyond the most, while those that make room for them say goodbye.
const IN_THE_DOOR: usize = 32;
/// How long the end waits for the journal to take the ledger's last news.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Bounds of the intake's network side.
#[derive(Clone, Debug)]
pub struct Config {
    /// Worker threads; 0 means one per processor.
    pub threads: usize,
    /// Largest body, after decompression.
    pub max_body_bytes: usize,
    /// Bytes of all bodies that are being read or wait for the journal.
    pub memory_budget_bytes: usize,
    pub max_connections: usize,
    /// Of one address; 0: a quarter of `max_connections`, and all for loopback.
    pub max_connections_per_address: usize,
    /// Spans a second of all senders together; 0: as many as come.
    pub max_spans_per_second: u64,
    pub limits: Limits,
    /// Concurrent calls on one HTTP/2 connection.
    pub max_streams: u32,
    /// From a request's first byte to the end of its headers.
    pub head_timeout: Duration,
    /// For a whole body.
    pub body_timeout: Duration,
    /// A connection without a request for so long is closed.
    pub idle_timeout: Duration,
    /// Between HTTP/2 pings to a silent client.
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    /// How often one sender is told that only traces are kept.
    pub note_interval: Duration,
    pub keys: Arc<Keys>,
    /// When it is there, requests in plaintext are told to use it.
    pub tls: Option<Arc<Tls>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            threads: 0,
            max_body_bytes: 64 << 20,
            memory_budget_bytes: 256 << 20,
            max_connections: 4_096,
            max_connections_per_address: 0,
            max_spans_per_second: 0,
            limits: Limits::default(),
            max_streams: 128,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            ping_interval: Duration::from_secs(60),
            ping_timeout: Duration::from_secs(20),
            note_interval: Duration::from_secs(3_600),
            keys: Arc::new(Keys::new(false)),
            tls: None,
        }
    }
}

/// The intake's network side while it runs. Dropping it ends it without waiting.
pub struct Running {
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    /// Ends when every task that holds the other side has ended.
    ended: mpsc::Receiver<()>,
    crowd: Arc<Crowd>,
    budget: Arc<Budget>,
    /// Brings the last of the ledger to the journal.
    farewell: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Serves both protocols on every listener.
pub fn start<S: Sink>(config: Config, listeners: Vec<StdListener>, sink: S) -> io::Result<Running> {
    let mut builder = Builder::new_multi_thread();
    if config.threads > 0 {
        builder.worker_threads(config.threads);
    }
    let runtime = builder
        .thread_name("clew-intake")
        .enable_io()
        .enable_time()
        .build()?;
    let (stop, stopping) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    let (most, most_of_one) = (config.max_connections, config.max_connections_per_address);
    let door = Arc::new(Door::new(config, sink));
    let crowd = Crowd::new(most, most_of_one, door.meter.open_connections);
    let seats = Arc::new(Seats::default());
    let budget = Arc::clone(&door.budget);
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let accepting = Accepting {
            door: Arc::clone(&door),
            crowd: Arc::clone(&crowd),
            seats: Arc::clone(&seats),
            stopping: stopping.clone(),
            alive: alive.clone(),
        };
        runtime.spawn(accepting.accept(listener));
    }
    runtime.spawn(write_ledger(Arc::clone(&door), stopping));
    let farewell = async move {
        door.write_ledger().await;
        let lost: u64 = door.ledger.take().iter().map(|line| line.count).sum();
        if lost > 0 {
            eprintln!("clew: intake: the journal did not take the ledger's last {lost} knocks");
        }
    };
    Ok(Running {
        farewell: Some(Box::pin(farewell)),
        runtime: Some(runtime),
        stop,
        ended,
        crowd,
        budget,
    })
}

impl Running {
    /// Stops accepting, lets requests in flight finish for at most `within`, and returns how many
    /// connections were cut. Blocks; must not be called from async code.
    pub fn stop(mut self, within: Duration) -> usize {
        self.stop.send_replace(true);
        let Some(runtime) = self.runtime.take() else {
            return 0;
        };
        let ended = &mut self.ended;
        let _ = runtime.block_on(async { tokio::time::timeout(within, ended.recv()).await });
        if let Some(farewell) = self.farewell.take() {
            let _ = runtime.block_on(async { tokio::time::timeout(LAST_WORD, farewell).await });
        }
        let cut = self.crowd.open();
        runtime.shutdown_timeout(Duration::from_millis(100));
        cut
    }

    pub fn open_connections(&self) -> usize {
        self.crowd.open()
    }

    /// Bytes of request bodies in memory.
    pub fn held_bytes(&self) -> usize {
        self.budget.held()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn write_ledger<S: Sink>(door: Arc<Door<S>>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(FLUSH_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        door.write_ledger().await;
    }
}

struct Accepting<S> {
    door: Arc<Door<S>>,
    crowd: Arc<Crowd>,
    seats: Arc<Seats>,
    stopping: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
}

impl<S: Sink> Accepting<S> {
    /// Somebody quiet leaves for who comes when all places are taken.
    fn enter(&self, address: IpAddr) -> Result<Place, Full> {
        match self.crowd.enter(address) {
            Err(Full::Everybody) if self.seats.make_room() => {
                self.crowd.enter_beyond(address, IN_THE_DOOR)
            }
            other => other,
        }
    }

    async fn accept(mut self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.stopping.wait_for(|stop| *stop) => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let address = peer.ip().to_canonical();
                    let place = match self.enter(address) {
                        Ok(place) => place,
                        Err(full) => {
                            meter::connection_refused(full.word());
                            let port = listener.local_addr().map_or(0, |address| address.port());
                            self.door.knocked(address, port, full.knock());
                            self.crowd.turn_away(stream, full);
                            continue;
                        }
                    };
                    let _ = stream.set_nodelay(true);
                    let door = Arc::clone(&self.door);
                    let (stopping, alive) = (self.stopping.clone(), self.alive.clone());
                    let sitting = self.seats.sit();
                    tokio::spawn(async move {
                        let seat = Arc::clone(&sitting.seat);
                        connection::serve(door, stream, address, place.nth, seat, stopping).await;
                        drop((sitting, place, alive));
                    });
                }
                Err(error) => {
                    meter::connection_refused("accept_failed");
                    if error.kind() != io::ErrorKind::ConnectionAborted {
                        // Out of descriptors or memory: the same error would come back at once.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        }
    }
}
