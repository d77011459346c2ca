//! Requests for tests: built by hand, or random ones in which some spans are wrong.

use arrow_array::RecordBatch;
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::decode::Builder;
use crate::otlp::{
    REQUEST_RESOURCE_SPANS, any_value, event, group, key_value, link, resource, scope, span, status,
};
use crate::validate::{Admitted, Limits, Malformed, protobuf};
use crate::wire::Writer;

pub fn message(build: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    build(&mut writer);
    writer.into_bytes()
}

pub fn nested(writer: &mut Writer, number: u32, build: impl FnOnce(&mut Writer)) {
    writer.bytes_field(number, &message(build));
}

/// A KeyValue as field `number`.
pub fn attribute(writer: &mut Writer, number: u32, key: &str, value: impl FnOnce(&mut Writer)) {
    nested(writer, number, |writer| {
        writer.bytes_field(key_value::KEY, key.as_bytes());
        nested(writer, key_value::VALUE, value);
    });
}

pub fn text(value: &[u8]) -> impl FnOnce(&mut Writer) {
    move |writer| writer.bytes_field(any_value::STRING, value)
}

/// An AnyValue of this depth.
pub fn deep(depth: usize) -> Vec<u8> {
    (1..depth).fold(Vec::new(), |inner, _| {
        message(|writer| {
            nested(writer, any_value::ARRAY, |writer| {
                writer.bytes_field(1, &inner);
            });
        })
    })
}

/// A span that is accepted, plus what the caller adds.
pub fn good_span(id: u8, more: impl FnOnce(&mut Writer)) -> Vec<u8> {
    message(|writer| {
        writer.bytes_field(span::TRACE_ID, &[id.max(1); 16]);
        writer.bytes_field(span::SPAN_ID, &[id.max(1); 8]);
        more(writer);
    })
}

/// One ResourceSpans with one ScopeSpans.
pub fn request(resource: &[u8], scope: &[u8], spans: &[Vec<u8>]) -> Bytes {
    Bytes::from(message(|writer| {
        resource_spans(writer, resource, &[(scope.to_vec(), spans.to_vec())]);
    }))
}

type Scopes = [(Vec<u8>, Vec<Vec<u8>>)];

pub fn resource_spans(writer: &mut Writer, resource: &[u8], scopes: &Scopes) {
    nested(writer, REQUEST_RESOURCE_SPANS, |writer| {
        writer.bytes_field(group::HEAD, resource);
        for (scope, spans) in scopes {
            nested(writer, group::CHILDREN, |writer| {
                writer.bytes_field(group::HEAD, scope);
                for span in spans {
                    writer.bytes_field(group::CHILDREN, span);
                }
                writer.bytes_field(group::SCHEMA_URL, b"https://example.test/scope");
            });
        }
        writer.bytes_field(group::SCHEMA_URL, b"https://example.test/resource");
    });
}

pub fn admit(body: &Bytes) -> Result<Admitted, Malformed> {
    protobuf(body.clone(), &Limits::default())
}

/// The rows of some bodies, pushed in this order.
pub fn decoded<'a>(bodies: impl IntoIterator<Item = &'a Bytes>) -> RecordBatch {
    let mut builder = Builder::new([7; 16], 20_000);
    for body in bodies {
        builder.push(body).unwrap();
    }
    builder.finish().unwrap().spans
}

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        vec(any::<u8>(), 0..6).prop_map(|bytes| message(text(&bytes))),
        ".{0,20}".prop_map(|value| message(text(value.as_bytes()))),
        any::<u64>().prop_map(|int| message(|writer| writer.varint_field(any_value::INT, int))),
        any::<u64>()
            .prop_map(|bits| message(|writer| writer.fixed64_field(any_value::DOUBLE, bits))),
        any::<bool>()
            .prop_map(|truth| message(|writer| writer.varint_field(any_value::BOOL, truth.into()))),
        vec(any::<u8>(), 0..6)
            .prop_map(|bytes| message(|writer| writer.bytes_field(any_value::BYTES, &bytes))),
        Just(Vec::new()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = |number: u32| {
            move |items: Vec<Vec<u8>>| {
                message(|writer| {
                    nested(writer, number, |writer| {
                        for item in &items {
                            writer.bytes_field(1, item);
                        }
                    });
                })
            }
        };
        let pair = ("[a-c]{0,2}", inner.clone()).prop_map(|(key, value)| key_value(&key, &value));
        prop_oneof![
            vec(inner, 0..3).prop_map(list(any_value::ARRAY)),
            vec(pair, 0..3).prop_map(list(any_value::KVLIST)),
        ]
    })
}

fn key_value(key: &str, value: &[u8]) -> Vec<u8> {
    message(|writer| {
        writer.bytes_field(key_value::KEY, key.as_bytes());
        writer.bytes_field(key_value::VALUE, value);
    })
}

fn attributes() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(
        ("[a-e]{0,3}", any_value()).prop_map(|(key, value)| key_value(&key, &value)),
        0..5,
    )
}

fn with_attributes(number: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
    message(|writer| {
        for attribute in attributes {
            writer.bytes_field(number, attribute);
        }
    })
}

fn any_span() -> impl Strategy<Value = Vec<u8>> {
    let own = (
        any::<u8>(),
        "[a-d ]{0,6}",
        any::<u64>(),
        any::<u64>(),
        any::<u32>(),
        any::<i32>(),
    );
    let items = (
        attributes(),
        vec(attributes(), 0..3),
        vec(attributes(), 0..3),
        vec(any::<u8>(), 0..4),
    );
    let good = (own, items).prop_map(
        |((id, name, start, end, flags, kind), (attributes, events, links, tail))| {
            good_span(id, |writer| {
                writer.bytes_field(span::NAME, name.as_bytes());
                writer.fixed64_field(span::START_TIME_UNIX_NANO, start);
                writer.fixed64_field(span::END_TIME_UNIX_NANO, end);
                writer.fixed32_field(span::FLAGS, flags);
                writer.varint_field(span::KIND, i64::from(kind).cast_unsigned());
                writer.raw(&with_attributes(span::ATTRIBUTES, &attributes));
                for attributes in &events {
                    writer.bytes_field(
                        span::EVENTS,
                        &with_attributes(event::ATTRIBUTES, attributes),
                    );
                }
                for attributes in &links {
                    writer.bytes_field(span::LINKS, &with_attributes(link::ATTRIBUTES, attributes));
                }
                nested(writer, span::STATUS, |writer| {
                    writer.bytes_field(status::MESSAGE, &tail);
                });
                writer.bytes_field(100, &tail);
            })
        },
    );
    let bad = prop_oneof![
        vec(any::<u8>(), 0..40),
        any::<u8>()
            .prop_map(|id| good_span(id, |writer| writer.bytes_field(span::TRACE_ID, &[1; 15]))),
        any::<u8>()
            .prop_map(|id| good_span(id, |writer| writer.bytes_field(span::SPAN_ID, &[0; 8]))),
        any::<u8>().prop_map(|id| good_span(id, |writer| attribute(
            writer,
            span::ATTRIBUTES,
            "k",
            |w| w.raw(&deep(65))
        ))),
    ];
    prop_oneof![4 => good, 1 => bad]
}

/// Requests whose framing above the spans is sound.
pub fn any_request() -> impl Strategy<Value = Bytes> {
    let scope = (attributes(), vec(any_span(), 0..5))
        .prop_map(|(attributes, spans)| (with_attributes(scope::ATTRIBUTES, &attributes), spans));
    let resource = prop_oneof![
        9 => attributes().prop_map(|attributes| with_attributes(resource::ATTRIBUTES, &attributes)),
        1 => vec(any::<u8>(), 0..20),
    ];
    vec((resource, vec(scope, 0..4)), 0..4).prop_map(|groups| {
        Bytes::from(message(|writer| {
            for (resource, scopes) in &groups {
                resource_spans(writer, resource, scopes);
            }
        }))
    })
}
