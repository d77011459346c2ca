use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, UInt32Type, UInt64Type};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::otlp::any_value;
use crate::testing::{
    any_request, attribute, decoded, good_span, message, nested, request, resource_spans, text,
};

fn strings(batch: &RecordBatch, column: &str) -> Vec<String> {
    let array = batch.column_by_name(column).unwrap();
    if let Some(array) = array.as_string_opt::<i32>() {
        return array
            .iter()
            .map(|value| value.unwrap().to_owned())
            .collect();
    }
    let array = array
        .as_dictionary::<Int32Type>()
        .downcast_dict::<arrow_array::StringArray>()
        .unwrap();
    array
        .into_iter()
        .map(|value| value.unwrap().to_owned())
        .collect()
}

/// Keys of one row of a map column.
fn keys(batch: &RecordBatch, column: &str, row: usize) -> Vec<String> {
    let entries = batch.column_by_name(column).unwrap().as_map().value(row);
    let keys = entries.column(0).as_dictionary::<Int32Type>();
    let keys = keys.downcast_dict::<arrow_array::StringArray>().unwrap();
    keys.into_iter()
        .map(|key| key.unwrap().to_owned())
        .collect()
}

fn values(batch: &RecordBatch, column: &str, row: usize) -> arrow_array::ArrayRef {
    batch
        .column_by_name(column)
        .unwrap()
        .as_map()
        .value(row)
        .column(1)
        .clone()
}

#[test]
fn attributes_are_kept_by_type_in_order_with_repeated_keys() {
    let span = good_span(1, |w| {
        attribute(w, span::ATTRIBUTES, "s", text(b"one"));
        attribute(w, span::ATTRIBUTES, "i", |w| {
            w.varint_field(any_value::INT, 1 << 63);
        });
        attribute(w, span::ATTRIBUTES, "f", |w| {
            w.fixed64_field(any_value::DOUBLE, (-0.0_f64).to_bits());
        });
        attribute(w, span::ATTRIBUTES, "f", |w| {
            w.fixed64_field(any_value::DOUBLE, f64::NAN.to_bits());
        });
        attribute(w, span::ATTRIBUTES, "b", |w| {
            w.varint_field(any_value::BOOL, 1);
        });
        attribute(w, span::ATTRIBUTES, "s", text(b"two\xff"));
        attribute(w, span::ATTRIBUTES, "y", |w| {
            w.bytes_field(any_value::BYTES, b"\x00\xff");
        });
        nested(w, span::ATTRIBUTES, |w| w.bytes_field(1, b"none"));
    });
    let batch = decoded([&request(b"", b"", &[span])]);
    assert_eq!(keys(&batch, "attr_str", 0), ["s", "s"]);
    assert_eq!(
        values(&batch, "attr_str", 0).as_string::<i32>().value(1),
        "two\u{fffd}"
    );
    assert_eq!(
        values(&batch, "attr_int", 0)
            .as_primitive::<Int64Type>()
            .value(0),
        i64::MIN
    );
    let floats = values(&batch, "attr_float", 0);
    let bits: Vec<u64> = floats
        .as_primitive::<Float64Type>()
        .values()
        .iter()
        .map(|float| float.to_bits())
        .collect();
    assert_eq!(bits, [(-0.0_f64).to_bits(), f64::NAN.to_bits()]);
    assert!(values(&batch, "attr_bool", 0).as_boolean().value(0));
    assert_eq!(keys(&batch, "attr_other", 0), ["y", "none"]);
    assert_eq!(
        values(&batch, "attr_other", 0).as_binary::<i32>().value(0),
        b"\x3a\x02\x00\xff"
    );
    assert_eq!(
        values(&batch, "attr_other", 0).as_binary::<i32>().value(1),
        b""
    );
}

#[test]
fn resource_and_scope_are_repeated_for_each_of_their_spans() {
    let named = |name: &str| {
        message(|w| {
            attribute(
                w,
                resource::ATTRIBUTES,
                "service.name",
                text(name.as_bytes()),
            );
        })
    };
    let scope = |name: &str| message(|w| w.bytes_field(scope::NAME, name.as_bytes()));
    let spans = |ids: std::ops::Range<u8>| ids.map(|id| good_span(id, |_| ())).collect::<Vec<_>>();
    let body = Bytes::from(message(|w| {
        resource_spans(
            w,
            &named("shop"),
            &[
                (scope("a"), spans(1..4)),
                (scope("b"), vec![]),
                (scope("c"), spans(4..5)),
            ],
        );
        resource_spans(w, &named(""), &[(scope("a"), spans(5..7))]);
    }));
    let batch = decoded([&body]);
    assert_eq!(
        strings(&batch, "scope_name"),
        ["a", "a", "a", "c", "a", "a"]
    );
    assert_eq!(
        strings(&batch, "service"),
        [
            "shop",
            "shop",
            "shop",
            "shop",
            "unknown_service",
            "unknown_service"
        ]
    );
    assert_eq!(
        strings(&batch, "resource_schema_url"),
        ["https://example.test/resource"; 6]
    );
    for row in 0..4 {
        assert_eq!(
            values(&batch, "resource_str", row)
                .as_string::<i32>()
                .value(0),
            "shop"
        );
    }
}

#[test]
fn repeated_fields_merge_as_protobuf_says() {
    let span = good_span(1, |w| {
        w.bytes_field(span::NAME, b"first");
        w.bytes_field(span::NAME, b"last");
        nested(w, span::STATUS, |w| w.bytes_field(status::MESSAGE, b"why"));
        nested(w, span::STATUS, |w| w.varint_field(status::CODE, 2));
        nested(w, span::ATTRIBUTES, |w| {
            w.bytes_field(1, b"list");
            nested(w, 2, |w| w.bytes_field(any_value::ARRAY, b"\x0a\x00"));
            nested(w, 2, |w| w.bytes_field(any_value::ARRAY, b"\x0a\x00"));
        });
    });
    let resource = |key: &str| message(|w| attribute(w, resource::ATTRIBUTES, key, text(b"v")));
    let body = message(|w| {
        nested(w, REQUEST_RESOURCE_SPANS, |w| {
            w.bytes_field(group::HEAD, &resource("one"));
            nested(w, group::CHILDREN, |w| {
                w.bytes_field(group::CHILDREN, &span);
            });
            w.bytes_field(group::HEAD, &resource("two"));
        });
    });
    let batch = decoded([&Bytes::from(body)]);
    assert_eq!(
        (strings(&batch, "name"), strings(&batch, "status_message")),
        (vec!["last".into()], vec!["why".into()])
    );
    assert_eq!(
        batch
            .column_by_name("status_code")
            .unwrap()
            .as_primitive::<Int32Type>()
            .value(0),
        2
    );
    assert_eq!(keys(&batch, "resource_str", 0), ["one", "two"]);
    assert_eq!(
        values(&batch, "attr_other", 0).as_binary::<i32>().value(0),
        b"\x2a\x02\x0a\x00\x2a\x02\x0a\x00"
    );
}

#[test]
fn events_and_links_keep_their_order_and_belong_to_their_span() {
    let span = |names: &[&str]| {
        good_span(1, |w| {
            for name in names {
                nested(w, span::EVENTS, |w| {
                    w.bytes_field(event::NAME, name.as_bytes());
                    attribute(w, event::ATTRIBUTES, "k", text(name.as_bytes()));
                });
                nested(w, span::LINKS, |w| {
                    w.bytes_field(link::TRACE_STATE, name.as_bytes());
                });
            }
        })
    };
    let batch = decoded([&request(
        b"",
        b"",
        &[span(&["a", "b"]), span(&[]), span(&["c"])],
    )]);
    let offsets = |column: &str| {
        batch
            .column_by_name(column)
            .unwrap()
            .as_list::<i32>()
            .value_offsets()
            .to_vec()
    };
    assert_eq!(
        (offsets("event_name"), offsets("link_flags")),
        (vec![0, 2, 2, 3], vec![0, 2, 2, 3])
    );
    let texts = batch
        .column_by_name("event_str")
        .unwrap()
        .as_list::<i32>()
        .values()
        .as_map()
        .values()
        .clone();
    assert_eq!(
        texts
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    let ids = batch
        .column_by_name("link_trace_id")
        .unwrap()
        .as_list::<i32>()
        .values()
        .as_fixed_size_binary()
        .value(0)
        .to_vec();
    assert_eq!(ids, [0; 16]);
}

#[test]
fn trace_ranges_cover_each_trace_once_and_odd_times_are_clamped() {
    let span = |id, start, end| {
        good_span(id, |w| {
            w.fixed64_field(span::START_TIME_UNIX_NANO, start);
            w.fixed64_field(span::END_TIME_UNIX_NANO, end);
        })
    };
    let second = 1_000_000_000;
    let spans = [
        span(1, 5 * second, 9 * second),
        span(2, u64::MAX, 0),
        span(1, 7 * second, 0),
        span(1, 6 * second, 20 * second),
    ];
    let mut builder = Builder::new([7; 16], 20_000);
    builder.push(&request(b"", b"", &spans)).unwrap();
    let decoded = builder.finish().unwrap();
    let column = |name: &str| {
        decoded
            .trace_ranges
            .column_by_name(name)
            .unwrap()
            .as_primitive::<UInt32Type>()
            .values()
            .to_vec()
    };
    assert_eq!(
        (column("min_time"), column("max_time")),
        (vec![5, u32::MAX], vec![20, u32::MAX])
    );
    let starts = decoded
        .spans
        .column_by_name("start_ns")
        .unwrap()
        .as_primitive::<UInt64Type>();
    assert_eq!(starts.value(1), u64::MAX);
}

#[test]
fn an_empty_segment_has_both_schemas() {
    let decoded = Builder::new([0; 16], 0).finish().unwrap();
    assert_eq!(
        (decoded.spans.num_rows(), decoded.trace_ranges.num_rows()),
        (0, 0)
    );
    assert_eq!(decoded.spans.schema(), spans_schema());
    assert_eq!(decoded.attribute_index.num_rows(), 0);
    assert_eq!(decoded.attribute_index.schema(), attribute_index_schema());
}

#[test]
fn more_than_a_segment_may_hold_is_refused_without_a_trace() {
    let resource = message(|w| attribute(w, resource::ATTRIBUTES, "k", text(&vec![b'x'; 1 << 20])));
    let spans: Vec<Vec<u8>> = (0..2000_u32)
        .map(|id| good_span(id as u8, |_| ()))
        .collect();
    let mut builder = Builder::new([7; 16], 20_000);
    assert!(
        builder
            .push(&request(&resource, b"", &spans))
            .unwrap_err()
            .0
            .contains("does not fit")
    );
    assert_eq!(
        builder.push(&request(b"", b"", &[good_span(1, |_| ())])),
        Ok(1)
    );
    assert_eq!(builder.finish().unwrap().spans.num_rows(), 1);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut builder = Builder::new([7; 16], 20_000);
        let pushed = builder.push(&bytes).unwrap_or(0);
        prop_assert_eq!(builder.finish().unwrap().spans.num_rows(), pushed as usize);
    }

    #[test]
    fn a_failed_push_leaves_no_trace(first in any_request(), cut in any_request(), last in any_request(), at in any::<proptest::sample::Index>()) {
        let admitted = [first, last].map(|body| crate::testing::admit(&body).unwrap().body);
        let mut builder = Builder::new([7; 16], 20_000);
        builder.push(&admitted[0]).unwrap();
        // Unadmitted bytes, cut anywhere: most such pushes fail half-way.
        let cut = cut.slice(..at.index(cut.len() + 1));
        prop_assume!(builder.push(&cut).is_err());
        builder.push(&admitted[1]).unwrap();
        prop_assert_eq!(builder.finish().unwrap().spans, decoded(&admitted));
    }
}
