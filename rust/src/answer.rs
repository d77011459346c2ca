//! Answers as bytes: google.rpc.Status, ExportTraceServiceResponse and their JSON forms, and the
//! body that carries them.

use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::refusal::Refusal;

/// Answers stay far below the 4 MiB that clients must accept.
const MESSAGE_MOST: usize = 2_048;

/// What a success has to say about the request, if anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    pub rejected: u32,
    pub message: String,
}

/// ExportTraceServiceResponse (and its siblings of the other signals, which share the field
/// numbers).
pub fn export_response(partial: Option<&Partial>) -> Vec<u8> {
    let Some(partial) = partial else {
        return Vec::new();
    };
    let mut inner = Vec::with_capacity(partial.message.len() + 16);
    integer(&mut inner, 1, u64::from(partial.rejected));
    bytes(&mut inner, 2, cut(&partial.message).as_bytes());
    let mut out = Vec::with_capacity(inner.len() + 4);
    bytes(&mut out, 1, &inner);
    out
}

pub fn export_response_json(partial: Option<&Partial>) -> Vec<u8> {
    let Some(partial) = partial else {
        return b"{}".to_vec();
    };
    let message = json_string(cut(&partial.message));
    let rejected = partial.rejected;
    if rejected == 0 {
        format!(r#"{{"partialSuccess":{{"errorMessage":{message}}}}}"#).into_bytes()
    } else {
        // 64-bit integers are strings in proto3 JSON.
        format!(r#"{{"partialSuccess":{{"rejectedSpans":"{rejected}","errorMessage":{message}}}}}"#)
            .into_bytes()
    }
}

/// An error as google.rpc.Status.
pub struct Status {
    pub code: u32,
    pub message: String,
    bad_request: bool,
    retry_seconds: Option<u32>,
}

impl Status {
    pub fn of(refusal: &Refusal) -> Self {
        let message = refusal.sentence();
        Self {
            code: refusal.code(),
            message: cut(&message).to_owned(),
            bad_request: refusal.is_bad_request(),
            retry_seconds: refusal
                .is_temporary()
                .then(|| refusal.retry_seconds().unwrap_or_else(retry_delay)),
        }
    }

    /// Whole seconds after which the sender should try again.
    pub fn retry_seconds(&self) -> Option<u32> {
        self.retry_seconds
    }

    pub fn protobuf(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len() + 96);
        integer(&mut out, 1, u64::from(self.code));
        bytes(&mut out, 2, self.message.as_bytes());
        if let Some(seconds) = self.retry_seconds {
            detail(
                &mut out,
                "type.googleapis.com/google.rpc.RetryInfo",
                &retry_info(seconds),
            );
        }
        if self.bad_request {
            // BadRequest { field_violations: [{ description }] }
            let mut violation = Vec::new();
            bytes(&mut violation, 2, self.message.as_bytes());
            let mut bad_request = Vec::new();
            bytes(&mut bad_request, 1, &violation);
            detail(
                &mut out,
                "type.googleapis.com/google.rpc.BadRequest",
                &bad_request,
            );
        }
        out
    }

    pub fn json(&self) -> Vec<u8> {
        let message = json_string(&self.message);
        let mut out = format!(r#"{{"code":{},"message":{message}"#, self.code);
        if let Some(seconds) = self.retry_seconds {
            let _ = write!(
                out,
                r#","details":[{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{seconds}s"}}]"#
            );
        } else if self.bad_request {
            let _ = write!(
                out,
                r#","details":[{{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{{"description":{message}}}]}}]"#
            );
        }
        out.push('}');
        out.into_bytes()
    }

    pub fn has_details(&self) -> bool {
        self.bad_request || self.retry_seconds.is_some()
    }
}

/// RetryInfo { retry_delay: Duration { seconds } }
pub fn retry_info(seconds: u32) -> Vec<u8> {
    let mut delay = Vec::new();
    integer(&mut delay, 1, u64::from(seconds));
    let mut out = Vec::new();
    bytes(&mut out, 1, &delay);
    out
}

/// 1, 2, 3, 1, … spreads the senders; longer delays pass the budgets of the SDKs and lose data.
fn retry_delay() -> u32 {
    static TURN: AtomicU32 = AtomicU32::new(0);
    TURN.fetch_add(1, Ordering::Relaxed) % 3 + 1
}

/// The value of a `-bin` trailer.
pub fn base64(value: &[u8]) -> String {
    STANDARD_NO_PAD.encode(value)
}

/// `grpc-message`: percent-encoded as the gRPC protocol asks.
pub fn percent_encode(message: &str) -> String {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let hex = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    let mut out = String::with_capacity(message.len() + 8);
    for byte in message.bytes() {
        if (0x20..=0x7E).contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    out
}

/// A sentence as an HTTP/1 reason phrase: printable ASCII and short, because some clients log
/// nothing else.
pub fn reason_phrase(message: &str) -> Vec<u8> {
    const MOST: usize = 200;
    message
        .chars()
        .take(MOST)
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c as u8
            } else {
                b'?'
            }
        })
        .collect()
}

fn detail(out: &mut Vec<u8>, type_url: &str, value: &[u8]) {
    let mut any = Vec::new();
    bytes(&mut any, 1, type_url.as_bytes());
    bytes(&mut any, 2, value);
    bytes(out, 3, &any);
}

/// A varint field; zero is the default and left out.
fn integer(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(field << 3);
        varint(out, value);
    }
}

fn bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn cut(message: &str) -> &str {
    let mut end = message.len().min(MESSAGE_MOST);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default()
}

/// A response body: at most one piece of data, then at most one set of trailers.
pub struct Reply {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Reply {
    pub fn empty() -> Self {
        Self {
            data: None,
            trailers: None,
        }
    }

    pub fn full(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self {
            data: (!data.is_empty()).then_some(data),
            trailers: None,
        }
    }

    pub fn with_trailers(data: Bytes, trailers: HeaderMap) -> Self {
        Self {
            data: Some(data),
            trailers: Some(trailers),
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(
            self.trailers
                .take()
                .map(|trailers| Ok(Frame::trailers(trailers))),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.trailers.is_some() {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Unavailable;

    #[test]
    fn full_success_says_nothing() {
        assert_eq!(export_response(None), b"");
        assert_eq!(export_response_json(None), b"{}");
    }

    #[test]
    fn partial_success_is_field_one_with_count_and_message() {
        let partial = Partial {
            rejected: 300,
            message: "a\"b".to_owned(),
        };
        assert_eq!(
            export_response(Some(&partial)),
            b"\x0a\x08\x08\xac\x02\x12\x03a\"b"
        );
        assert_eq!(
            String::from_utf8_lossy(&export_response_json(Some(&partial))),
            r#"{"partialSuccess":{"rejectedSpans":"300","errorMessage":"a\"b"}}"#
        );
    }

    #[test]
    fn warning_has_no_count() {
        let partial = Partial {
            rejected: 0,
            message: "x".to_owned(),
        };
        assert_eq!(export_response(Some(&partial)), b"\x0a\x03\x12\x01x");
        assert_eq!(
            export_response_json(Some(&partial)),
            br#"{"partialSuccess":{"errorMessage":"x"}}"#
        );
    }

    #[test]
    fn temporary_status_carries_retry_info_of_one_to_three_seconds() {
        let status = Status::of(&Refusal::Unavailable(Unavailable::Busy));
        let seconds = status.retry_seconds().unwrap_or(0);
        assert!((1..=3).contains(&seconds));
        let info = retry_info(seconds);
        assert_eq!(info, [0x0a, 2, 8, seconds as u8]);
        let encoded = status.protobuf();
        assert!(encoded.windows(info.len()).any(|window| window == info));
        let json: serde_json::Value = serde_json::from_slice(&status.json()).unwrap_or_default();
        assert_eq!(json.pointer("/code"), Some(&14.into()));
        assert_eq!(
            json.pointer("/details/0/retryDelay"),
            Some(&format!("{seconds}s").into())
        );
    }

    #[test]
    fn grpc_message_is_percent_encoded() {
        assert_eq!(percent_encode("50% of ü\n"), "50%25 of %C3%BC%0A");
    }

    #[test]
    fn messages_are_cut_at_a_character() {
        let long = "é".repeat(3_000);
        let partial = Partial {
            rejected: 1,
            message: long,
        };
        assert!(export_response(Some(&partial)).len() <= MESSAGE_MOST + 16);
    }
}
