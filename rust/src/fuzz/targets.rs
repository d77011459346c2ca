//! Requests: protobuf, JSON and their compression, up to the rows that they become.

use std::io::{Read, Write};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StructArray};
use arrow_schema::DataType;
use bytes::Bytes;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde::de::IgnoredAny;

use super::Target;
use super::memory::within;
use crate::decode::Builder;
use crate::inflate::{self, InflateError};
use crate::json::json;
use crate::otlp::span;
use crate::render::any_value_json;
use crate::testing::{any_request, attribute, deep, good_span, request, text};
use crate::validate::{Admitted, Limits, Malformed, protobuf, split};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// Heads are repeated for each span: more than this is measured by other tests, and slow.
const MOST_ROWS: u64 = 8 << 20;

fn requests() -> Vec<Vec<u8>> {
    let mut runner = TestRunner::deterministic();
    let random = std::iter::repeat_with(|| any_request().new_tree(&mut runner).unwrap().current());
    let mut seeds: Vec<_> = random.take(60).map(Vec::from).collect();
    let resource = crate::testing::message(|writer| {
        attribute(writer, 1, "service.name", text(b"shop"));
    });
    let spans = (1..5).map(|id| {
        good_span(id, |writer| {
            writer.bytes_field(span::NAME, b"GET /cart");
            attribute(writer, span::ATTRIBUTES, "deep", |writer| {
                writer.raw(&deep(60));
            });
            attribute(
                writer,
                span::ATTRIBUTES,
                "wrong",
                text(b"a\xff\xed\xa0\x80"),
            );
        })
    });
    seeds.push(request(&resource, &[], &spans.collect::<Vec<_>>()).to_vec());
    seeds
}

#[test]
fn whatever_protobuf_is_admitted_is_decoded_and_rendered() {
    Target {
        name: "protobuf",
        seeds: requests(),
        words: &[],
        tree: true,
        run: |input| {
            let body = Bytes::copy_from_slice(input);
            // What is kept is copied once, where spans are taken out of their places.
            let memory = 64 * KIB + 4 * input.len();
            let checked = within("validate", memory, input.len(), || {
                protobuf(body.clone(), &Limits::default())
            });
            let Ok(admitted) = checked else {
                return;
            };
            if !admitted.cuts.is_empty() {
                // The mark may be longer than what was cut.
                assert_eq!(admitted.reasons.is_empty(), admitted.rejected == 0);
            } else if admitted.rejected == 0 {
                assert_eq!(admitted.body, body);
            } else {
                assert!(!admitted.reasons.is_empty());
                assert!(admitted.body.len() <= body.len());
            }
            stored(&admitted);
        },
    }
    .fuzz();
}

const JSON: &[u8] = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}],
"droppedAttributesCount":1},"schemaUrl":"u","scopeSpans":[{"scope":{"name":"s","version":"1","attributes":[]},"spans":[
{"traceId":"01010101010101010101010101010101","spanId":"0101010101010101","parentSpanId":"","name":"a\u00e9\ud83d\ude00\n",
"kind":3,"startTimeUnixNano":"1","endTimeUnixNano":2,"flags":257,"traceState":"a=b","status":{"code":2,"message":"m"},
"attributes":[{"key":"i","value":{"intValue":"-5"}},{"key":"d","value":{"doubleValue":1.5e3}},{"key":"n","value":{"doubleValue":"NaN"}},
{"key":"b","value":{"boolValue":true}},{"key":"y","value":{"bytesValue":"AQI="}},
{"key":"l","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"x","value":{}}]}}]}}}],
"events":[{"timeUnixNano":"3","name":"e","attributes":[{"key":"k","value":{"stringValue":"v"}}]}],
"links":[{"traceId":"02010101010101010101010101010101","spanId":"0201010101010101","flags":1,"attributes":[]}],
"droppedEventsCount":4,"unknown":[null,{"x":[]}]},{"traceId":"00","spanId":"0101010101010101"}]}]}]}"#;

#[test]
fn whatever_json_is_admitted_becomes_valid_protobuf() {
    Target {
        name: "json",
        seeds: vec![
            JSON.to_vec(),
            b"{}".to_vec(),
            br#"{"resourceSpans":[]}"#.to_vec(),
        ],
        words: &[
            b"\"resourceSpans\":[",
            b"\"scopeSpans\":[",
            b"\"spans\":[",
            b"\"attributes\":[",
            b"\"value\":",
            b"\"arrayValue\":{\"values\":[",
            b"\"kvlistValue\":",
            b"\"stringValue\":\"",
            b"\"intValue\":",
            b"\"traceId\":",
            b"\"startTimeUnixNano\":",
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b":",
            b"\"",
            b"\\u",
            b"\\ud800",
            b"\\",
            b"null",
            b"true",
            b"false",
            b"-",
            b"1e400",
            b"0.1",
            b"1E5",
            b"NaN",
            b"\xff",
            b"\xef\xbb\xbf",
            b" ",
            b"\n",
            b"18446744073709551616",
            b"-9223372036854775808",
            b"\0",
        ],
        tree: false,
        run: |input| {
            let memory = 64 * KIB + 8 * input.len();
            let checked = within("json", memory, 4 * input.len(), || {
                json(input, &Limits::default())
            });
            let reference = serde_json::from_slice::<IgnoredAny>(input);
            let Ok(admitted) = checked else {
                return;
            };
            if std::str::from_utf8(input).is_ok() {
                assert!(reference.is_ok(), "no JSON, but taken: {reference:?}");
            }
            stored(&admitted);
        },
    }
    .fuzz();
}

/// The way of what was admitted, to the rows and to the answers of the API.
fn stored(admitted: &Admitted) {
    let limits = Limits::default();
    let again = protobuf(admitted.body.clone(), &limits).expect("what was admitted is admitted");
    assert_eq!((again.spans, again.rejected), (admitted.spans, 0));
    assert_eq!(again.body, admitted.body);
    assert!(admitted.decoded_bytes >= admitted.body.len() as u64 || admitted.spans == 0);
    if admitted.decoded_bytes > MOST_ROWS {
        return;
    }
    // Small as it is, one span costs the columns' first allocations and the index's budget.
    let memory = 4 * MIB + 64 * (admitted.decoded_bytes as usize + admitted.body.len());
    let bytes = 4 * (admitted.decoded_bytes as usize + admitted.body.len());
    let spans = within("decode", memory, bytes, || {
        rows(&admitted.body, admitted.spans)
    })
    .expect("what was admitted is decoded");
    shown(&spans);
    let parts = split(
        &admitted.body,
        admitted.spans,
        admitted.decoded_bytes,
        2,
        4_096,
    );
    assert_eq!(
        parts.iter().map(|part| part.spans).sum::<u32>(),
        admitted.spans
    );
    if parts.len() > 1 && parts.len() < 64 {
        for part in &parts {
            assert!(part.spans <= 2);
            rows(&part.body, part.spans).expect("each part is decoded");
        }
    }
}

/// All columns are what they claim to be: offsets, UTF-8, dictionary codes.
fn rows(body: &[u8], spans: u32) -> Result<RecordBatch, Malformed> {
    let mut builder = Builder::new([7; 16], 20_000);
    assert_eq!(builder.push(body)?, spans, "the number of rows");
    let decoded = builder.finish().expect("columns fit their schema");
    assert_eq!(decoded.spans.num_rows(), spans as usize);
    for batch in [
        &decoded.spans,
        &decoded.trace_ranges,
        &decoded.attribute_index,
    ] {
        for column in batch.columns() {
            column.to_data().validate_full().expect("valid Arrow data");
        }
    }
    assert!(decoded.trace_ranges.num_rows() <= spans as usize);
    assert_eq!(decoded.trace_ranges.num_rows() == 0, spans == 0);
    Ok(decoded.spans)
}

/// Attribute values that no typed column takes are rendered for answers.
fn shown(spans: &RecordBatch) {
    for (field, column) in spans.schema().fields().iter().zip(spans.columns()) {
        if field.name().ends_with("_other") {
            values(column, &mut |value| {
                let mut out = Vec::new();
                any_value_json(value, &mut out).expect("what was admitted is rendered");
                // Deeper than serde's values may be.
                assert!(
                    serde_json::from_slice::<IgnoredAny>(&out).is_ok() && out.starts_with(b"{")
                );
            });
        }
    }
}

fn values(column: &ArrayRef, each: &mut impl FnMut(&[u8])) {
    match column.data_type() {
        DataType::List(_) => values(column.as_list::<i32>().values(), each),
        DataType::Map(..) => {
            let entries: &StructArray = column.as_map().entries();
            values(entries.column(1), each);
        }
        _ => {
            let column: &BinaryArray = column.as_binary();
            (0..column.len()).for_each(|at| each(column.value(at)));
        }
    }
}

#[test]
fn whatever_any_value_is_rendered_is_json() {
    let seeds = requests().into_iter().chain((1..70).step_by(9).map(deep));
    Target {
        name: "any_value",
        seeds: seeds.collect(),
        words: &[],
        tree: true,
        run: |input| {
            let mut out = b"before".to_vec();
            // A control character is six in JSON, and a repaired byte three.
            let memory = 64 * KIB + 40 * input.len();
            let rendered = within("render", memory, 8 * input.len(), || {
                any_value_json(input, &mut out)
            });
            let after = out.strip_prefix(b"before").expect("only appends");
            match rendered {
                Ok(()) => assert!(serde_json::from_slice::<IgnoredAny>(after).is_ok()),
                Err(_) => assert!(after.is_empty()),
            }
        },
    }
    .fuzz();
}

const LIMIT: usize = 256 * KIB;

type Inflate = fn(&[u8], usize, &mut dyn FnMut(usize) -> bool) -> Result<Vec<u8>, InflateError>;

fn inflated(inflate: Inflate, kept: usize, input: &[u8]) -> Option<Vec<u8>> {
    let mut held = 0;
    let result = within("inflate", kept + 4 * LIMIT, LIMIT + input.len(), || {
        inflate(input, LIMIT, &mut |more| {
            held += more;
            true
        })
    });
    assert!(held <= LIMIT + 1 + (8 << 20), "asked for {held} bytes");
    match result {
        Ok(out) => {
            assert!(out.len() <= LIMIT && out.len() <= held);
            Some(out)
        }
        Err(_) => None,
    }
}

fn plain() -> impl Iterator<Item = Vec<u8>> {
    let bomb = vec![0; 2 * LIMIT];
    let exact = vec![7; LIMIT];
    requests()
        .into_iter()
        .step_by(8)
        .chain([Vec::new(), JSON.to_vec(), bomb, exact])
}

#[test]
fn whatever_is_ungzipped_is_what_the_reference_finds() {
    let pack = |data: Vec<u8>| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&data).unwrap();
        encoder.finish().unwrap()
    };
    let mut seeds: Vec<_> = plain().map(pack).collect();
    seeds.push([pack(b"a".to_vec()), pack(b"b".to_vec())].concat());
    Target {
        name: "gzip",
        seeds,
        words: &[
            b"\x1f\x8b\x08",
            b"\x1f\x8b\x08\x1f",
            b"\x1f\x8b\x08\x02",
            b"\0\0\xff\xff",
            b"\x01\0\0\xff\xff",
            b"\x03\0",
        ],
        tree: false,
        run: |input| {
            if let Some(out) = inflated(inflate::gzip, MIB, input) {
                let mut expected = Vec::new();
                let reference = flate2::read::MultiGzDecoder::new(input)
                    .take(LIMIT as u64 + 1)
                    .read_to_end(&mut expected);
                assert!(reference.is_ok() && out == expected, "{reference:?}");
            }
        },
    }
    .fuzz();
}

#[test]
fn whatever_zstd_is_inflated_is_what_the_reference_finds() {
    let pack = |data: Vec<u8>| zstd::bulk::compress(&data, 3).unwrap();
    let mut seeds: Vec<_> = plain().map(pack).collect();
    seeds.push(
        [
            pack(b"a".to_vec()),
            b"\x50\x2a\x4d\x18\x01\0\0\0x".to_vec(),
            pack(b"b".to_vec()),
        ]
        .concat(),
    );
    Target {
        name: "zstd",
        seeds,
        words: &[
            b"\x28\xb5\x2f\xfd",
            b"\x50\x2a\x4d\x18",
            b"\x28\xb5\x2f\xfd\x20\0\x01\0\0",
            b"\x28\xb5\x2f\xfd\0\xff",
        ],
        tree: false,
        run: |input| {
            // zstd's own memory is not Rust's and not seen here; `held` counts its window.
            if let Some(out) = inflated(inflate::zstd, 9 * MIB, input) {
                let expected = zstd::stream::decode_all(input);
                assert!(
                    expected.as_ref().is_ok_and(|expected| *expected == out),
                    "{expected:?}"
                );
            }
        },
    }
    .fuzz();
}
