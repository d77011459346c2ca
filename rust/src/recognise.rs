//! What a new connection speaks, told by its first bytes, and an answer to what cannot be served.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::tls::close;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
    Tls,
    Unknown,
    /// Closed before its first byte, as port checks do.
    Empty,
    /// Sent nothing that can be told apart in the time allowed.
    Silent,
}

impl Protocol {
    pub fn word(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Tls => "tls",
            Self::Unknown => "unknown",
            Self::Empty => "empty",
            Self::Silent => "silent",
        }
    }
}

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const LONGEST_METHOD: usize = 20;

/// Reads until the protocol is clear. What was read is in `buffer` and belongs to the protocol.
pub async fn recognise<IO: AsyncRead + Unpin>(
    stream: &mut IO,
    buffer: &mut BytesMut,
    allowed: Duration,
) -> Protocol {
    let read = async {
        loop {
            match stream.read_buf(buffer).await {
                Ok(0) | Err(_) if buffer.is_empty() => return Protocol::Empty,
                Ok(0) | Err(_) => return Protocol::Unknown,
                Ok(_) => {}
            }
            if let Some(protocol) = classify(buffer) {
                return protocol;
            }
        }
    };
    timeout(allowed, read).await.unwrap_or(Protocol::Silent)
}

/// None: more bytes are needed.
pub(crate) fn classify(bytes: &[u8]) -> Option<Protocol> {
    match bytes {
        [] | [0x16] => return None,
        // A TLS record of the type handshake, major version 3.
        [0x16, 3, ..] => return Some(Protocol::Tls),
        _ => {}
    }
    let length = bytes.len().min(HTTP2_PREFACE.len());
    if bytes.get(..length) == HTTP2_PREFACE.get(..length) {
        return (length > 4).then_some(Protocol::Http2);
    }
    // HTTP allows empty lines before a request.
    let line = bytes.trim_ascii_start();
    let method = line
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))
        .count();
    match line.get(method) {
        Some(b' ') if method > 0 => Some(Protocol::Http1),
        None if method <= LONGEST_METHOD && bytes.len() < 64 => None,
        _ => Some(Protocol::Unknown),
    }
}

/// Answers what cannot be served, where its protocol has a way to say so, and closes.
pub async fn turn_away<IO: AsyncRead + AsyncWrite + Unpin>(mut stream: IO, protocol: Protocol) {
    // TLS: a fatal alert, handshake_failure.
    const ALERT: &[u8] = &[0x15, 3, 3, 0, 2, 2, 40];
    const TEXT: &str =
        "These bytes are not HTTP. Clew takes OTLP over gRPC or HTTP here; POST it to /v1/traces\n";
    let answer = match protocol {
        Protocol::Tls => ALERT.to_vec(),
        Protocol::Unknown => format!(
            "HTTP/1.1 400 Not HTTP\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{TEXT}",
            TEXT.len()
        )
        .into_bytes(),
        _ => return,
    };
    let close = async {
        stream.write_all(&answer).await?;
        close(&mut stream).await
    };
    let _ = timeout(Duration::from_secs(1), close).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_protocol() {
        for (bytes, expected) in [
            (
                b"POST /v1/traces HTTP/1.1\r\n".as_slice(),
                Some(Protocol::Http1),
            ),
            (b"\r\nGET / HTTP/1.1", Some(Protocol::Http1)),
            (b"PO", None),
            (b"P", None),
            (b"PRI ", None),
            (
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0",
                Some(Protocol::Http2),
            ),
            (b"PRI * H", Some(Protocol::Http2)),
            (b"\x16", None),
            (b"\x16\x03\x01\x02\x00\x01", Some(Protocol::Tls)),
            (b"\x16\x04", Some(Protocol::Unknown)),
            (b"hello\n", Some(Protocol::Unknown)),
            (b"SSH-2.0-OpenSSH", Some(Protocol::Unknown)),
            (b"\0\0\0\0", Some(Protocol::Unknown)),
            (b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Some(Protocol::Unknown)),
            (b" ", None),
        ] {
            assert_eq!(
                classify(bytes),
                expected,
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn every_prefix_of_endless_input_is_decided() {
        for byte in 0..=u8::MAX {
            assert!(classify(&[byte; 64]).is_some(), "{byte}");
        }
    }
}
