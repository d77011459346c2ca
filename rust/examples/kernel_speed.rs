//! How fast one core validates, re-encodes and decodes. `cargo run --release --example kernel_speed
//! [ROW]`.
//!
//! The data has the shape of Jaeger's ClickHouse benchmark: 10 spans a trace, 11 string attributes
//! a span out of 97 keys and 1,000 values, 10 services; requests of 512 spans. One line for each
//! row: name, spans per second, MB per second of the encoding that is read; the median of nine runs
//! over 64 different requests.

use std::time::Instant;

use _kernel::decode::Builder;
use _kernel::json::json;
use _kernel::otlp::{REQUEST_RESOURCE_SPANS, any_value, group, key_value, resource, scope, span};
use _kernel::validate::{Limits, protobuf};
use _kernel::wire::Writer;
use bytes::Bytes;

const REQUESTS: u64 = 64;
const SPANS: u64 = 512;
const RUNS: usize = 9;
/// Within one run: the system's clock of a thread may tick only every 4 ms.
const REPEATS: u32 = 16;

/// SplitMix64: the same data in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

struct Attribute(String, String);

struct Sample {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent_span_id: [u8; 8],
    name: String,
    start_ns: u64,
    attributes: Vec<Attribute>,
}

fn spans(random: &mut Random) -> Vec<Sample> {
    let mut trace_id = [0; 16];
    let mut parent_span_id = [0; 8];
    let mut all = Vec::new();
    for index in 0..SPANS {
        let span_id = (random.next() | 1).to_be_bytes();
        if index % 10 == 0 {
            let halves = [
                random.next().to_be_bytes(),
                (random.next() | 1).to_be_bytes(),
            ];
            trace_id.copy_from_slice(halves.as_flattened());
            parent_span_id = [0; 8];
        }
        let attributes = (0..11)
            .map(|_| {
                let value = random.below(1000);
                Attribute(
                    format!("attr_{:02}", random.below(97)),
                    format!("value_{value:03}_of_one_thousand"),
                )
            })
            .collect();
        all.push(Sample {
            trace_id,
            span_id,
            parent_span_id,
            name: format!("operation-{}", random.below(50)),
            start_ns: 1_764_000_000_000_000_000 + random.below(1_000_000_000),
            attributes,
        });
        parent_span_id = span_id;
    }
    all
}

fn key_value(writer: &mut Writer, number: u32, Attribute(key, text): &Attribute) {
    let attribute = writer.open(number, 1);
    writer.bytes_field(key_value::KEY, key.as_bytes());
    let value = writer.open(key_value::VALUE, 1);
    writer.bytes_field(any_value::STRING, text.as_bytes());
    writer.close(value);
    writer.close(attribute);
}

fn encode(service: &str, spans: &[Sample]) -> Bytes {
    let mut writer = Writer::default();
    let resource_spans = writer.open(REQUEST_RESOURCE_SPANS, 3);
    let head = writer.open(group::HEAD, 1);
    key_value(
        &mut writer,
        resource::ATTRIBUTES,
        &Attribute("service.name".to_owned(), service.to_owned()),
    );
    key_value(
        &mut writer,
        resource::ATTRIBUTES,
        &Attribute("telemetry.sdk.language".to_owned(), "go".to_owned()),
    );
    writer.close(head);
    let scope_spans = writer.open(group::CHILDREN, 3);
    let head = writer.open(group::HEAD, 1);
    writer.bytes_field(scope::NAME, b"tracegen");
    writer.close(head);
    for span in spans {
        let message = writer.open(group::CHILDREN, 2);
        writer.bytes_field(span::TRACE_ID, &span.trace_id);
        writer.bytes_field(span::SPAN_ID, &span.span_id);
        writer.bytes_field(span::PARENT_SPAN_ID, &span.parent_span_id);
        writer.bytes_field(span::NAME, span.name.as_bytes());
        writer.varint_field(span::KIND, 2);
        writer.fixed64_field(span::START_TIME_UNIX_NANO, span.start_ns);
        writer.fixed64_field(span::END_TIME_UNIX_NANO, span.start_ns + 123_456);
        for attribute in &span.attributes {
            key_value(&mut writer, span::ATTRIBUTES, attribute);
        }
        let status = writer.open(span::STATUS, 1);
        writer.close(status);
        writer.fixed32_field(span::FLAGS, 257);
        writer.close(message);
    }
    writer.close(scope_spans);
    writer.close(resource_spans);
    Bytes::from(writer.into_bytes())
}

fn encode_json(service: &str, spans: &[Sample]) -> Bytes {
    let attribute = |Attribute(key, text): &Attribute| {
        format!(r#"{{"key":"{key}","value":{{"stringValue":"{text}"}}}}"#)
    };
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    };
    let spans: Vec<String> = spans
        .iter()
        .map(|span| {
            let attributes: Vec<String> = span.attributes.iter().map(attribute).collect();
            format!(
                concat!(
                    r#"{{"traceId":"{}","spanId":"{}","parentSpanId":"{}","name":"{}","kind":2,"#,
                    r#""startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":[{}],"status":{{}},"flags":257}}"#
                ),
                hex(&span.trace_id),
                hex(&span.span_id),
                hex(&span.parent_span_id),
                span.name,
                span.start_ns,
                span.start_ns + 123_456,
                attributes.join(",")
            )
        })
        .collect();
    let resource = attribute(&Attribute("service.name".to_owned(), service.to_owned()));
    Bytes::from(format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{resource}]}},"scopeSpans":[{{"scope":{{"name":"tracegen"}},"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    ))
}

/// This thread's time on a core where the system tells it (Linux), so that a busy machine disturbs
/// less; else wall time.
struct Clock(Instant);

impl Clock {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn now(&self) -> f64 {
        std::fs::read_to_string("/proc/thread-self/schedstat")
            .ok()
            .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
            .map_or_else(|| self.0.elapsed().as_secs_f64(), |ns| ns / 1e9)
    }
}

/// Prints a row; `run` goes once over all requests.
fn measure(name: &str, bytes: usize, mut run: impl FnMut()) {
    if std::env::args().nth(1).is_some_and(|only| only != name) {
        return;
    }
    let clock = Clock::new();
    run();
    let mut seconds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = clock.now();
            for _ in 0..REPEATS {
                run();
            }
            clock.now() - start
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(RUNS / 2).copied().unwrap_or(f64::NAN);
    let spans = f64::from(u32::try_from(REQUESTS * SPANS).unwrap_or(u32::MAX));
    let megabytes = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6;
    let per_run = median / f64::from(REPEATS);
    println!("{name}\t{:.0}\t{:.1}", spans / per_run, megabytes / per_run);
}

fn main() {
    let mut random = Random(1);
    let (mut bodies, mut texts) = (Vec::new(), Vec::new());
    for request in 0..REQUESTS {
        let service = format!("service-{}", request % 10);
        let spans = spans(&mut random);
        bodies.push(encode(&service, &spans));
        texts.push(encode_json(&service, &spans));
    }
    let size = |all: &[Bytes]| all.iter().map(Bytes::len).sum::<usize>();
    let limits = Limits::default();
    measure("validate", size(&bodies), || {
        for body in &bodies {
            let admitted = protobuf(body.clone(), &limits);
            assert!(admitted.is_ok_and(|admitted| u64::from(admitted.spans) == SPANS));
        }
    });
    measure("json", size(&texts), || {
        for text in &texts {
            let admitted = json(text, &limits);
            assert!(admitted.is_ok_and(|admitted| u64::from(admitted.spans) == SPANS));
        }
    });
    measure("decode", size(&bodies), || {
        let mut builder = Builder::new([7; 16], 20_000);
        for body in &bodies {
            assert!(
                builder
                    .push(body)
                    .is_ok_and(|spans| u64::from(spans) == SPANS)
            );
        }
        assert!(builder.finish().is_ok());
    });
}
