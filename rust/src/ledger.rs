//! Who knocked at the door and was turned away, and why: aggregated here, then records of the journal.
//!
//! Nothing here delays an answer. What has happened since the last flush is in memory, bounded; a kill
//! loses at most that.

pub mod body;
pub mod foreign;
pub mod hello;
pub mod knock;
pub mod odd;
mod room;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::counters;
use body::Line;
use knock::Knock;
pub use room::MOST_KINDS;
use room::{Place, Room};

/// How often what is new goes to the journal.
pub const FLUSH_EVERY: Duration = Duration::from_secs(2);
/// Different knocks between two flushes; what is above is added up by reason alone.
pub const MOST_ENTRIES: usize = 2_000;
/// Entries in one record of the journal.
const ENTRIES_PER_RECORD: usize = 500;

/// What makes two knocks the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    reason: String,
    protocol: String,
    status: u16,
    /// Empty in the entries that stand for all that found no place.
    address: String,
    port: u16,
    user_agent: String,
    prefix: String,
    class: String,
}

#[derive(Default)]
pub struct Ledger {
    entries: Mutex<HashMap<Key, Line>>,
    room: Mutex<Room>,
    hashing: RandomState,
}

impl Ledger {
    pub fn enter(&self, address: IpAddr, port: u16, knock: Knock, now_ns: u64) {
        counters::add(
            "clew_intake_ledger_knocks_total",
            &[("reason", knock.reason)],
            1,
        );
        let line = Line {
            reason: knock.reason.to_owned(),
            protocol: knock.protocol.to_owned(),
            status: knock.status,
            address: address.to_string(),
            port,
            user_agent: knock.user_agent,
            key_prefix: knock.key_prefix,
            headers: knock.headers,
            detail: knock.detail,
            sentence: knock.sentence,
            first_ns: now_ns,
            last_ns: now_ns,
            count: 1,
        };
        let key = Key::of(&line);
        let mut entries = self.entries();
        if let Some(known) = entries.get_mut(&key) {
            return known.merge(&line);
        }
        let kind = self.hashing.hash_one(&key);
        let place = self
            .room
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .place(address, kind, now_ns);
        let line = match place {
            Place::Whole => line,
            Place::OfSender => line.of_sender(room::written(address)),
            Place::OfAnybody => line.anybody(),
        };
        if place != Place::Whole {
            counters::add("clew_intake_ledger_overflows_total", &[], 1);
        }
        add(&mut entries, line);
    }

    /// What has been entered since the last time.
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.entries()).into_values().collect()
    }

    /// Puts back what the journal did not take; nothing is lost but, above the bound, who it was.
    pub fn put_back(&self, lines: Vec<Line>) {
        let mut entries = self.entries();
        for line in lines {
            add(&mut entries, line);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Line>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(entries: &mut HashMap<Key, Line>, line: Line) {
    let key = Key::of(&line);
    if let Some(known) = entries.get_mut(&key) {
        known.merge(&line);
    } else if entries.len() < MOST_ENTRIES {
        entries.insert(key, line);
    } else {
        counters::add("clew_intake_ledger_overflows_total", &[], line.count);
        let line = line.anybody();
        // One a reason: there are as many as the program has words.
        entries
            .entry(Key::of(&line))
            .and_modify(|known| known.merge(&line))
            .or_insert(line);
    }
}

/// The lines as bodies of journal records.
pub fn records(lines: Vec<Line>) -> impl Iterator<Item = (Vec<Line>, bytes::Bytes)> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = rest.split_off(rest.len().min(ENTRIES_PER_RECORD));
        let some = std::mem::replace(&mut rest, next);
        let body = body::encode(&some);
        Some((some, body))
    })
}

impl Key {
    fn of(line: &Line) -> Self {
        Self {
            reason: line.reason.clone(),
            protocol: line.protocol.clone(),
            status: line.status,
            address: line.address.clone(),
            port: line.port,
            user_agent: line.user_agent.clone(),
            prefix: line.key_prefix.clone(),
            class: class(&line.detail),
        }
    }
}

/// Details that differ in numbers only, or behind their beginning, are of one class.
fn class(detail: &str) -> String {
    let mut class = String::with_capacity(60);
    for character in detail.chars().take(60) {
        if !character.is_ascii_digit() {
            class.push(character);
        } else if !class.ends_with('#') {
            class.push('#');
        }
    }
    class
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn knock(detail: String) -> Knock {
        Knock::plain("malformed", "http1", "why", detail)
    }

    #[test]
    fn knocks_that_differ_in_numbers_only_are_one_entry() {
        let ledger = Ledger::default();
        for at in [3, 5, 4] {
            ledger.enter(HERE, 4318, knock(format!("byte {at}")), at);
        }
        ledger.enter(HERE, 4317, knock("byte 1".to_owned()), 9);
        let mut lines = ledger.take();
        lines.sort_by_key(|line| line.port);
        let seen: Vec<_> = lines
            .iter()
            .map(|line| (line.port, line.count, line.first_ns, line.last_ns))
            .collect();
        assert_eq!(seen, [(4317, 1, 9, 9), (4318, 3, 3, 5)]);
        assert!(ledger.take().is_empty());
    }

    #[test]
    fn flood_of_different_knocks_is_bounded_and_every_one_is_counted() {
        let ledger = Ledger::default();
        for at in 0..5_000_u32 {
            let address = IpAddr::V4(Ipv4Addr::from(at));
            ledger.enter(address, 4318, knock(String::new()), 1);
        }
        let lines = ledger.take();
        assert_eq!(lines.len(), MOST_ENTRIES + 1);
        assert_eq!(lines.iter().map(|line| line.count).sum::<u64>(), 5_000);
        let rest = lines.iter().find(|line| line.address.is_empty());
        assert_eq!(rest.map(|line| line.count), Some(3_000));
    }

    #[test]
    fn sender_that_makes_up_what_it_says_leaves_the_others_their_place() {
        let ledger = Ledger::default();
        for at in 0..9_000_u32 {
            let user_agent = format!("agent {at:x}");
            let knock = Knock {
                user_agent,
                ..knock(String::new())
            };
            ledger.enter(HERE, 4318, knock, 1);
        }
        let other = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        ledger.enter(other, 4318, knock("honest".to_owned()), 1);
        let lines = ledger.take();
        let honest = lines.iter().find(|line| line.detail == "honest");
        assert_eq!(honest.map(|line| line.address.as_str()), Some("10.0.0.1"));
        assert!(lines.len() < 300, "{}", lines.len());
        assert_eq!(lines.iter().map(|line| line.count).sum::<u64>(), 9_001);
        let rest = lines.iter().find(|line| line.detail == "others").unwrap();
        assert_eq!((rest.address.as_str(), rest.port), ("127.0.0.1", 4318));
    }

    #[test]
    fn what_the_journal_refused_is_offered_again_with_what_came_since() {
        let ledger = Ledger::default();
        ledger.enter(HERE, 1, knock(String::new()), 1);
        let lines = ledger.take();
        ledger.enter(HERE, 1, knock(String::new()), 7);
        ledger.put_back(lines);
        let lines = ledger.take();
        let seen: Vec<_> = lines
            .iter()
            .map(|line| (line.count, line.first_ns, line.last_ns))
            .collect();
        assert_eq!(seen, [(2, 1, 7)]);
    }

    #[test]
    fn records_hold_every_line_once() {
        let ledger = Ledger::default();
        for at in 0..1_234_u32 {
            ledger.enter(IpAddr::V4(Ipv4Addr::from(at)), 1, knock(String::new()), 1);
        }
        let sizes: Vec<_> = records(ledger.take())
            .map(|(lines, body)| {
                assert_eq!(body::decode(&body).as_ref(), Ok(&lines));
                lines.len()
            })
            .collect();
        assert_eq!(sizes, [500, 500, 234]);
    }
}
