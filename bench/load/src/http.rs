//! OTLP/HTTP on a raw keep-alive socket: one write, and a parser for just the answers that a server may give.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    answer::{Outcome, rejected_spans},
    wire::{Dial, Wire},
};

pub struct Connection {
    dial: Dial,
    stream: Option<Wire>,
    read: BytesMut,
}

struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    close: bool,
    retry_after: Option<Duration>,
}

impl Connection {
    pub fn new(dial: Dial) -> Self {
        Self {
            dial,
            stream: None,
            read: BytesMut::with_capacity(4096),
        }
    }

    /// Connects when there is no connection; any failure drops it.
    pub async fn send(&mut self, request: &[u8]) -> Outcome {
        let open = match self.stream.take() {
            Some(open) => Some(open),
            None => self.connect().await,
        };
        let Some(mut stream) = open else {
            return Outcome::Lost("connect");
        };
        if stream.write_all(request).await.is_err() || stream.flush().await.is_err() {
            return Outcome::Lost("closed_while_sending");
        }
        let Some((head, body)) = self.answer(&mut stream).await else {
            return Outcome::Lost("closed_before_answer");
        };
        if !head.close {
            self.stream = Some(stream);
        }
        if head.status == 200 {
            return Outcome::Accepted {
                rejected: rejected_spans(&body),
            };
        }
        Outcome::Refused {
            kind: format!("http_{}", head.status),
            transient: matches!(head.status, 429 | 502..=504),
            after: head.retry_after,
        }
    }

    async fn connect(&mut self) -> Option<Wire> {
        self.read.clear();
        Some(self.dial.connect().await?.wire)
    }

    async fn answer(&mut self, stream: &mut Wire) -> Option<(Head, BytesMut)> {
        let head = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                let head = parse_head(self.read.get(..end)?)?;
                self.read.advance(end + 4);
                break head;
            }
            self.fill(stream).await?;
        };
        let body = if head.chunked {
            self.chunks(stream).await?
        } else if let Some(length) = head.length {
            self.exactly(stream, length).await?
        } else {
            while self.fill(stream).await.is_some() {}
            self.read.split()
        };
        Some((head, body))
    }

    async fn chunks(&mut self, stream: &mut Wire) -> Option<BytesMut> {
        let mut body = BytesMut::new();
        loop {
            let line = loop {
                if let Some(end) = find(&self.read, b"\r\n") {
                    break self.read.split_to(end + 2);
                }
                self.fill(stream).await?;
            };
            let digits = std::str::from_utf8(&line).ok()?.split([';', '\r']).next()?;
            let length = usize::from_str_radix(digits.trim(), 16).ok()?;
            let chunk = self.exactly(stream, length + 2).await?;
            if length == 0 {
                return Some(body);
            }
            body.extend_from_slice(chunk.get(..length)?);
        }
    }

    async fn exactly(&mut self, stream: &mut Wire, length: usize) -> Option<BytesMut> {
        while self.read.len() < length {
            self.fill(stream).await?;
        }
        Some(self.read.split_to(length))
    }

    async fn fill(&mut self, stream: &mut Wire) -> Option<()> {
        self.read.reserve(4096);
        match stream.read_buf(&mut self.read).await {
            Ok(1..) => Some(()),
            _ => None,
        }
    }
}

pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn parse_head(head: &[u8]) -> Option<Head> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut parsed = Head {
        status,
        length: None,
        chunked: false,
        close: false,
        retry_after: None,
    };
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            parsed.length = Some(value.parse().ok()?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            parsed.chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            parsed.close = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("retry-after") {
            parsed.retry_after = value.parse().ok().map(Duration::from_secs);
        }
    }
    Some(parsed)
}
