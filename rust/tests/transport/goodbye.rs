//! How an HTTP/2 connection ends, seen frame by frame.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use _kernel::listen::Config;

use crate::support::*;

const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;

/// A connection without a client library: frames as they come.
struct Frames(TcpStream);

impl Frames {
    fn connect(intake: &Intake) -> Self {
        let stream = TcpStream::connect(intake.ports[0]).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut frames = Self(stream);
        frames
            .0
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .unwrap();
        frames.send(SETTINGS, 0, &[]);
        frames
    }

    fn send(&mut self, kind: u8, flags: u8, payload: &[u8]) {
        let length = (payload.len() as u32).to_be_bytes();
        let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, 0];
        self.0.write_all(&[&head, payload].concat()).unwrap();
    }

    /// Every frame until the server closes: (type, payload). Settings and pings are answered.
    fn rest(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut seen = Vec::new();
        let mut head = [0; 9];
        while self.0.read_exact(&mut head).is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).unwrap();
            let (kind, flags) = (head[3], head[4]);
            if flags & ACK == 0 && kind == PING {
                self.send(PING, ACK, &payload);
            } else if flags & ACK == 0 && kind == SETTINGS {
                self.send(SETTINGS, ACK, &[]);
            }
            seen.push((kind, payload));
        }
        seen
    }
}

#[test]
fn idle_connection_is_told_goaway_before_it_is_closed() {
    let config = Config {
        idle_timeout: Duration::from_millis(300),
        head_timeout: Duration::from_millis(100),
        ..quick()
    };
    let intake = intake_with(config, Memory::default());
    let seen = Frames::connect(&intake).rest();
    let farewells: Vec<_> = seen
        .iter()
        .filter(|(kind, _)| *kind == GOAWAY)
        .map(|(_, payload)| payload[4..8].to_vec())
        .collect();
    assert!(!farewells.is_empty(), "{seen:?}");
    assert!(
        farewells.iter().all(|code| code == &[0; 4]),
        "NO_ERROR: {farewells:?}"
    );
}

#[test]
fn call_in_flight_outlives_the_idle_bound() {
    let config = Config {
        idle_timeout: Duration::from_millis(200),
        head_timeout: Duration::from_millis(100),
        ..quick()
    };
    let memory = Memory {
        delay: Duration::from_secs(1),
        ..Memory::default()
    };
    let intake = intake_with(config, memory);
    let client = Http2::connect(intake.ports[0]);
    assert_eq!(client.call(TRACES, &[], &request(1, 0)).code(), 0);
    assert_eq!(intake.stored(), [1]);
}

#[test]
fn silent_peer_is_pinged_and_given_up() {
    let config = Config {
        ping_interval: Duration::from_millis(100),
        ping_timeout: Duration::from_millis(100),
        ..quick()
    };
    let intake = intake_with(config, Memory::default());
    let mut silent = Frames::connect(&intake).0;
    eventually("it is gone", || intake.running.open_connections() == 0);
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest);
    assert!(
        rest.windows(5).any(|head| head == [0, 0, 8, PING, 0]),
        "it was asked first"
    );
}
