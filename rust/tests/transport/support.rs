//! An intake on port 0, a journal in memory, and clients: raw sockets for HTTP/1, hyper's for
//! HTTP/2.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use _kernel::admit::Sink;
use _kernel::listen::{Config, Running, start};
use _kernel::record::{Appended, NewRecord, Unavailable};
use _kernel::{counters, listen};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::Runtime;

pub const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
pub const PROTOBUF: &str = "application/x-protobuf";
pub const JSON: &str = "application/json";

/// Keeps what it is given, or refuses everything.
#[derive(Clone, Default)]
pub struct Memory {
    pub records: Arc<Mutex<Vec<NewRecord>>>,
    pub refuse: Arc<Mutex<Option<Unavailable>>>,
    pub delay: Duration,
    /// Requests that have reached the journal.
    pub reached: Arc<AtomicUsize>,
}

impl Sink for Memory {
    fn append(
        &self,
        record: NewRecord,
    ) -> impl Future<Output = Result<Appended, Unavailable>> + Send {
        let this = self.clone();
        async move {
            this.reached.fetch_add(1, Ordering::SeqCst);
            if !this.delay.is_zero() {
                tokio::time::sleep(this.delay).await;
            }
            if let Some(why) = *this.refuse.lock().unwrap() {
                return Err(why);
            }
            let mut records = this.records.lock().unwrap();
            if records.iter().any(|old| old.hash == record.hash) {
                return Ok(Appended::Repeated);
            }
            records.push(record);
            Ok(Appended::Stored)
        }
    }
}

pub struct Intake {
    pub memory: Memory,
    pub running: Running,
    /// Where OTLP/gRPC and OTLP/HTTP are expected; both take both.
    pub ports: [SocketAddr; 2],
}

/// Bounds that make tests quick.
pub fn quick() -> Config {
    listen::Config {
        threads: 2,
        ..Config::default()
    }
}

pub fn intake() -> Intake {
    intake_with(quick(), Memory::default())
}

pub fn intake_with(config: Config, memory: Memory) -> Intake {
    let listeners: Vec<_> = (0..2)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let ports = [
        listeners[0].local_addr().unwrap(),
        listeners[1].local_addr().unwrap(),
    ];
    let running = start(config, listeners, memory.clone()).unwrap();
    Intake {
        memory,
        running,
        ports,
    }
}

impl Intake {
    pub fn stored(&self) -> Vec<u32> {
        self.memory
            .records
            .lock()
            .unwrap()
            .iter()
            .map(|record| record.spans)
            .collect()
    }

    pub fn connect(&self) -> Http1 {
        Http1::connect(self.ports[1])
    }

    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        self.connect()
            .request("POST", path, &[("content-type", content_type)], body)
    }
}

/// An ExportTraceServiceRequest with `good` spans and `bad` ones (their trace ids are too short).
pub fn request(good: usize, bad: usize) -> Vec<u8> {
    request_of(good, bad, b"GET /")
}

pub fn request_of(good: usize, bad: usize, name: &[u8]) -> Vec<u8> {
    let mut spans = Vec::new();
    for number in 0..good + bad {
        let id = [if number < good { 7 } else { 8 }; 16];
        let trace_id = if number < good { &id[..] } else { &id[..5] };
        let span = [
            field(1, trace_id),
            field(2, &(number as u64 + 1).to_be_bytes()),
            field(5, name),
        ]
        .concat();
        spans.extend(field(2, &span));
    }
    field(1, &field(2, &spans))
}

pub fn json_request(spans: usize) -> Vec<u8> {
    let spans: Vec<_> = (1..=spans)
        .map(|n| format!(r#"{{"traceId":"0707070707070707070707070707070{n}","spanId":"080808080808080{n}","name":"x"}}"#))
        .collect();
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    )
    .into_bytes()
}

/// Rejected spans and message of an ExportTraceServiceResponse.
pub fn partial_success(response: &[u8]) -> (u64, String) {
    let mut found = (0, String::new());
    let Some((_, mut inner)) = response.split_first().map(|(_, rest)| varint(rest)) else {
        return found;
    };
    while let Some((tag, rest)) = inner.split_first() {
        let (value, rest) = varint(rest);
        inner = rest;
        if *tag == 8 {
            found.0 = value;
        } else {
            let (message, rest) = inner.split_at(value as usize);
            (found.1, inner) = (String::from_utf8(message.to_vec()).unwrap(), rest);
        }
    }
    found
}

fn varint(bytes: &[u8]) -> (u64, &[u8]) {
    let length = bytes.iter().take_while(|byte| **byte > 127).count() + 1;
    let (varint, rest) = bytes.split_at(length);
    (
        varint
            .iter()
            .rev()
            .fold(0, |value, byte| value << 7 | u64::from(byte & 127)),
        rest,
    )
}

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = value.len();
    while length >= 128 {
        out.push(length as u8 | 128);
        length >>= 7;
    }
    out.push(length as u8);
    [&out, value].concat()
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// One HTTP/1 response, read from a raw socket.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub reason: String,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub struct Http1 {
    pub stream: TcpStream,
}

impl Http1 {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat());
        self.answer()
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).unwrap_or_else(|error| {
                panic!("{error} after {:?}", String::from_utf8_lossy(&head));
            });
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let line = head.lines().next().unwrap().to_owned();
        let mut answer = Answer {
            status: line[9..12].parse().unwrap(),
            reason: line[12..].trim().to_owned(),
            head,
            body: Vec::new(),
        };
        let length: usize = answer
            .header("content-length")
            .map_or(0, |value| value.parse().unwrap());
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body).unwrap();
        answer
    }

    /// Everything until the server closes; empty if it resets the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        rest
    }
}

/// One gRPC answer.
#[derive(Debug)]
pub struct Call {
    pub http_status: u16,
    pub headers: HeaderMap,
    pub trailers: HeaderMap,
    pub message: Vec<u8>,
}

impl Call {
    pub fn code(&self) -> u32 {
        self.status("grpc-status").parse().unwrap()
    }

    /// A status field, wherever it is: in the trailers, or in the headers when there are only
    /// those.
    pub fn status(&self, name: &str) -> &str {
        self.trailers
            .get(name)
            .or_else(|| self.headers.get(name))
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub struct Http2 {
    pub runtime: Runtime,
    pub sender: SendRequest<Full<Bytes>>,
}

impl Http2 {
    /// Prior knowledge, without TLS.
    pub fn connect(address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sender = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let (sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                    .await
                    .unwrap();
            tokio::spawn(connection);
            sender
        });
        Self { runtime, sender }
    }

    pub fn call(&self, path: &str, headers: &[(&str, &str)], message: &[u8]) -> Call {
        self.runtime
            .block_on(call(self.sender.clone(), path, headers, framed(0, message)))
    }

    pub fn call_raw(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Call {
        self.runtime
            .block_on(call(self.sender.clone(), path, headers, body))
    }
}

pub fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

pub async fn call(
    mut sender: SendRequest<Full<Bytes>>,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Call {
    let mut request = Request::post(format!("http://x{path}")).header("te", "trailers");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/grpc");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sender.ready().await.unwrap();
    let response = sender
        .send_request(request.body(Full::new(body.into())).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    Call {
        http_status: parts.status.as_u16(),
        headers: parts.headers,
        trailers,
        message: collected.to_bytes().to_vec(),
    }
}

pub fn counter(sample: &str) -> u64 {
    counters::snapshot()
        .into_iter()
        .find(|(name, _)| name == sample)
        .map_or(0, |(_, value)| value)
}

/// Waits for a condition, with a deadline.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 10 s: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
