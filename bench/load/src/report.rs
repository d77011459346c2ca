//! Counting, and the one JSON line.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::{
    ids::{Ids, traces_per_request},
    options::{Load, Protocol, Rate},
    pace::Ticket,
};

pub struct Tally {
    start: Instant,
    last_answer: Duration,
    /// Microseconds from the intended time of sending to the acknowledgement.
    latency: Option<Histogram<u64>>,
    acknowledged: Vec<u64>,
    accepted_spans: u64,
    rejected_spans: u64,
    partial: u64,
    errors: BTreeMap<String, u64>,
    retried: BTreeMap<String, u64>,
    each_second: Vec<u64>,
    pub ended_early: bool,
    pub offered: u64,
    pub unsent: u64,
    pub unanswered: u64,
    pub payloads: u64,
    pub payload_bytes: u64,
}

impl Tally {
    pub fn new(start: Instant) -> Self {
        Self {
            start,
            last_answer: Duration::ZERO,
            latency: Histogram::new_with_bounds(1, 600_000_000, 3).ok(),
            acknowledged: Vec::new(),
            accepted_spans: 0,
            rejected_spans: 0,
            partial: 0,
            errors: BTreeMap::new(),
            retried: BTreeMap::new(),
            each_second: Vec::new(),
            ended_early: false,
            offered: 0,
            unsent: 0,
            unanswered: 0,
            payloads: 0,
            payload_bytes: 0,
        }
    }

    pub fn accept(&mut self, ticket: &Ticket, spans: u64, rejected: u64, now: Instant) {
        let accepted = spans.saturating_sub(rejected);
        self.acknowledged.push(ticket.request);
        self.accepted_spans += accepted;
        self.rejected_spans += rejected;
        self.partial += u64::from(rejected > 0);
        self.last_answer = now - self.start;
        let second = self.last_answer.as_secs() as usize;
        if second >= self.each_second.len() {
            self.each_second.resize(second + 1, 0);
        }
        if let Some(count) = self.each_second.get_mut(second) {
            *count += accepted;
        }
        if let Some(latency) = &mut self.latency {
            latency.saturating_record((now - ticket.intended).as_micros() as u64);
        }
    }

    pub fn fail(&mut self, kind: &str, again: bool) {
        let counts = if again {
            &mut self.retried
        } else {
            &mut self.errors
        };
        *counts.entry(kind.to_owned()).or_default() += 1;
    }

    pub fn answered(&self) -> u64 {
        self.acknowledged.len() as u64 + self.errors.values().sum::<u64>()
    }

    pub fn merge(&mut self, other: Self) {
        self.last_answer = self.last_answer.max(other.last_answer);
        if let (Some(mine), Some(theirs)) = (&mut self.latency, &other.latency) {
            // Both have the same bounds, so adding cannot fail.
            let _ = mine.add(theirs);
        }
        self.acknowledged.extend(other.acknowledged);
        self.accepted_spans += other.accepted_spans;
        self.rejected_spans += other.rejected_spans;
        self.partial += other.partial;
        for (mine, theirs) in [
            (&mut self.errors, other.errors),
            (&mut self.retried, other.retried),
        ] {
            for (kind, count) in theirs {
                *mine.entry(kind).or_default() += count;
            }
        }
        if self.each_second.len() < other.each_second.len() {
            self.each_second.resize(other.each_second.len(), 0);
        }
        for (mine, theirs) in self.each_second.iter_mut().zip(other.each_second) {
            *mine += theirs;
        }
        self.ended_early |= other.ended_early;
        self.offered += other.offered;
        self.unsent += other.unsent;
        self.unanswered += other.unanswered;
        self.payloads += other.payloads;
        self.payload_bytes += other.payload_bytes;
    }

    /// The acknowledged trace ids in the order of their requests, 16 bytes each.
    pub fn write_ids(&mut self, load: &Load, path: &Path) -> std::io::Result<()> {
        self.acknowledged.sort_unstable();
        let ids = Ids::new(load.seed);
        let traces = traces_per_request(load.batch);
        let mut file = BufWriter::new(File::create(path)?);
        let counters = self
            .acknowledged
            .iter()
            .flat_map(|request| request * traces..(request + 1) * traces);
        for counter in counters.step_by(load.ids_every as usize) {
            file.write_all(&ids.trace(counter))?;
        }
        file.flush()
    }

    pub fn json(&self, load: &Load, cpu: Duration) -> Value {
        let accepted_requests = self.acknowledged.len() as f64;
        // Rates are taken over the whole run, longer when the last answers came late, and shorter when
        // the payloads were used up or a signal ended it.
        let seconds = if self.ended_early {
            self.last_answer.as_secs_f64()
        } else {
            self.last_answer.as_secs_f64().max(load.seconds)
        };
        let quantile = |q| {
            self.latency
                .as_ref()
                .map_or(0.0, |l| l.value_at_quantile(q) as f64 / 1e3)
        };
        json!({
            "protocol": if load.protocol == Protocol::Grpc { "grpc" } else { "http" },
            "gzip": load.gzip,
            "batch": load.batch,
            "connections": load.connections,
            "in_flight": load.in_flight,
            "loop": match load.rate {
                Rate::Max => json!("closed"),
                Rate::SpansPerSecond(_) => json!("open"),
            },
            "rate": match load.rate {
                Rate::Max => Value::Null,
                Rate::SpansPerSecond(rate) => json!(rate),
            },
            "seed": load.seed,
            "seconds": round(seconds),
            "requests": {
                "offered": self.offered,
                "unsent": self.unsent,
                "unanswered": self.unanswered,
                "accepted": self.acknowledged.len(),
                "partial": self.partial,
            },
            "spans": {
                "offered": self.offered * load.batch,
                "accepted": self.accepted_spans,
                "rejected": self.rejected_spans,
            },
            "errors": self.errors,
            "retried": self.retried,
            "ended_early": self.ended_early,
            "requests_per_s": round(accepted_requests / seconds),
            "spans_per_s": round(self.accepted_spans as f64 / seconds),
            "spans_each_second": self.each_second,
            "ack_ms": {
                "p50": quantile(0.5),
                "p90": quantile(0.9),
                "p99": quantile(0.99),
                "max": quantile(1.0),
            },
            "payloads": self.payloads,
            "payload_mib": round(self.payload_bytes as f64 / f64::from(1 << 20)),
            "bytes_per_span": round(self.payload_bytes as f64 / (self.payloads * load.batch).max(1) as f64),
            "generator": {
                "threads": load.threads,
                "cpu_s": round(cpu.as_secs_f64()),
                "cpu_us_per_span": round(1e6 * cpu.as_secs_f64() / self.accepted_spans.max(1) as f64),
                "cpu_us_per_request": round(1e6 * cpu.as_secs_f64() / accepted_requests.max(1.0)),
            },
        })
    }
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
