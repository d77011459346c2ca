//! What both protocols share between a body and an acknowledgement: decompress, validate, journal,
//! count.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use xxhash_rust::xxh3::Xxh3Default;

use tokio::sync::Semaphore;

use crate::answer::Partial;
use crate::body::{Budget, Held};
use crate::inflate::{self, InflateError};
use crate::json;
use crate::keys::{Holder, Id};
use crate::ledger::knock::Knock;
use crate::ledger::{self, Ledger};
use crate::listen::Config;
use crate::meter::{self, Meter, Outcome};
use crate::notes::Notes;
use crate::rates::Rates;
use crate::record::{Appended, NewRecord, Unavailable};
use crate::refusal::Refusal;
use crate::validate::{self, Admitted};

/// Where accepted requests go. Returns once they are durable.
pub trait Sink: Send + Sync + 'static {
    fn append(
        &self,
        record: NewRecord,
    ) -> impl Future<Output = Result<Appended, Unavailable>> + Send;

    /// A record of the ledger; a sink that keeps none drops it.
    fn append_ledger(&self, body: Bytes) -> impl Future<Output = Result<(), Unavailable>> + Send {
        drop(body);
        std::future::ready(Ok(()))
    }
}

/// A body above this size is worked on where it does not keep other tasks of its thread waiting.
const HEAVY: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Protobuf,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

/// What a success is answered with, and counted as.
#[derive(Debug, PartialEq, Eq)]
pub struct Success {
    pub outcome: Outcome,
    pub partial: Option<Partial>,
    /// For the ledger, which hears of it every time.
    pub cut: Option<Cut>,
}

/// What of a request was cut, in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    pub detail: String,
    pub sentence: String,
}

/// State that all connections share.
pub struct Door<S> {
    pub config: Config,
    pub budget: Arc<Budget>,
    pub meter: Meter,
    pub notes: Notes,
    pub ledger: Ledger,
    pub rates: Rates,
    sink: S,
    /// One for each piece of heavy work that may go on at a time: a processor is left for the rest.
    turns: Semaphore,
}

impl<S: Sink> Door<S> {
    pub fn new(config: Config, sink: S) -> Self {
        let meter = Meter::new();
        Self {
            budget: Budget::new(config.memory_budget_bytes, meter.held_bytes),
            meter,
            notes: Notes::new(config.note_interval),
            ledger: Ledger::default(),
            rates: Rates::new(config.max_spans_per_second),
            sink,
            turns: Semaphore::new(turns()),
            config,
        }
    }

    pub fn knocked(&self, address: IpAddr, port: u16, knock: Knock) {
        self.ledger.enter(address, port, knock, unix_ns());
    }

    /// Brings the ledger's news to the journal. What it refuses stays for the next time.
    pub async fn write_ledger(&self) {
        for (lines, body) in ledger::records(self.ledger.take()) {
            if let Err(why) = self.sink.append_ledger(body).await {
                let reason = [("reason", why.reason())];
                meter::ledger_refused(&reason);
                self.ledger.put_back(lines);
            }
        }
    }

    /// A whole traces request as it came; returns when its valid spans are durable.
    pub async fn traces(
        &self,
        sender: Sender<'_>,
        form: Form,
        compression: Compression,
        wire: Bytes,
        held: &mut Held,
    ) -> Result<Success, Refusal> {
        let arrived = Instant::now();
        let received_ns = unix_ns();
        let body = self.decompress(compression, wire, held).await?;
        meter::add(self.meter.body_bytes, body.len() as u64);
        let hash = sender.hash(&body);
        let key_id = sender.key_id();
        let heavy = body.len() > HEAVY;
        let limits = &self.config.limits;
        let validate = || match form {
            Form::Protobuf => validate::protobuf(body, limits),
            Form::Json => json::json(&body, limits),
        };
        let admitted = if heavy {
            self.in_turn(validate).await
        } else {
            validate()
        }
        .map_err(|malformed| Refusal::Malformed(malformed.0))?;

        for rejection in &admitted.reasons {
            meter::spans_rejected(rejection.reason, u64::from(rejection.count));
        }
        if admitted.replaced_utf8 > 0 {
            meter::add(self.meter.replaced_utf8, u64::from(admitted.replaced_utf8));
        }
        let came = i64::from(admitted.spans) + i64::from(admitted.rejected);
        self.rates.charge(sender.holder(), came);
        let mut partial = partial(&admitted);
        if admitted.spans == 0 {
            let outcome = if admitted.rejected > 0 {
                Outcome::Rejected
            } else {
                Outcome::Empty
            };
            return Ok(Success {
                outcome,
                partial,
                cut: None,
            });
        }

        let cuts = admitted.cuts;
        let spans = u64::from(admitted.spans);
        let record = NewRecord {
            body: admitted.body,
            spans: admitted.spans,
            decoded_bytes: admitted.decoded_bytes,
            hash,
            received_ns,
            key_id,
        };
        let mut unanswered = Unanswered(spans);
        let appended = self.sink.append(record).await;
        unanswered.0 = 0;
        let appended = appended.map_err(|why| {
            meter::spans_refused(why.reason(), spans);
            self.rates.charge(sender.holder(), -came);
            Refusal::Unavailable(why)
        })?;
        self.meter.acknowledged(arrived.elapsed());
        let outcome = match appended {
            Appended::Repeated => {
                meter::add(self.meter.spans_repeated, spans);
                Outcome::Repeated
            }
            Appended::Stored => {
                meter::add(self.meter.spans_accepted, spans);
                for (kind, count) in cuts.each() {
                    meter::cut(kind.word(), count);
                }
                if admitted.rejected > 0 {
                    Outcome::Partial
                } else {
                    Outcome::Accepted
                }
            }
        };
        let cut = cuts.sentence(&self.config.limits).map(|sentence| Cut {
            detail: cuts.detail(),
            sentence,
        });
        if let Some(Cut { sentence, .. }) = &cut
            && self.notes.is_cut_due(sender.hash(b""))
        {
            partial = Some(with_note(partial, sentence));
        }
        Ok(Success {
            outcome,
            partial,
            cut,
        })
    }

    /// Runs heavy work when it is its turn, after the runtime has moved this thread's other tasks
    /// elsewhere.
    async fn in_turn<T>(&self, work: impl FnOnce() -> T) -> T {
        // It is never closed.
        let _turn = self.turns.acquire().await;
        tokio::task::block_in_place(work)
    }

    async fn decompress(
        &self,
        compression: Compression,
        wire: Bytes,
        held: &mut Held,
    ) -> Result<Bytes, Refusal> {
        let inflate = match compression {
            Compression::None => return Ok(wire),
            Compression::Gzip => inflate::gzip,
            Compression::Zstd => inflate::zstd,
        };
        let limit = self.config.max_body_bytes;
        let before = held.bytes();
        // Telemetry shrinks to about a tenth; what shrank more is found out by trying.
        let looks_heavy = wire.len() > HEAVY / 8;
        let at_once = limit.min(HEAVY);
        let mut inflated = Err(InflateError::TooLarge);
        if !looks_heavy {
            inflated = inflate(&wire, at_once, &mut |more| held.grow(more));
        }
        if inflated == Err(InflateError::TooLarge) && (looks_heavy || at_once < limit) {
            held.shrink(held.bytes() - before);
            let whole = || inflate(&wire, limit, &mut |more| held.grow(more));
            inflated = self.in_turn(whole).await;
        }
        inflated.map(Bytes::from).map_err(|error| match error {
            InflateError::TooLarge => Refusal::TooLarge { limit },
            InflateError::NoMemory => Refusal::MemoryBudget,
            InflateError::Corrupt(why) => Refusal::CorruptCompression(why),
        })
    }
}

/// Spans whose sender goes away or runs out of time while they are on their way to the disk: they
/// may become durable, but nobody was told.
struct Unanswered(u64);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if self.0 > 0 {
            meter::spans_refused("unanswered", self.0);
        }
    }
}

fn partial(admitted: &Admitted) -> Option<Partial> {
    let message = validate::message(admitted);
    if admitted.rejected == 0 && message.is_none() {
        return None;
    }
    Some(Partial {
        rejected: admitted.rejected,
        message: message.unwrap_or_default(),
    })
}

fn with_note(partial: Option<Partial>, note: &str) -> Partial {
    let Partial { rejected, message } = partial.unwrap_or_default();
    let message = if message.is_empty() {
        note.to_owned()
    } else {
        // It says "all spans" of those that were not rejected.
        format!("{message} Of the others {note}")
    };
    Partial { rejected, message }
}

/// Without a bound 50 bodies that inflate at once made every other request wait for seconds.
fn turns() -> usize {
    std::thread::available_parallelism()
        .map_or(1, |processors| processors.get() - 1)
        .max(1)
}

fn unix_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        })
}

/// Who sent a request, as far as repeats are concerned: the holder of the key or the key if there is
/// one, else the address without the port.
#[derive(Clone, Copy, Debug)]
pub enum Sender<'a> {
    Holder(&'a Holder),
    /// As it came; it was not looked at.
    Key(&'a [u8]),
    Address(IpAddr),
}

impl<'a> Sender<'a> {
    pub fn of(holder: Option<&'a Holder>, headers: &'a HeaderMap, address: IpAddr) -> Self {
        if let Some(holder) = holder {
            return Self::Holder(holder);
        }
        if let Some(key) = headers.get("kf-api-key") {
            return Self::Key(key.as_bytes());
        }
        let bearer = headers
            .get(AUTHORIZATION)
            .map(http::HeaderValue::as_bytes)
            .and_then(|value| {
                let (scheme, token) = value.split_at_checked(7)?;
                scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
            });
        bearer.map_or(Self::Address(address), Self::Key)
    }

    fn holder(&self) -> Option<&'a Holder> {
        match self {
            Self::Holder(holder) => Some(holder),
            Self::Key(_) | Self::Address(_) => None,
        }
    }

    /// Zeros for who has no key.
    fn key_id(&self) -> Id {
        match self {
            Self::Holder(holder) => holder.id,
            Self::Key(_) | Self::Address(_) => Id::default(),
        }
    }

    pub fn hash(&self, body: &[u8]) -> u128 {
        let mut hasher = Xxh3Default::new();
        match self {
            Self::Holder(holder) => {
                hasher.update(b"h");
                hasher.update(&holder.id);
            }
            Self::Key(key) => {
                hasher.update(b"k");
                hasher.update(&(key.len() as u64).to_le_bytes());
                hasher.update(key);
            }
            Self::Address(IpAddr::V4(address)) => {
                hasher.update(b"4");
                hasher.update(&address.octets());
            }
            Self::Address(IpAddr::V6(address)) => {
                hasher.update(b"6");
                hasher.update(&address.octets());
            }
        }
        hasher.update(body);
        hasher.digest128()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, http::HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn sender_is_the_key_and_else_the_address() {
        let by_key = headers("kf-api-key", "secret");
        let by_bearer = headers("authorization", "bEaReR secret");
        let basic = headers("authorization", "Basic secret");
        let hash = |headers: &HeaderMap| Sender::of(None, headers, HERE).hash(b"body");
        assert_eq!(hash(&by_key), hash(&by_bearer));
        assert_ne!(hash(&by_key), hash(&basic));
        assert_eq!(hash(&basic), hash(&HeaderMap::new()));
        assert_ne!(
            Sender::Address(HERE).hash(b"body"),
            Sender::Address(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))).hash(b"body")
        );
    }
}
