//! One connection: recognised, served until it ends, and ended when it idles, dawdles or the intake
//! stops.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use http::header::CONTENT_TYPE;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::activity::Verdict;
use crate::admit::{Door, Sink};
use crate::answer::Reply;
use crate::ledger::knock::Knock;
use crate::ledger::odd::{Failure, broken, handshake, unserved};
use crate::meter;
use crate::recognise::{Protocol, recognise, turn_away};
use crate::refusal::Refusal;
use crate::seats::Seat;
use crate::tls::Prefixed;
use crate::{otlp_grpc, otlp_http};

const MADE_ROOM: &str = "made_room";
/// How long a quiet connection that makes room may take to close.
const GOODBYE: Duration = Duration::from_millis(100);
const STREAM_WINDOW: usize = 1 << 20;
const CONNECTION_WINDOW: usize = 4 << 20;
/// Calls at once on all connections together, as far as `FEWEST_STREAMS` lets it be kept: one that
/// does not go on costs 5 KiB.
pub const STREAMS_IN_ALL: usize = 16_384;
const FEWEST_STREAMS: u32 = 8;
/// The parser's buffer: a head that does not fit is answered with 431. Connections are many, so it
/// is small beside the library's 400 KiB.
pub const HTTP1_HEAD: usize = 64 << 10;
pub const HTTP1_HEADERS: usize = 100;
pub const HTTP2_HEAD: u32 = 16 << 10;
/// The protocol's initial window; clients use it before they know ours.
const SMALLEST_WINDOW: usize = 65_535;

/// `open` is the number of connections, this one included.
pub async fn serve<S: Sink>(
    door: Arc<Door<S>>,
    mut stream: TcpStream,
    address: IpAddr,
    open: usize,
    seat: Arc<Seat>,
    stop: watch::Receiver<bool>,
) {
    let within = door.config.head_timeout;
    let mut first = BytesMut::with_capacity(1_024);
    let mut stopping = stop.clone();
    let mut stopping = pin!(async {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => {}
            () = seat.needed() => meter::connection_failed(MADE_ROOM),
        }
    });
    let mut protocol = tokio::select! {
        protocol = recognise(&mut stream, &mut first, within) => protocol,
        () = &mut stopping => return,
    };
    meter::connection(protocol.word());
    let mut arrival = Arrival {
        address,
        port: stream.local_addr().map_or(0, |address| address.port()),
        open,
        seat: Arc::clone(&seat),
        is_refused: false,
    };
    let (Some(tls), Protocol::Tls) = (door.config.tls.clone(), protocol) else {
        arrival.is_refused = door.config.tls.is_some();
        let stream = Prefixed {
            first: first.freeze(),
            stream,
        };
        return speak(door, stream, protocol, arrival, stop).await;
    };
    let hello = first.freeze();
    let accepted = tokio::select! {
        accepted = tls.accept(hello.clone(), stream, within) => accepted,
        () = &mut stopping => return,
    };
    let mut stream = match accepted {
        Ok(stream) => stream,
        Err(reason) => {
            meter::connection_failed(reason);
            return door.knocked(address, arrival.port, handshake(reason, &hello));
        }
    };
    let mut first = BytesMut::with_capacity(1_024);
    protocol = tokio::select! {
        protocol = recognise(&mut stream, &mut first, within) => protocol,
        () = &mut stopping => return,
    };
    meter::connection_inside_tls(protocol.word());
    let stream = Prefixed {
        first: first.freeze(),
        stream,
    };
    speak(door, stream, protocol, arrival, stop).await;
}

/// What is known of a connection before its first request.
struct Arrival {
    address: IpAddr,
    /// Of the listener.
    port: u16,
    /// Connections at that time, this one included.
    open: usize,
    seat: Arc<Seat>,
    /// Every request is told to come by TLS.
    is_refused: bool,
}

async fn speak<S: Sink, IO: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    door: Arc<Door<S>>,
    stream: Prefixed<IO>,
    protocol: Protocol,
    arrival: Arrival,
    stop: watch::Receiver<bool>,
) {
    let Arrival {
        address,
        port,
        open,
        seat,
        is_refused,
    } = arrival;
    let first = stream.first.clone();
    if let Some(knock) = unserved(protocol, &first) {
        door.knocked(address, port, knock);
    }
    let io = TokioIo::new(Watched {
        stream,
        seat: Arc::clone(&seat),
    });
    let visit = Visit {
        door: Arc::clone(&door),
        address,
        port,
        is_refused,
        seat: Arc::clone(&seat),
    };
    let service = service_fn(move |request| visit.clone().answer(request));
    let share = door.config.memory_budget_bytes / open.max(1);
    match protocol {
        Protocol::Http1 => {
            let connection = http1::Builder::new()
                .half_close(true)
                .max_buf_size(HTTP1_HEAD)
                .max_headers(HTTP1_HEADERS)
                .serve_connection(io, service);
            let failure = drive(
                pin!(connection),
                &door,
                &seat,
                true,
                stop,
                http1::Connection::graceful_shutdown,
            )
            .await;
            if let Some(knock) = failure.and_then(|failure| broken("http1", &failure, &first)) {
                door.knocked(address, port, knock);
            }
        }
        Protocol::Http2 => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(share.clamp(SMALLEST_WINDOW, STREAM_WINDOW) as u32)
                .initial_connection_window_size(
                    share.clamp(SMALLEST_WINDOW, CONNECTION_WINDOW) as u32
                )
                .max_frame_size(64 << 10)
                .max_header_list_size(HTTP2_HEAD)
                .max_concurrent_streams(
                    ((STREAMS_IN_ALL / open.max(1)) as u32)
                        .max(FEWEST_STREAMS)
                        .min(door.config.max_streams),
                )
                .keep_alive_interval(door.config.ping_interval)
                .keep_alive_timeout(door.config.ping_timeout)
                .serve_connection(io, service);
            let failure = drive(
                pin!(connection),
                &door,
                &seat,
                false,
                stop,
                http2::Connection::graceful_shutdown,
            )
            .await;
            if let Some(knock) = failure.and_then(|failure| broken("http2", &failure, &first)) {
                door.knocked(address, port, knock);
            }
        }
        other => turn_away(io.into_inner().stream, other).await,
    }
}

async fn drive<S: Sink, C: Future<Output = hyper::Result<()>>>(
    mut connection: Pin<&mut C>,
    door: &Door<S>,
    seat: &Seat,
    has_heads: bool,
    mut stop: watch::Receiver<bool>,
    shut_down: impl Fn(Pin<&mut C>),
) -> Option<Failure> {
    let (head, idle) = (door.config.head_timeout, door.config.idle_timeout);
    let mut stopping = pin!(async move { stop.wait_for(|stop| *stop).await.map(drop) });
    let mut check = pin!(tokio::time::sleep(head.min(idle)));
    let activity = &seat.activity;
    let (mut leaving, mut needed) = (false, false);
    let result = loop {
        tokio::select! {
            biased;
            result = connection.as_mut() => break result,
            _ = &mut stopping, if !leaving => {
                leaving = true;
                shut_down(connection.as_mut());
                check.as_mut().reset(Instant::now() + idle);
            }
            () = seat.needed(), if !needed => {
                (leaving, needed) = (true, true);
                shut_down(connection.as_mut());
                check.as_mut().reset(Instant::now() + GOODBYE);
            }
            () = &mut check => match activity.verdict(head, idle, has_heads) {
                _ if needed && !activity.is_busy() => {
                    meter::connection_failed(MADE_ROOM);
                    return None;
                }
                Verdict::Wait(left) => check.as_mut().reset(Instant::now() + left),
                Verdict::SlowHead => {
                    meter::connection_failed("slow_head");
                    return Some(Failure { word: "slow_head", said: String::new() });
                }
                Verdict::Idle if leaving => {
                    meter::connection_failed("will_not_close");
                    return None;
                }
                Verdict::Idle => {
                    leaving = true;
                    shut_down(connection.as_mut());
                    check.as_mut().reset(Instant::now() + head);
                }
            }
        }
    };
    if needed {
        meter::connection_failed(MADE_ROOM);
        return None;
    }
    result.err().map(|error| {
        let word = if error.is_parse() {
            "malformed"
        } else if error.is_incomplete_message() {
            "incomplete"
        } else if error.is_timeout() {
            "ping_timeout"
        } else {
            "broken"
        };
        meter::connection_failed(word);
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        Failure {
            word,
            said: cause.unwrap_or_else(|| error.to_string()),
        }
    })
}

/// What a request needs to know of its connection.
struct Visit<S> {
    door: Arc<Door<S>>,
    address: IpAddr,
    is_refused: bool,
    port: u16,
    seat: Arc<Seat>,
}

impl<S> Clone for Visit<S> {
    fn clone(&self) -> Self {
        Self {
            door: Arc::clone(&self.door),
            address: self.address,
            is_refused: self.is_refused,
            port: self.port,
            seat: Arc::clone(&self.seat),
        }
    }
}

impl<S: Sink> Visit<S> {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Reply>, Infallible> {
        let _busy = self.seat.activity.begin();
        if request.version() < Version::HTTP_2 && !self.seat.activity.was_read() {
            // It came with the one before it. A row of those would hold up all other connections.
            tokio::task::yield_now().await;
        }
        let is_grpc = request.version() == Version::HTTP_2
            && request
                .headers()
                .get(CONTENT_TYPE)
                .is_some_and(otlp_http::is_grpc);
        let mut response = if self.is_refused {
            let refusal = Refusal::needs_tls(&request);
            if is_grpc {
                otlp_grpc::turn_down(&self.door, request, &refusal).await
            } else {
                otlp_http::turn_down(&self.door, request, &refusal).await
            }
        } else if is_grpc {
            otlp_grpc::answer(&self.door, self.address, request).await
        } else {
            otlp_http::answer(&self.door, self.address, request).await
        };
        if let Some(knock) = response.extensions_mut().remove::<Knock>() {
            self.door.knocked(self.address, self.port, knock);
        }
        Ok(response)
    }
}

/// Notes when something is read.
struct Watched<IO> {
    stream: Prefixed<IO>,
    seat: Arc<Seat>,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Watched<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.seat.activity.read_some();
        }
        // Most clients close without TLS's goodbye. HTTP knows by itself where a request ends, so
        // nothing can be cut off unseen.
        if let Poll::Ready(Err(error)) = &polled
            && error.kind() == io::ErrorKind::UnexpectedEof
        {
            return Poll::Ready(Ok(()));
        }
        polled
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Watched<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
