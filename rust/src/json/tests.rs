use proptest::prelude::*;

use super::*;
use crate::otlp::{any_value, span};
use crate::testing::{attribute, good_span, request};

const IDS: &str = r#""traceId":"01010101010101010101010101010101","spanId":"0101010101010101""#;

fn admit(body: &str) -> Result<Admitted, Malformed> {
    json(body.as_bytes(), &Limits::default())
}

/// A request of one good span and this one.
fn with_span(span: &str) -> Admitted {
    admit(&format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{IDS}}},{span}]}}]}}]}}"#
    ))
    .unwrap()
}

fn reason(members: &str) -> Option<&'static str> {
    let admitted = with_span(&format!("{{{IDS},{members}}}"));
    assert_eq!(admitted.spans + admitted.rejected, 2);
    admitted.reasons.first().map(|rejection| rejection.reason)
}

fn value_reason(value: &str) -> Option<&'static str> {
    reason(&format!(r#""attributes":[{{"key":"k","value":{value}}}]"#))
}

#[test]
fn a_request_is_encoded_as_its_protobuf() {
    let body = format!(
        r#"{{"resourceSpans":[{{"resource":{{}},"scopeSpans":[{{"scope":{{}},"spans":[
            {{{IDS},"attributes":[{{"key":"k","value":{{"intValue":"-1"}}}}],"kind":2,"flags":"7"}}],
            "schemaUrl":"https://example.test/scope"}}],"schemaUrl":"https://example.test/resource"}}]}}"#
    );
    let span = good_span(1, |w| {
        attribute(w, span::ATTRIBUTES, "k", |w| {
            w.varint_field(any_value::INT, u64::MAX);
        });
        w.varint_field(span::KIND, 2);
        w.fixed32_field(span::FLAGS, 7);
    });
    assert_eq!(admit(&body).unwrap().body, request(b"", b"", &[span]));
}

#[test]
fn only_camel_case_names_count_and_nulls_are_absent() {
    for body in [
        "{}",
        r#"{"resource_spans":[{"scope_spans":5}]}"#,
        r#"{"resourceSpans":null,"x":[{}]}"#,
    ] {
        assert_eq!(
            admit(body).map(|admitted| (admitted.spans, admitted.body)),
            Ok((0, Bytes::new())),
            "{body}"
        );
    }
    assert_eq!(
        reason(r#""name":null,"attributes":null,"status":{"code":null},"parent_span_id":5"#),
        None
    );
}

#[test]
fn what_is_not_a_request_is_malformed() {
    for body in [
        "",
        "[]",
        "5",
        "{",
        "{}}",
        "{} x",
        "\u{feff}{}",
        "[{}]",
        r#"{"resourceSpans":5}"#,
        r#"{"resourceSpans":[5]}"#,
        r#"{"resourceSpans":[{"scopeSpans":{}}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":"x"}]}]}"#,
        r#"{"resourceSpans":[{"schemaUrl":5}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":01}]}]}]}"#,
    ] {
        assert!(admit(body).is_err(), "{body}");
    }
    assert!(json(b"{\"a\":\"\xff\"}", &Limits::default()).is_err());
}

#[test]
fn the_sentence_says_what_is_wrong_with_the_text() {
    let example = |span: &str| with_span(span).reasons[0].example.clone();
    let value = |members: &str| example(&format!("{{{IDS},{members}}}"));
    let bytes = |text| format!(r#""attributes":[{{"key":"k","value":{{"bytesValue":"{text}"}}}}]"#);
    for (said, expected) in [
        (
            example(r#"{"traceId":"abc"}"#),
            "span 2: traceId has an odd number of digits",
        ),
        (
            example(r#"{"traceId":"xyz"}"#),
            "span 2: traceId is not hexadecimal",
        ),
        (
            value(&bytes("?")),
            "span 2: bytesValue of its span is not base64",
        ),
        (
            value(r#""kind":"FOO""#),
            "span 2: kind of its span has an unknown name",
        ),
        (
            value(r#""kind":1.5"#),
            "span 2: kind of its span is not a number in its range",
        ),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn a_wrong_value_costs_its_span() {
    let cases = [
        (None, r#""kind":"SPAN_KIND_SERVER""#),
        (None, r#""kind":99"#),
        (Some("json_number"), r#""kind":"SPAN_KIND_NONE""#),
        (Some("json_number"), r#""kind":2147483648"#),
        (
            None,
            r#""startTimeUnixNano":18446744073709551615,"endTimeUnixNano":"1700000000000000001""#,
        ),
        (
            Some("json_number"),
            r#""startTimeUnixNano":"18446744073709551616""#,
        ),
        (Some("json_number"), r#""startTimeUnixNano":-1"#),
        (Some("json_type"), r#""startTimeUnixNano":true"#),
        (Some("json_number"), r#""droppedLinksCount":4294967296"#),
        (Some("json_type"), r#""name":5"#),
        (Some("json_type"), r#""attributes":{}"#),
        (Some("json_type"), r#""events":[5]"#),
        (Some("json_type"), r#""status":"ok""#),
        (None, r#""traceId":"ABCDEFabcdef00112233445566778899""#),
        (Some("id_hex"), r#""traceId":"q6vN76vN76vN76vN76vN7w==""#),
        (
            Some("trace_id_length"),
            r#""traceId":"abcdabcdabcdabcdabcdabcd""#,
        ),
        (Some("trace_id_length"), r#""traceId":"""#),
        (Some("id_hex"), r#""spanId":"123""#),
        (Some("json_type"), r#""spanId":5"#),
        (Some("id_hex"), r#""links":[{"traceId":"xy"}]"#),
        (None, r#""links":[{"traceId":"","spanId":null}]"#),
    ];
    for (expected, members) in cases {
        assert_eq!(reason(members), expected, "{members}");
    }
}

#[test]
fn values_follow_the_encoding() {
    let cases = [
        (None, "{}"),
        (None, "null"),
        (None, r#"{"intValue":9223372036854775807}"#),
        (None, r#"{"intValue":"-9223372036854775808"}"#),
        (Some("json_number"), r#"{"intValue":"9223372036854775808"}"#),
        (Some("json_number"), r#"{"intValue":1.5}"#),
        (None, r#"{"doubleValue":"NaN"}"#),
        (None, r#"{"doubleValue":"-Infinity"}"#),
        (None, r#"{"doubleValue":"1.5"}"#),
        (Some("json_number"), r#"{"doubleValue":"inf"}"#),
        (Some("json_number"), r#"{"doubleValue":1e999}"#),
        (Some("json_type"), r#"{"boolValue":"true"}"#),
        (Some("json_type"), r#"{"stringValue":5}"#),
        (None, r#"{"bytesValue":"-_8"}"#),
        (Some("json_type"), r#"{"bytesValue":"*"}"#),
        (Some("json_type"), r#""text""#),
        (
            None,
            r#"{"arrayValue":{"values":[null,{},{"kvlistValue":{"values":[{"key":"a"}]}}]}}"#,
        ),
        (Some("json_type"), r#"{"arrayValue":[]}"#),
    ];
    for (expected, value) in cases {
        assert_eq!(value_reason(value), expected, "{value}");
    }
}

#[test]
fn depth_is_bounded_as_in_protobuf() {
    let deep = |levels: usize| {
        let levels = levels - 1;
        format!(
            "{}{{}}{}",
            r#"{"arrayValue":{"values":["#.repeat(levels),
            "]}}".repeat(levels)
        )
    };
    assert_eq!(value_reason(&deep(64)), None);
    assert_eq!(value_reason(&deep(65)), Some("depth"));
    assert_eq!(value_reason(&deep(100_000)), Some("depth"));
}

#[test]
fn a_wrong_resource_or_scope_costs_exactly_its_spans() {
    let spans = format!(r#""spans":[{{{IDS}}},{{"traceId":"zz"}},null,{{{IDS}}}]"#);
    let body = format!(
        r#"{{"resourceSpans":[
            {{"scopeSpans":[{{{spans}}},{{{spans}}}],"resource":{{"attributes":5}}}},
            {{"scopeSpans":[{{"scope":[],{spans}}},{{{spans}}}]}}]}}"#
    );
    let admitted = admit(&body).unwrap();
    let words: Vec<_> = admitted
        .reasons
        .iter()
        .map(|rejection| (rejection.reason, rejection.count))
        .collect();
    assert_eq!((admitted.spans, admitted.rejected), (2, 10));
    assert_eq!(words, [("resource", 6), ("scope", 3), ("id_hex", 1)]);
}

#[test]
fn half_a_surrogate_pair_is_replaced_and_counted() {
    assert_eq!(
        with_span(&format!(r#"{{{IDS},"name":"\ud83d"}}"#)).replaced_utf8,
        1
    );
    assert_eq!(
        with_span(r#"{"name":"\ud83d","kind":true}"#).replaced_utf8,
        0
    );
}

#[test]
fn a_repeated_name_counts_as_in_protobuf() {
    let admitted = with_span(&format!(r#"{{"traceId":"00",{IDS}}}"#));
    assert_eq!((admitted.spans, admitted.rejected), (2, 0));
}

proptest! {
    #[test]
    fn random_text_never_panics(text in "[\\[\\]{}:,\"a-c0-9eE.+\\-\\\\ ]{0,80}") {
        let _ = admit(&text);
    }

    #[test]
    fn texts_cut_or_changed_anywhere_never_panic(at in any::<proptest::sample::Index>(), byte: u8) {
        let body = format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"k","value":{{"doubleValue":1.5e3}}}}]}},
            "scopeSpans":[{{"scope":{{"name":"s"}},"spans":[{{{IDS},"name":"\u00e9\ud83d\ude00",
            "events":[{{"name":"e"}}],"links":[{{}}],"x":[1,{{}}]}}]}}]}}]}}"#
        );
        let mut bytes = body.into_bytes();
        let at = at.index(bytes.len());
        let _ = json(&bytes[..at], &Limits::default());
        bytes[at] = byte;
        if let Ok(admitted) = json(&bytes, &Limits::default()) {
            prop_assert!(admitted.spans + admitted.rejected <= 1);
        }
    }
}
