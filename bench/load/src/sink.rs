//! A server that costs as little as one can: it recognises the protocol, drops the body and answers success.
//! It measures the generator alone.

use std::{cell::Cell, rc::Rc};

use bytes::{Buf, Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::spawn_local,
};

use crate::http::find;

const HTTP2_PREFACE: &[u8] = b"PRI ";
const WINDOW: u32 = 1 << 20;

#[derive(Default)]
pub struct Seen {
    pub requests: Cell<u64>,
    pub bytes: Cell<u64>,
}

impl Seen {
    fn add(&self, bytes: u64) {
        self.requests.set(self.requests.get() + 1);
        self.bytes.set(self.bytes.get() + bytes);
    }
}

pub async fn serve(listener: TcpListener, seen: Rc<Seen>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let seen = Rc::clone(&seen);
        spawn_local(async move {
            let mut start = [0; 4];
            // A connection that fails is the generator's to report.
            let _ = match stream.peek(&mut start).await {
                Ok(_) if start == HTTP2_PREFACE => {
                    http2(stream, seen).await.map_err(std::io::Error::other)
                }
                Ok(_) => http1(stream, seen).await,
                Err(error) => Err(error),
            };
        });
    }
}

async fn http1(mut stream: TcpStream, seen: Rc<Seen>) -> std::io::Result<()> {
    let mut read = BytesMut::new();
    loop {
        let head = loop {
            if let Some(end) = find(&read, b"\r\n\r\n") {
                break read.split_to(end + 4);
            }
            read.reserve(1 << 18);
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let length = content_length(&head).ok_or(std::io::ErrorKind::InvalidData)?;
        let mut missing = length;
        loop {
            let taken = missing.min(read.len());
            read.advance(taken);
            missing -= taken;
            if missing == 0 {
                break;
            }
            read.clear();
            read.reserve(1 << 18);
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        seen.add(length as u64);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
            .await?;
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    std::str::from_utf8(head)
        .ok()?
        .split("\r\n")
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        })
}

async fn http2(stream: TcpStream, seen: Rc<Seen>) -> Result<(), h2::Error> {
    let mut connection = h2::server::Builder::new()
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(stream)
        .await?;
    while let Some(next) = connection.accept().await {
        let (request, respond) = next?;
        let seen = Rc::clone(&seen);
        spawn_local(async move {
            // As above: the generator reports it.
            let _ = call(request.into_body(), respond, seen).await;
        });
    }
    Ok(())
}

async fn call(
    mut body: RecvStream,
    mut respond: SendResponse<Bytes>,
    seen: Rc<Seen>,
) -> Result<(), h2::Error> {
    let mut length = 0;
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        length += chunk.len();
        body.flow_control().release_capacity(chunk.len())?;
    }
    seen.add(length as u64);
    let mut head = Response::new(());
    head.headers_mut()
        .insert("content-type", HeaderValue::from_static("application/grpc"));
    let mut answer = respond.send_response(head, false)?;
    answer.send_data(Bytes::from_static(&[0; 5]), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    answer.send_trailers(trailers)
}
