//! Jaeger's benchmark shape as OTLP protobuf: 10 spans per trace (a root and nine children), one service per trace out of 10,
//! 11 string attributes per span. Attribute keys and values are drawn at random, which compresses worse than
//! Jaeger's own generator, whose keys, values and durations run in a fixed order. The mixed shape has something to search for
//! besides: a method, a status code as a number, and failures.

use crate::ids::{SPANS_PER_TRACE, mix, traces_per_request};

const SERVICES: u64 = 10;
const ATTRIBUTES: usize = 11;
const KEYS: u64 = 97;
const VALUES: u64 = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Jaeger,
    /// Two of the attributes are `http.request.method` and `http.response.status_code`; 5xx is an error.
    Mixed,
}

/// Where one span's varying fields lie in the message, all of constant width.
pub struct SpanSlot {
    /// Trace id (16 bytes); the span id follows at +18, the parent's id (children only) at +28.
    pub ids_at: u32,
    /// Start time (fixed64); the end time follows at +9.
    pub times_at: u32,
    /// Number of the trace within the request, and of the span within the trace (0 = root).
    pub trace: u32,
    pub index: u32,
    /// Start relative to the trace's, and duration, in nanoseconds.
    pub delay_ns: u32,
    pub duration_ns: u32,
}

pub struct Template {
    pub body: Vec<u8>,
    pub slots: Vec<SpanSlot>,
}

pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    const fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % limit
    }
}

/// One ExportTraceServiceRequest of `batch` spans, with zeros where ids and times go.
pub fn template(batch: u64, shape: Shape, random: &mut Random) -> Template {
    let traces = traces_per_request(batch);
    let first_service = random.below(SERVICES);
    let mut body = Vec::new();
    let mut slots = Vec::new();
    for group in 0..SERVICES.min(traces) {
        let mut spans = Vec::new();
        let first_slot = slots.len();
        for trace in (group..traces).step_by(SERVICES as usize) {
            let size = SPANS_PER_TRACE.min(batch - trace * SPANS_PER_TRACE);
            for index in 0..size {
                push_span(&mut spans, &mut slots, (trace, index), shape, random);
            }
        }
        let shift = push_group(&mut body, (first_service + group) % SERVICES, &spans);
        for slot in slots.iter_mut().skip(first_slot) {
            slot.ids_at += shift;
            slot.times_at += shift;
        }
    }
    Template { body, slots }
}

fn push_span(
    out: &mut Vec<u8>,
    slots: &mut Vec<SpanSlot>,
    (trace, index): (u64, u64),
    shape: Shape,
    random: &mut Random,
) {
    let mut span = Vec::with_capacity(640);
    let ids_at = 2;
    bytes_field(&mut span, 1, &[0; 16]);
    bytes_field(&mut span, 2, &[0; 8]);
    if index > 0 {
        bytes_field(&mut span, 4, &[0; 8]);
        bytes_field(&mut span, 5, format!("child-span-{index:02}").as_bytes());
    } else {
        bytes_field(&mut span, 5, b"lets-go-bench");
    }
    // kind: a SERVER root with CLIENT children.
    varint_field(&mut span, 6, if index == 0 { 2 } else { 3 });
    let times_at = span.len() + 1;
    fixed64_field(&mut span, 7, 0);
    fixed64_field(&mut span, 8, 0);
    let mut used = [u64::MAX; ATTRIBUTES];
    let taken = if shape == Shape::Mixed {
        push_http(&mut span, random)
    } else {
        0
    };
    for place in taken..ATTRIBUTES {
        let mut key = random.below(KEYS);
        while used.contains(&key) {
            key = random.below(KEYS);
        }
        if let Some(entry) = used.get_mut(place) {
            *entry = key;
        }
        let value = random.below(VALUES);
        attribute(
            &mut span,
            9,
            &format!("bench.attribute.{key:02}"),
            &format!("attribute-val-{value:03}"),
        );
    }
    let shift = message_field(out, 2, &span);
    slots.push(SpanSlot {
        ids_at: shift + ids_at,
        times_at: shift + times_at as u32,
        trace: trace as u32,
        index: index as u32,
        delay_ns: if index == 0 {
            0
        } else {
            (index * 1_000_000 + random.below(1_000_000)) as u32
        },
        // Children last 0.1 to 100 ms, log-uniform by decade; the root outlasts them.
        duration_ns: if index == 0 {
            (120_000_000 + random.below(80_000_000)) as u32
        } else {
            let decade = 10u64.pow(random.below(3) as u32);
            (100_000 * decade + random.below(900_000 * decade)) as u32
        },
    });
}

/// Two attributes that real spans have, and the status that follows from them; how many attributes.
fn push_http(span: &mut Vec<u8>, random: &mut Random) -> usize {
    let method = match random.below(10) {
        0..=5 => "GET",
        6..=8 => "POST",
        _ => "PUT",
    };
    attribute(span, 9, "http.request.method", method);
    let code = match random.below(100) {
        0 => 503,
        1..=3 => 500,
        4..=8 => 404,
        _ => 200,
    };
    let mut any = Vec::with_capacity(4);
    varint_field(&mut any, 3, code);
    let mut pair = Vec::with_capacity(40);
    bytes_field(&mut pair, 1, b"http.response.status_code");
    bytes_field(&mut pair, 2, &any);
    bytes_field(span, 9, &pair);
    if code >= 500 {
        let mut status = Vec::with_capacity(4);
        varint_field(&mut status, 3, 2);
        bytes_field(span, 15, &status);
    }
    2
}

/// Appends one ResourceSpans around `spans` and returns where they begin.
fn push_group(body: &mut Vec<u8>, service: u64, spans: &[u8]) -> u32 {
    let mut resource = Vec::new();
    for (key, value) in [
        ("service.name", format!("bench-service-{service:02}")),
        ("service.version", "1.4.2".to_owned()),
        ("deployment.environment.name", "bench".to_owned()),
        ("host.name", format!("bench-host-{service:02}")),
        ("telemetry.sdk.name", "clew-load".to_owned()),
    ] {
        attribute(&mut resource, 1, key, &value);
    }
    let mut scope = Vec::new();
    bytes_field(&mut scope, 1, b"clew.bench");
    let mut scope_spans = Vec::with_capacity(spans.len() + 64);
    bytes_field(&mut scope_spans, 1, &scope);
    let in_scope = scope_spans.len() as u32;
    scope_spans.extend_from_slice(spans);
    let mut resource_spans = Vec::with_capacity(spans.len() + 512);
    bytes_field(&mut resource_spans, 1, &resource);
    let in_resource = message_field(&mut resource_spans, 2, &scope_spans);
    message_field(body, 1, &resource_spans) + in_resource + in_scope
}

fn attribute(out: &mut Vec<u8>, field: u32, key: &str, value: &str) {
    let mut any = Vec::with_capacity(32);
    bytes_field(&mut any, 1, value.as_bytes());
    let mut pair = Vec::with_capacity(64);
    bytes_field(&mut pair, 1, key.as_bytes());
    bytes_field(&mut pair, 2, &any);
    bytes_field(out, field, &pair);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_field(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field << 3));
    varint(out, value);
}

fn fixed64_field(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field << 3 | 1));
    out.extend_from_slice(&value.to_le_bytes());
}

fn bytes_field(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    message_field(out, field, value);
}

/// Appends a length-delimited field and returns where its content begins.
fn message_field(out: &mut Vec<u8>, field: u32, value: &[u8]) -> u32 {
    varint(out, u64::from(field << 3 | 2));
    varint(out, value.len() as u64);
    let at = out.len() as u32;
    out.extend_from_slice(value);
    at
}
