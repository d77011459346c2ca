//! OTLP/gRPC: a unary call is one HTTP/2 stream with a 5-byte prefix and trailers.

use std::{cell::RefCell, rc::Rc, time::Duration};

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::sync::Mutex;

use crate::{
    answer::{Outcome, rejected_spans},
    options::Load,
    wire::Dial,
};

const METHOD: &str = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// One connection, shared by as many workers as requests may be in flight on it.
pub struct Channel {
    dial: Dial,
    request: Request<()>,
    open: RefCell<Option<SendRequest<Bytes>>>,
    connecting: Mutex<()>,
}

impl Channel {
    pub fn new(dial: Dial, load: &Load) -> Result<Rc<Self>, http::Error> {
        let scheme = if load.tls_ca.is_some() {
            "https"
        } else {
            "http"
        };
        let mut request = Request::post(format!("{scheme}://{}/{METHOD}", load.endpoint))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("user-agent", "clew-load");
        if let Some(key) = &load.key {
            request = request.header("kf-api-key", key);
        }
        if load.gzip {
            request = request.header("grpc-encoding", "gzip");
        }
        let request = request.body(())?;
        Ok(Rc::new(Self {
            dial,
            request,
            open: RefCell::new(None),
            connecting: Mutex::new(()),
        }))
    }

    pub async fn send(&self, message: &Bytes) -> Outcome {
        let Some(sender) = self.sender().await else {
            return Outcome::Lost("connect");
        };
        match self.call(sender, message).await {
            Ok(outcome) => outcome,
            Err(error) => {
                // A reset of one stream leaves the connection usable.
                if !error.is_reset() {
                    self.open.borrow_mut().take();
                }
                Outcome::Lost(if error.is_reset() {
                    "stream_reset"
                } else {
                    "closed"
                })
            }
        }
    }

    async fn sender(&self) -> Option<SendRequest<Bytes>> {
        let _turn = self.connecting.lock().await;
        if let Some(open) = self.open.borrow().as_ref() {
            return Some(open.clone());
        }
        let wire = self.dial.connect().await?.wire;
        let (sender, connection) = h2::client::handshake(wire).await.ok()?;
        // Its errors reach every request in flight, so the task's own result says nothing more.
        tokio::task::spawn_local(connection);
        self.open.borrow_mut().replace(sender.clone());
        Some(sender)
    }

    async fn call(
        &self,
        sender: SendRequest<Bytes>,
        message: &Bytes,
    ) -> Result<Outcome, h2::Error> {
        let mut sender = sender.ready().await?;
        let (answer, mut stream) = sender.send_request(self.request.clone(), false)?;
        stream.send_data(message.clone(), true)?;
        let (head, mut body) = answer.await?.into_parts();
        if let Some(status) = status(&head.headers) {
            return Ok(outcome(status, &head.headers, &[]));
        }
        if head.status != 200 {
            let kind = format!("http_{}", head.status.as_u16());
            return Ok(Outcome::Refused {
                kind,
                transient: head.status == 503,
                after: None,
            });
        }
        let mut read = BytesMut::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            body.flow_control().release_capacity(chunk.len())?;
            read.extend_from_slice(&chunk);
        }
        let trailers = body.trailers().await?.unwrap_or_default();
        let status = status(&trailers).unwrap_or(2);
        Ok(outcome(
            status,
            &trailers,
            read.get(5..).unwrap_or_default(),
        ))
    }
}

fn status(headers: &HeaderMap) -> Option<usize> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

fn outcome(status: usize, headers: &HeaderMap, message: &[u8]) -> Outcome {
    if status == 0 {
        return Outcome::Accepted {
            rejected: rejected_spans(message),
        };
    }
    let after = headers
        .get("grpc-retry-pushback-ms")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_millis);
    Outcome::Refused {
        kind: format!("grpc_{}", NAMES.get(status).unwrap_or(&"UNKNOWN")),
        transient: status == 14,
        after,
    }
}
