//! OTLP/gRPC: unary Export calls, which are HTTP/2 requests whose body is a 5-byte prefix and one
//! message.

use std::net::IpAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use tokio::time::Instant;

use crate::admit::{Compression, Door, Form, Sender, Sink, Success};
use crate::answer::{self, Partial, Reply, Status};
use crate::body::{self, Held, ReadBy};
use crate::ledger::knock::{Head, Knock};
use crate::meter::{self, Encoding, Pending, Signal, Transport};
use crate::otlp_http::{compression, lossy, not_kept};
use crate::refusal::{Refusal, code};

const PREFIX: usize = 5;
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const RETRY_INFO: HeaderName = HeaderName::from_static("google.rpc.retryinfo-bin");
const ENCODINGS: HeaderValue = HeaderValue::from_static("identity,gzip,zstd");

pub async fn answer<S, B>(door: &Door<S>, address: IpAddr, request: Request<B>) -> Response<Reply>
where
    S: Sink,
    B: Body<Data = Bytes> + Unpin,
{
    let deadline = request
        .headers()
        .get(GRPC_TIMEOUT)
        .and_then(timeout)
        .map(|left| Instant::now() + left);
    let signal = signal(request.uri().path());
    let pending = Pending::new(signal, Transport::Grpc, Encoding::Protobuf);
    let (parts, mut body) = request.into_parts();
    let work = export(door, address, signal, &parts, &mut body);
    let result = match deadline {
        None => work.await,
        Some(at) => tokio::time::timeout_at(at, work)
            .await
            .unwrap_or(Err(Refusal::Deadline)),
    };
    match result {
        Ok(success) => {
            pending.ends(success.outcome);
            let mut response = accept(success.partial.as_ref());
            if let Some(knock) = Knock::partial(head(&parts), &success, 0) {
                response.extensions_mut().insert(knock);
            }
            response
        }
        Err(refusal) => {
            pending.ends(refusal.outcome());
            noted(&parts, &refusal)
        }
    }
}

/// One refusal whatever is called.
pub async fn turn_down<S, B>(
    door: &Door<S>,
    request: Request<B>,
    refusal: &Refusal,
) -> Response<Reply>
where
    S: Sink,
    B: Body<Data = Bytes> + Unpin,
{
    let (parts, mut body) = request.into_parts();
    let signal = signal(parts.uri.path());
    let pending = Pending::new(signal, Transport::Grpc, Encoding::Protobuf);
    let by = ReadBy::after(door.config.body_timeout);
    body::drain(&mut body, by).await;
    pending.ends(refusal.outcome());
    noted(&parts, refusal)
}

/// The connection enters it into the ledger.
fn noted(parts: &Parts, refusal: &Refusal) -> Response<Reply> {
    let mut response = refuse(refusal);
    let code = u16::try_from(refusal.code()).unwrap_or(u16::MAX);
    let knock = Knock::refused(head(parts), refusal, code);
    response.extensions_mut().insert(knock);
    response
}

fn head(parts: &Parts) -> Head<'_> {
    Head {
        protocol: "grpc",
        method: &parts.method,
        path: parts.uri.path(),
        headers: &parts.headers,
    }
}

fn signal(path: &str) -> Signal {
    match path {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Signal::Traces,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Signal::Metrics,
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Signal::Logs,
        _ => Signal::Unknown,
    }
}

async fn export<S, B>(
    door: &Door<S>,
    address: IpAddr,
    signal: Signal,
    parts: &Parts,
    body: &mut B,
) -> Result<Success, Refusal>
where
    S: Sink,
    B: Body<Data = Bytes> + Unpin,
{
    let by = ReadBy::after(door.config.body_timeout);
    let result = message(door, address, signal, parts, body, by).await;
    if let Err(refusal) = &result
        && !matches!(refusal, Refusal::SlowBody { .. } | Refusal::Aborted)
    {
        // Some clients report a reset of the stream in place of the status that came before it.
        body::drain(body, by.after_refusal(refusal)).await;
    }
    result
}

async fn message<S, B>(
    door: &Door<S>,
    address: IpAddr,
    signal: Signal,
    parts: &Parts,
    body: &mut B,
    by: ReadBy,
) -> Result<Success, Refusal>
where
    S: Sink,
    B: Body<Data = Bytes> + Unpin,
{
    if signal == Signal::Unknown {
        return Err(Refusal::UnknownMethod(parts.uri.path().to_owned()));
    }
    let keys = &door.config.keys;
    let holder = keys
        .check(parts.uri.query(), &parts.headers)
        .map_err(Refusal::Key)?;
    if let Some(content_type) = parts.headers.get(CONTENT_TYPE)
        && content_type.as_bytes().contains(&b'+')
        && !content_type
            .as_bytes()
            .to_ascii_lowercase()
            .starts_with(b"application/grpc+proto")
    {
        return Err(Refusal::ContentType(lossy(content_type)));
    }
    let encoding = compression(&parts.headers, &GRPC_ENCODING)?;
    let limit = door.config.max_body_bytes;
    let mut held = Held::for_request(&door.budget)?;
    if signal != Signal::Traces {
        let size = body::discard(body, limit.saturating_add(PREFIX), by).await?;
        meter::add(door.meter.wire_bytes, size as u64);
        return Ok(not_kept(door, address, &parts.headers));
    }
    door.rates.check(holder.as_ref())?;
    let wire = body::collect(body, limit.saturating_add(PREFIX), by, &mut held)
        .await
        .map_err(|refusal| {
            if let Refusal::TooLarge { .. } = refusal {
                Refusal::TooLarge { limit }
            } else {
                refusal
            }
        })?;
    meter::add(door.meter.wire_bytes, wire.len() as u64);
    let (compressed, message) = unframe(wire)?;
    let compression = match (compressed, encoding) {
        (false, _) => Compression::None,
        (true, Compression::None) => {
            return Err(Refusal::Malformed(
                "the gRPC message says that it is compressed, but the grpc-encoding header names no compression".to_owned(),
            ));
        }
        (true, named) => named,
    };
    let sender = Sender::of(holder.as_ref(), &parts.headers, address);
    door.traces(sender, Form::Protobuf, compression, message, &mut held)
        .await
}

/// The one message of a unary call, and whether it is compressed.
pub(crate) fn unframe(mut wire: Bytes) -> Result<(bool, Bytes), Refusal> {
    let Some(([flag, length @ ..], _)) = wire.split_first_chunk::<PREFIX>() else {
        return Err(Refusal::Malformed(format!(
            "the gRPC call has {} bytes and no message; a message starts with a 5-byte prefix",
            wire.len()
        )));
    };
    let (flag, length) = (*flag, u32::from_be_bytes(*length) as usize);
    let message = wire.split_off(PREFIX);
    if flag > 1 {
        return Err(Refusal::Malformed(format!(
            "the gRPC message has the unknown flags {flag}"
        )));
    }
    if message.len() != length {
        return Err(Refusal::Malformed(format!(
            "the gRPC message should have {length} bytes and has {}; Export takes exactly one message",
            message.len()
        )));
    }
    Ok((flag == 1, message))
}

/// `grpc-timeout`: up to 8 digits and a unit. An unreadable one is ignored.
pub(crate) fn timeout(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(count * 3_600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

fn accept(partial: Option<&Partial>) -> Response<Reply> {
    let data = match partial {
        None => Bytes::from_static(&[0; PREFIX]),
        Some(partial) => {
            let message = answer::export_response(Some(partial));
            let mut framed = BytesMut::with_capacity(PREFIX + message.len());
            framed.put_u8(0);
            framed.put_u32(message.len() as u32);
            framed.put_slice(&message);
            framed.freeze()
        }
    };
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, HeaderValue::from(code::OK));
    headed(Reply::with_trailers(data, trailers))
}

/// A trailers-only answer: the status is in the one block of headers.
fn refuse(refusal: &Refusal) -> Response<Reply> {
    let status = Status::of(refusal);
    let mut response = headed(Reply::empty());
    let headers = response.headers_mut();
    headers.insert(GRPC_STATUS, HeaderValue::from(status.code));
    let mut text = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    text(GRPC_MESSAGE, answer::percent_encode(&status.message));
    if status.has_details() {
        text(STATUS_DETAILS, answer::base64(&status.protobuf()));
    }
    if let Some(seconds) = status.retry_seconds() {
        text(RETRY_INFO, answer::base64(&answer::retry_info(seconds)));
    }
    response
}

fn headed(reply: Reply) -> Response<Reply> {
    let mut response = Response::new(reply);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_ACCEPT_ENCODING, ENCODINGS);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_have_a_unit_and_at_most_eight_digits() {
        let of = |value| timeout(&HeaderValue::from_static(value));
        assert_eq!(of("50m"), Some(Duration::from_millis(50)));
        assert_eq!(
            of("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3_600))
        );
        assert_eq!(of("123456789S"), None);
        assert_eq!(of("S"), None);
        assert_eq!(of("-1S"), None);
        assert_eq!(of("1x"), None);
    }

    #[test]
    fn message_length_must_match() {
        let whole = unframe(Bytes::from_static(b"\x01\0\0\0\x02ab"));
        assert_eq!(whole, Ok((true, Bytes::from_static(b"ab"))));
        for bad in [
            b"".as_slice(),
            b"\0\0\0\0",
            b"\0\0\0\0\x02a",
            b"\0\0\0\0\0\0\0\0\0\0",
            b"\x02\0\0\0\0",
        ] {
            assert!(
                matches!(unframe(Bytes::from_static(bad)), Err(Refusal::Malformed(_))),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn refusals_have_no_body() {
        let response = refuse(&Refusal::MemoryBudget);
        assert!(response.body().is_end_stream());
        assert!(response.headers().contains_key(RETRY_INFO));
        assert!(
            !refuse(&Refusal::TooLarge { limit: 1 })
                .headers()
                .contains_key(STATUS_DETAILS)
        );
    }
}
