//! How much of the ledger one sender may fill. Who makes up user agents and paths would otherwise push
//! everybody else out of it, and fill the store, whose oldest spans go when it is full.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};

const SECOND_NS: u64 = 1_000_000_000;
const WINDOW_NS: u64 = 600 * SECOND_NS;
/// Different knocks of one network that are kept apart within a window.
pub const MOST_KINDS: usize = 200;
/// What all networks together may have in memory.
const MOST_KINDS_OF_ALL: usize = 20_000;
/// Entries that a network may have at once, and how often it may have one more.
const MOST_AT_ONCE: u64 = 256;
const ONE_MORE_EVERY_NS: u64 = 2 * SECOND_NS;

/// How an entry is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Whole,
    /// Added up with what else this network sent.
    OfSender,
    /// Added up with everybody else's.
    OfAnybody,
}

#[derive(Default)]
pub struct Room {
    since_ns: u64,
    networks: HashMap<IpAddr, Network>,
    kinds: usize,
}

struct Network {
    kinds: HashSet<u64>,
    entries: u64,
    since_ns: u64,
}

/// What one sender can have many addresses of: of IPv6 everybody gets 2⁶⁴.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
    }
}

/// As it stands in an entry that is added up.
pub fn written(address: IpAddr) -> String {
    match address {
        IpAddr::V4(_) => address.to_string(),
        IpAddr::V6(_) => format!("{}/64", network(address)),
    }
}

impl Room {
    /// For a new entry of this `kind`.
    pub fn place(&mut self, address: IpAddr, kind: u64, now_ns: u64) -> Place {
        if now_ns < self.since_ns || now_ns - self.since_ns > WINDOW_NS {
            *self = Self {
                since_ns: now_ns,
                ..Self::default()
            };
        }
        let known = self.networks.entry(network(address)).or_insert(Network {
            kinds: HashSet::new(),
            entries: 0,
            since_ns: now_ns,
        });
        let freed = now_ns.saturating_sub(known.since_ns) / ONE_MORE_EVERY_NS;
        known.entries = known.entries.saturating_sub(freed);
        known.since_ns += freed * ONE_MORE_EVERY_NS;
        let is_new = !known.kinds.contains(&kind);
        if is_new && self.kinds >= MOST_KINDS_OF_ALL {
            if known.kinds.is_empty() {
                self.networks.remove(&network(address));
                return Place::OfAnybody;
            }
            return Place::OfSender;
        }
        if known.entries >= MOST_AT_ONCE || (is_new && known.kinds.len() >= MOST_KINDS) {
            return Place::OfSender;
        }
        known.entries += 1;
        if is_new {
            known.kinds.insert(kind);
            self.kinds += 1;
        }
        Place::Whole
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn sender_that_makes_things_up_is_added_up_until_the_window_ends() {
        let mut room = Room::default();
        let mut whole = |from: u64, now_ns| {
            (from..from + 1_000)
                .filter(|kind| room.place(HERE, *kind, now_ns) == Place::Whole)
                .count()
        };
        assert_eq!(whole(0, 1), MOST_KINDS);
        assert_eq!(whole(1_000, WINDOW_NS / 2), 0);
        assert_eq!(whole(2_000, WINDOW_NS + 2), MOST_KINDS);
        assert_eq!(whole(3_000, 5), MOST_KINDS, "a clock that was set back");
    }

    #[test]
    fn usual_mistake_is_whole_in_every_flush() {
        let mut room = Room::default();
        for flush in 0..10_000 {
            let place = room.place(HERE, 7, flush * 2 * SECOND_NS);
            assert_eq!(place, Place::Whole, "{flush}");
        }
    }

    #[test]
    fn known_kinds_are_not_written_anew_all_the_time() {
        let mut room = Room::default();
        let mut whole = 0_u64;
        for flush in 0..290 {
            for kind in 0..MOST_KINDS as u64 {
                let place = room.place(HERE, kind, flush * 2 * SECOND_NS);
                whole += u64::from(place == Place::Whole);
            }
        }
        assert!(whole <= MOST_AT_ONCE + 290, "{whole}");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_sender() {
        let mut room = Room::default();
        let at = |host: u128| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) + host));
        let whole = (0..1_000)
            .filter(|host| room.place(at(*host), *host as u64, 1) == Place::Whole)
            .count();
        assert_eq!(whole, MOST_KINDS);
        assert_eq!(written(at(5)), "2001:db8::/64");
        assert_eq!(room.place(at(1 << 64), 1, 1), Place::Whole);
    }

    #[test]
    fn memory_is_bounded_whoever_comes() {
        let mut room = Room::default();
        for host in 0..50_000_u32 {
            room.place(IpAddr::V4(Ipv4Addr::from(host)), 1, 1);
        }
        assert_eq!(room.networks.len(), MOST_KINDS_OF_ALL);
        let late = IpAddr::V4(Ipv4Addr::from(60_000));
        assert_eq!(room.place(late, 1, 1), Place::OfAnybody);
        let early = IpAddr::V4(Ipv4Addr::from(1));
        assert_eq!(room.place(early, 1, 1), Place::Whole);
        assert_eq!(room.place(early, 2, 1), Place::OfSender);
    }
}
