//! How many connections are open, of all and of one address, and what one too many is told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::answer::reason_phrase;
use crate::ledger::knock::Knock;
use crate::recognise::{Protocol, recognise};
use crate::tls::close;

/// So many connections at one time are told why they are closed, each for at most `TELL_WITHIN`;
/// they hold a descriptor beside those of `max_connections`. Others are closed at once.
pub const MOST_TOLD: usize = 16;
pub const TELL_WITHIN: Duration = Duration::from_secs(3);
/// gRPC clients come back at once after a GOAWAY, as often as they are sent one.
const BEFORE_GOAWAY: Duration = Duration::from_secs(1);
/// Of `max_connections`, one address may have one in so many.
pub const SHARE_OF_ONE: usize = 4;

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    Everybody,
    Address,
}

impl Full {
    /// In the words of the metric.
    pub fn word(self) -> &'static str {
        match self {
            Self::Everybody => "too_many",
            Self::Address => "per_address",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Everybody => {
                "Clew has as many connections open as it may (max_connections); raise it, or let clients share connections"
            }
            Self::Address => {
                "this address has as many connections to Clew open as it may (max_connections_per_address); close some, let clients share connections, or raise the limit if it is a proxy"
            }
        }
    }

    pub fn knock(self) -> Knock {
        let reason = match self {
            Self::Everybody => "too_many_connections",
            Self::Address => "too_many_connections_per_address",
        };
        Knock::plain(reason, "tcp", self.sentence(), "")
    }
}

/// Connections now. An address that has none takes no memory, so the table is bounded by
/// `max_connections`.
pub struct Crowd {
    count: AtomicUsize,
    most: usize,
    most_of_one: usize,
    /// Loopback is this machine, or a proxy on it that speaks for many.
    is_loopback_free: bool,
    of_one: Mutex<HashMap<u128, usize>>,
    told: AtomicUsize,
    gauge: &'static AtomicU64,
}

impl Crowd {
    /// `most_of_one` 0: a quarter of all, and all for loopback.
    pub fn new(most: usize, most_of_one: usize, gauge: &'static AtomicU64) -> Arc<Self> {
        Arc::new(Self {
            count: AtomicUsize::new(0),
            most,
            most_of_one: if most_of_one == 0 {
                (most / SHARE_OF_ONE).max(1)
            } else {
                most_of_one
            },
            is_loopback_free: most_of_one == 0,
            of_one: Mutex::default(),
            told: AtomicUsize::new(0),
            gauge,
        })
    }

    pub fn open(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, Full> {
        self.enter_beyond(address, 0)
    }

    /// With so many places more, while somebody leaves. Who has too many itself is told that first,
    /// so that it makes nobody else leave.
    pub fn enter_beyond(self: &Arc<Self>, address: IpAddr, more: usize) -> Result<Place, Full> {
        let group = (!(self.is_loopback_free && address.is_loopback())).then(|| group_of(address));
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let open = group.and_then(|group| of_one.get(&group)).copied();
        if group.is_some() && open.unwrap_or(0) >= self.most_of_one {
            return Err(Full::Address);
        }
        let nth = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if nth > self.most + more {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::Everybody);
        }
        if let Some(group) = group {
            *of_one.entry(group).or_default() += 1;
        }
        drop(of_one);
        self.gauge.fetch_add(1, Ordering::Relaxed);
        Ok(Place {
            crowd: Arc::clone(self),
            group,
            nth,
        })
    }

    /// Says why, as far as the protocol allows, and closes.
    pub fn turn_away(self: &Arc<Self>, stream: TcpStream, full: Full) {
        if self.told.fetch_add(1, Ordering::Relaxed) >= MOST_TOLD {
            self.told.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let crowd = Arc::clone(self);
        tokio::spawn(async move {
            let _ = timeout(TELL_WITHIN, tell(stream, full)).await;
            crowd.told.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// IPv6 networks give each subscriber 64 bits of addresses, so all of these are one.
fn group_of(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

/// A connection that is open.
pub struct Place {
    crowd: Arc<Crowd>,
    group: Option<u128>,
    /// How many were open when it came, itself included.
    pub nth: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let mut of_one = self
                .crowd
                .of_one
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(open) = of_one.get_mut(&group) {
                *open -= 1;
                if *open == 0 {
                    of_one.remove(&group);
                }
            }
        }
        self.crowd.count.fetch_sub(1, Ordering::Relaxed);
        self.crowd.gauge.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn tell(mut stream: TcpStream, full: Full) -> std::io::Result<()> {
    let mut first = BytesMut::with_capacity(256);
    let answer = match recognise(&mut stream, &mut first, TELL_WITHIN).await {
        Protocol::Http1 => http1(full),
        Protocol::Http2 => {
            stream.write_all(SETTINGS).await?;
            tokio::time::sleep(BEFORE_GOAWAY).await;
            goaway(full)
        }
        // TLS has no alert for it, and a handshake costs more than the connection is worth.
        _ => return Ok(()),
    };
    stream.write_all(&answer).await?;
    close(&mut stream).await
}

/// OTLP senders try both again later.
fn http1(full: Full) -> Vec<u8> {
    let status: &[u8] = match full {
        Full::Everybody => b"503",
        Full::Address => b"429",
    };
    let text = full.sentence();
    let length = text.len() + 1;
    [
        b"HTTP/1.1 ",
        status,
        b" ",
        &reason_phrase(text),
        format!("\r\nContent-Type: text/plain\r\nRetry-After: 3\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{text}\n").as_bytes(),
    ]
    .concat()
}

/// A server's settings, of which none differs from the protocol's defaults.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// No stream was looked at, so all may be tried again.
fn goaway(full: Full) -> Vec<u8> {
    const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];
    let text = full.sentence().as_bytes();
    let [_, length @ ..] = (text.len() as u32 + 8).to_be_bytes();
    [
        &length[..],
        &[7, 0, 0, 0, 0, 0],
        &[0; 4],
        &ENHANCE_YOUR_CALM,
        text,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters;

    fn crowd(most: usize, most_of_one: usize) -> Arc<Crowd> {
        Crowd::new(most, most_of_one, counters::handle("crowd_test_open", &[]))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_leaves_room_for_the_others() {
        let crowd = crowd(8, 2);
        let (one, other) = (address("10.0.0.1"), address("10.0.0.2"));
        let first = crowd.enter(one).unwrap_or_else(|_| panic!());
        let _second = crowd.enter(one);
        assert_eq!(crowd.enter(one).err(), Some(Full::Address));
        assert!(crowd.enter(other).is_ok());
        assert_eq!(crowd.open(), 2);
        drop(first);
        assert!(crowd.enter(one).is_ok());
    }

    #[test]
    fn table_holds_only_addresses_that_are_there() {
        let crowd = crowd(10, 0);
        for last in 0..=u8::MAX {
            assert!(crowd.enter(IpAddr::from([10, 0, 0, last])).is_ok());
        }
        assert!(crowd.of_one.lock().unwrap().is_empty());
        let _kept: Vec<_> = (0..=u8::MAX)
            .map(|last| crowd.enter(IpAddr::from([10, 0, 0, last])))
            .collect();
        assert_eq!(crowd.of_one.lock().unwrap().len(), 10);
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one_and_mapped_ones_are_ipv4() {
        let crowd = crowd(8, 1);
        let _first = crowd.enter(address("2001:db8:0:1::1"));
        let again = crowd.enter(address("2001:db8:0:1:ffff::2"));
        assert_eq!(again.err(), Some(Full::Address));
        assert!(crowd.enter(address("2001:db8:0:2::1")).is_ok());
        let _mapped = crowd.enter(address("::ffff:10.0.0.1"));
        assert_eq!(crowd.enter(address("10.0.0.1")).err(), Some(Full::Address));
    }

    #[test]
    fn loopback_may_have_all_unless_a_number_is_given() {
        let free = crowd(8, 0);
        let kept: Vec<_> = (0..9).map(|_| free.enter(address("127.0.0.1"))).collect();
        assert_eq!(kept.iter().filter(|one| one.is_ok()).count(), 8);
        assert_eq!(kept[8].as_ref().err(), Some(&Full::Everybody));
        let far = crowd(8, 0);
        let kept: Vec<_> = (0..9).map(|_| far.enter(address("10.0.0.1"))).collect();
        assert_eq!(kept.iter().filter(|one| one.is_ok()).count(), 2);
        let given = crowd(8, 1);
        let _one = given.enter(address("::1"));
        assert_eq!(given.enter(address("::1")).err(), Some(Full::Address));
    }

    #[test]
    fn goaway_is_a_frame_of_its_own_length() {
        let frame = goaway(Full::Address);
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]) as usize;
        assert_eq!(frame.len(), 9 + length);
        assert_eq!(frame[3], 7);
    }
}
