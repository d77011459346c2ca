//! The payloads, built before the start. Uncompressed ones are templates whose ids and times are patched in place for each
//! request; they are used in turn, and there are enough of them (262,144 spans by default) that the
//! store's compression sees no repetition within a block. Gzip hides the offsets, so compressed payloads are made one per
//! request beforehand, within a memory cap; none is ever sent twice, because Clew would recognise a repeated body.

use std::{
    collections::VecDeque,
    io::Write,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::{Bytes, BytesMut};
use flate2::{Compression, write::GzEncoder};

use crate::{
    ids::{Ids, traces_per_request},
    options::{Load, Protocol, Rate},
    shape::{Random, SpanSlot, template},
};

/// What is in front of the protobuf message on the wire, so that a request is one contiguous write.
#[derive(Clone)]
pub struct Framing {
    pub protocol: Protocol,
    pub authority: String,
    pub gzip: bool,
    pub key: Option<String>,
}

impl Framing {
    fn prefix(&self, body: usize) -> Vec<u8> {
        match self.protocol {
            Protocol::Grpc => {
                let mut prefix = vec![u8::from(self.gzip)];
                prefix.extend_from_slice(&(body as u32).to_be_bytes());
                prefix
            }
            Protocol::Http => format!(
                "POST /v1/traces HTTP/1.1\r\nhost: {}\r\nuser-agent: clew-load\r\ncontent-type: application/x-protobuf\r\n{}{}content-length: {body}\r\n\r\n",
                self.authority,
                self.key
                    .as_ref()
                    .map_or_else(String::new, |key| format!("kf-api-key: {key}\r\n")),
                if self.gzip { "content-encoding: gzip\r\n" } else { "" },
            )
            .into_bytes(),
        }
    }
}

pub struct Payload {
    bytes: BytesMut,
    slots: Box<[SpanSlot]>,
}

impl Payload {
    fn new(load: &Load, random: &mut Random, framing: &Framing) -> Self {
        let made = template(load.batch, load.shape, random);
        let prefix = framing.prefix(made.body.len());
        let mut bytes = BytesMut::with_capacity(prefix.len() + made.body.len());
        bytes.extend_from_slice(&prefix);
        bytes.extend_from_slice(&made.body);
        let mut slots = made.slots.into_boxed_slice();
        for slot in &mut slots {
            slot.ids_at += prefix.len() as u32;
            slot.times_at += prefix.len() as u32;
        }
        Self { bytes, slots }
    }

    pub fn patch(&mut self, ids: Ids, first_trace: u64, start_ns: u64) {
        let mut counter = u64::MAX;
        let (mut trace, mut root) = ([0; 16], [0; 8]);
        for slot in &self.slots {
            let slot_counter = first_trace + u64::from(slot.trace);
            if slot_counter != counter {
                counter = slot_counter;
                trace = ids.trace(counter);
                root = ids.span(counter, 0);
            }
            let at = slot.ids_at as usize;
            let start = start_ns + u64::from(slot.delay_ns);
            let end = start + u64::from(slot.duration_ns);
            let times_at = slot.times_at as usize;
            put(&mut self.bytes, at, &trace);
            put(
                &mut self.bytes,
                at + 18,
                &ids.span(counter, u64::from(slot.index)),
            );
            if slot.index > 0 {
                put(&mut self.bytes, at + 28, &root);
            }
            put(&mut self.bytes, times_at, &start.to_le_bytes());
            put(&mut self.bytes, times_at + 9, &end.to_le_bytes());
        }
    }
}

#[inline]
fn put(buffer: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = buffer.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

pub enum Pool {
    Templates {
        free: VecDeque<Payload>,
        ids: Ids,
        batch: u64,
    },
    Compressed {
        ready: VecDeque<Bytes>,
    },
}

/// A request on its way: the bytes, and the offsets to patch them again for another.
pub struct Loan {
    pub bytes: Bytes,
    slots: Option<Box<[SpanSlot]>>,
}

impl Pool {
    /// The share of one thread, which sends the requests `thread_number`, `thread_number + threads`, …
    pub fn build(load: &Load, framing: &Framing, thread_number: u64) -> Self {
        let threads = load.threads;
        if !framing.gzip {
            let mut random = Random::new(load.seed ^ (thread_number << 32));
            let wanted = (load.pool_spans / load.batch / threads + 1)
                .max(2 * load.connections * load.in_flight);
            let free = (0..wanted)
                .map(|_| Payload::new(load, &mut random, framing))
                .collect();
            return Self::Templates {
                free,
                ids: Ids::new(load.seed),
                batch: load.batch,
            };
        }
        // Two builders whatever the number of threads: nothing else runs yet.
        let halves: Vec<_> = thread::scope(|scope| {
            let builders: Vec<_> = (0..2)
                .map(|half| {
                    scope.spawn(move || compressed(load, framing, thread_number + half * threads))
                })
                .collect();
            builders
                .into_iter()
                .map(|builder| builder.join().unwrap_or_default())
                .collect()
        });
        let length = halves.iter().map(Vec::len).min().unwrap_or_default();
        let mut halves: Vec<_> = halves.into_iter().map(Vec::into_iter).collect();
        let ready = (0..2 * length)
            .filter_map(|at| halves.get_mut(at % 2)?.next())
            .collect();
        Self::Compressed { ready }
    }

    /// Number of distinct payloads.
    pub fn len(&self) -> u64 {
        match self {
            Self::Templates { free, .. } => free.len() as u64,
            Self::Compressed { ready } => ready.len() as u64,
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Self::Templates { free, .. } => {
                free.iter().map(|payload| payload.bytes.len() as u64).sum()
            }
            Self::Compressed { ready } => ready.iter().map(|bytes| bytes.len() as u64).sum(),
        }
    }

    /// `None` when every compressed payload has been sent.
    pub fn take(&mut self, request: u64) -> Option<Loan> {
        match self {
            Self::Templates { free, ids, batch } => {
                let mut payload = free.pop_front()?;
                payload.patch(*ids, request * traces_per_request(*batch), now_ns());
                Some(Loan {
                    bytes: payload.bytes.freeze(),
                    slots: Some(payload.slots),
                })
            }
            Self::Compressed { ready } => {
                ready.pop_front().map(|bytes| Loan { bytes, slots: None })
            }
        }
    }

    pub fn give_back(&mut self, loan: Loan) {
        if let (Self::Templates { free, .. }, Some(slots)) = (self, loan.slots) {
            // Still referenced only when the answer overtook the request: then the bytes are copied.
            let bytes = loan
                .bytes
                .try_into_mut()
                .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
            free.push_back(Payload { bytes, slots });
        }
    }
}

/// The requests `first`, `first + 2 * threads`, … as many as the run or its share of the memory asks for.
fn compressed(load: &Load, framing: &Framing, first: u64) -> Vec<Bytes> {
    let ids = Ids::new(load.seed);
    let mut random = Random::new(load.seed ^ (first << 32));
    let plain = Framing {
        gzip: false,
        protocol: Protocol::Grpc,
        authority: String::new(),
        key: None,
    };
    let mut templates: Vec<Payload> = (0..(16_384 / load.batch).max(8))
        .map(|_| Payload::new(load, &mut random, &plain))
        .collect();
    let count = templates.len();
    let builders = 2 * load.threads;
    let cap = load.gzip_pool_bytes / builders;
    let wanted = match load.rate {
        Rate::SpansPerSecond(rate) => {
            (rate * load.seconds / load.batch as f64).ceil() as u64 / builders + 1
        }
        Rate::Max => u64::MAX,
    };
    let began_ns = now_ns();
    let mut ready = Vec::new();
    let mut held = 0;
    for round in 0..wanted {
        let request = first + round * builders;
        let Some(payload) = templates.get_mut(round as usize % count) else {
            break;
        };
        // Sent later than built: the times are spread as if 100,000 spans were sent each second.
        let start_ns = began_ns + request * load.batch * 10_000;
        payload.patch(ids, request * traces_per_request(load.batch), start_ns);
        let body = compress(payload.bytes.get(5..).unwrap_or_default(), load.gzip_level);
        let mut bytes = framing.prefix(body.len());
        bytes.extend_from_slice(&body);
        held += bytes.len() as u64;
        ready.push(Bytes::from(bytes));
        if held >= cap {
            break;
        }
    }
    ready
}

fn compress(body: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::new(level));
    // Writing into a Vec cannot fail.
    if encoder.write_all(body).is_err() {
        return Vec::new();
    }
    encoder.finish().unwrap_or_default()
}

pub fn now_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}
