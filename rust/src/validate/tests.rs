use proptest::prelude::*;

use super::*;
use crate::otlp::{REQUEST_RESOURCE_SPANS, any_value, resource, scope};
use crate::otlp::{group, link, span};
use crate::testing::{
    admit, any_request, attribute, decoded, deep, good_span, message, nested, request, text,
};
use crate::wire::Writer;

fn reason(span: Vec<u8>) -> Option<&'static str> {
    let admitted = admit(&request(
        b"",
        b"",
        &[good_span(1, |_| ()), span, good_span(3, |_| ())],
    ))
    .unwrap();
    assert_eq!(admitted.spans + admitted.rejected, 3);
    admitted.reasons.first().map(|rejection| rejection.reason)
}

fn span_with(more: impl FnOnce(&mut Writer)) -> Vec<u8> {
    good_span(2, more)
}

#[test]
fn a_request_without_spans_is_accepted() {
    for body in [
        Bytes::new(),
        request(b"", b"", &[]),
        Bytes::from_static(b"\x0a\x00"),
        Bytes::from_static(b"\x0a\x02\x12\x00"),
    ] {
        let admitted = admit(&body).unwrap();
        assert_eq!((admitted.spans, admitted.rejected), (0, 0));
        assert_eq!(admitted.body, body);
    }
}

#[test]
fn an_accepted_body_is_not_copied() {
    let body = request(b"", b"", &[good_span(1, |_| ())]);
    assert_eq!(admit(&body).unwrap().body.as_ptr(), body.as_ptr());
}

#[test]
fn each_wrong_span_costs_itself_and_has_a_reason() {
    let cases: Vec<(Option<&str>, Vec<u8>)> = vec![
        (None, span_with(|_| ())),
        (
            Some("trace_id_length"),
            message(|w| w.bytes_field(span::SPAN_ID, &[1; 8])),
        ),
        (
            Some("trace_id_length"),
            span_with(|w| w.bytes_field(span::TRACE_ID, &[1; 15])),
        ),
        (
            Some("trace_id_zero"),
            span_with(|w| w.bytes_field(span::TRACE_ID, &[0; 16])),
        ),
        (
            Some("span_id_length"),
            span_with(|w| w.bytes_field(span::SPAN_ID, &[1; 16])),
        ),
        (
            Some("span_id_zero"),
            span_with(|w| w.bytes_field(span::SPAN_ID, &[0; 8])),
        ),
        (
            None,
            span_with(|w| w.bytes_field(span::PARENT_SPAN_ID, &[0; 8])),
        ),
        (
            Some("parent_span_id_length"),
            span_with(|w| w.bytes_field(span::PARENT_SPAN_ID, &[1; 7])),
        ),
        (None, span_with(|w| nested(w, span::LINKS, |_| ()))),
        (
            Some("link_id_length"),
            span_with(|w| nested(w, span::LINKS, |w| w.bytes_field(link::TRACE_ID, &[1; 8]))),
        ),
        (Some("span_framing"), span_with(|w| w.raw(b"\x0a\x7f"))),
        (Some("span_framing"), span_with(|w| w.raw(b"\x0b"))),
        (Some("span_framing"), span_with(|w| w.raw(b"\x00\x00"))),
        (
            Some("span_framing"),
            span_with(|w| w.varint_field(span::NAME, 1)),
        ),
        (
            Some("span_framing"),
            span_with(|w| w.varint_field(span::START_TIME_UNIX_NANO, 1)),
        ),
        (None, span_with(|w| w.varint_field(99, 1))),
        (
            None,
            span_with(|w| attribute(w, span::ATTRIBUTES, "k", |w| w.raw(&deep(64)))),
        ),
        (
            Some("depth"),
            span_with(|w| attribute(w, span::ATTRIBUTES, "k", |w| w.raw(&deep(65)))),
        ),
        (
            Some("depth"),
            span_with(|w| attribute(w, span::ATTRIBUTES, "k", |w| w.raw(&deep(10_000)))),
        ),
    ];
    for (index, (expected, span)) in cases.into_iter().enumerate() {
        assert_eq!(reason(span), expected, "case {index}");
    }
}

#[test]
fn fields_of_later_and_earlier_protocols_are_passed_over() {
    let spans = [span_with(|w| {
        attribute(w, span::ATTRIBUTES, "k", |w| w.varint_field(8, 3));
        nested(w, span::ATTRIBUTES, |w| w.varint_field(3, 1));
    })];
    let mut body = request(b"\x1a\x00", b"", &spans).to_vec();
    body.extend(message(|w| {
        nested(w, REQUEST_RESOURCE_SPANS, |w| {
            w.bytes_field(1000, b"\x0a\x00");
        });
    }));
    assert_eq!(
        admit(&Bytes::from(body)).map(|admitted| (admitted.spans, admitted.rejected)),
        Ok((1, 0))
    );
}

#[test]
fn a_broken_resource_or_scope_costs_exactly_its_spans() {
    let good: Vec<Vec<u8>> = (1..5).map(|id| good_span(id, |_| ())).collect();
    let broken = message(|w| attribute(w, resource::ATTRIBUTES, "k", |w| w.raw(&deep(65))));
    let mut body = request(&broken, b"", &good).to_vec();
    body.extend(request(b"", b"\x0a\x7f", &good));
    body.extend(request(b"", b"", &good));
    let admitted = admit(&Bytes::from(body)).unwrap();
    assert_eq!((admitted.spans, admitted.rejected), (4, 8));
    let words: Vec<_> = admitted
        .reasons
        .iter()
        .map(|rejection| (rejection.reason, rejection.count))
        .collect();
    assert_eq!(words, [("depth", 4), ("scope", 4)]);
    assert_eq!(
        decoded([&admitted.body]),
        decoded([&request(b"", b"", &good)])
    );
}

#[test]
fn framing_above_the_spans_is_malformed() {
    for body in [
        &b"\x0a"[..],
        b"\x0a\x05\x12",
        b"\x08\x01",
        b"\x0a\x02\x10\x01",
        b"\x0a\x04\x12\x02\x10\x01",
        b"\x0b",
        b"hello",
    ] {
        let why = admit(&Bytes::copy_from_slice(body)).unwrap_err();
        assert!(
            why.0.starts_with("the body is not an OTLP trace request: "),
            "{why:?}"
        );
    }
}

#[test]
fn heads_may_stand_behind_their_spans() {
    let head = message(|w| attribute(w, resource::ATTRIBUTES, "k", text(&[b'x'; 100])));
    let span = good_span(1, |_| ());
    let scope_spans = message(|w| {
        w.bytes_field(group::CHILDREN, &span);
        nested(w, group::HEAD, |w| w.bytes_field(scope::NAME, b"late"));
    });
    let late = Bytes::from(message(|w| {
        nested(w, REQUEST_RESOURCE_SPANS, |w| {
            w.bytes_field(group::CHILDREN, &scope_spans);
            w.bytes_field(group::HEAD, &head);
        });
    }));
    let admitted = admit(&late).unwrap();
    assert_eq!((admitted.spans, admitted.rejected), (1, 0));
    assert!(admitted.decoded_bytes > 100 + span.len() as u64);
}

#[test]
fn broken_text_is_kept_and_counted() {
    let span = span_with(|w| {
        w.bytes_field(span::NAME, b"\xff");
        attribute(w, span::ATTRIBUTES, "k", text(b"\xff"));
        attribute(w, span::ATTRIBUTES, "k", |w| {
            nested(w, any_value::ARRAY, |w| nested(w, 1, text(b"\xff")));
        });
    });
    let resource = message(|w| attribute(w, resource::ATTRIBUTES, "k", text(b"\xff")));
    let body = request(&resource, b"\x0a\x01\xff", &[span.clone(), span]);
    let admitted = admit(&body).unwrap();
    assert_eq!((admitted.spans, admitted.replaced_utf8), (2, 3 + 3 + 1 + 1));
    assert_eq!(admitted.body, body);
}

#[test]
fn expansion_is_bounded_for_the_span_the_resource_and_the_request() {
    let limits = Limits {
        max_span_bytes: 2000,
        max_head_bytes: 1000,
        max_request_bytes: 5000,
        ..Limits::default()
    };
    let resource =
        |size: usize| message(|w| attribute(w, resource::ATTRIBUTES, "k", text(&vec![b'x'; size])));
    let words = |body| {
        let admitted = protobuf(body, &limits).unwrap();
        (
            admitted.spans,
            admitted
                .reasons
                .iter()
                .map(|rejection| (rejection.reason, rejection.count))
                .collect::<Vec<_>>(),
        )
    };
    let spans: Vec<Vec<u8>> = (1..11).map(|id| good_span(id, |_| ())).collect();
    assert_eq!(
        words(request(&resource(900), b"", &spans)),
        (4, vec![("request_size", 6)])
    );
    assert_eq!(
        words(request(&resource(1000), b"", &spans)),
        (0, vec![("resource_size", 10)])
    );
    let wide = good_span(1, |w| (0..700).for_each(|_| w.raw(b"\x5a\x00")));
    assert_eq!(
        words(request(b"", b"", &[wide])),
        (0, vec![("span_size", 1)])
    );
}

#[test]
fn unknown_fields_count_as_long_as_they_are_kept() {
    let mut body = request(b"", b"", &[good_span(1, |_| ()), good_span(2, |_| ())]).to_vec();
    body.extend(message(|w| w.bytes_field(99, &vec![0; 100_000])));
    let body = Bytes::from(body);
    let admitted = admit(&body).unwrap();
    assert_eq!(admitted.decoded_bytes, body.len() as u64);
    let parts = split(&body, 2, admitted.decoded_bytes, 2, 50_000);
    assert!(parts.iter().all(|part| part.decoded_bytes < 1000));
}

#[test]
fn the_message_says_why_and_what_to_do() {
    let body = request(
        b"",
        b"",
        &[
            good_span(1, |_| ()),
            span_with(|w| w.bytes_field(span::TRACE_ID, &[1; 15])),
        ],
    );
    assert_eq!(
        message_of(&body).as_deref(),
        Some(
            "1 of 2 spans was rejected and must not be sent again as it is: 1 × trace_id_length \
             (span 2: trace_id has 15 bytes instead of 16; a trace_id is 16 bytes, not all zero)."
        )
    );
    assert_eq!(
        message_of(&request(b"", b"", &[good_span(1, |_| ())])),
        None
    );
}

#[test]
fn one_and_many_are_told_apart_in_the_message() {
    let bad = |id: &[u8]| span_with(|w| w.bytes_field(span::TRACE_ID, id));
    let one = message_of(&request(b"", b"", &[bad(&[1])])).unwrap();
    assert!(
        one.starts_with("1 of 1 span was rejected and must not be sent again as it is: "),
        "{one}"
    );
    assert!(one.contains("trace_id has 1 byte instead of 16"), "{one}");
    let two = message_of(&request(b"", b"", &[bad(&[1]), bad(&[1, 2])])).unwrap();
    assert!(
        two.starts_with("2 of 2 spans were rejected and must not be sent again as they are: "),
        "{two}"
    );
}

fn message_of(body: &Bytes) -> Option<String> {
    super::message(&admit(body).unwrap())
}

#[test]
fn a_small_request_is_one_part_without_a_copy() {
    let body = request(b"", b"", &[good_span(1, |_| ()), good_span(2, |_| ())]);
    let admitted = admit(&body).unwrap();
    let parts = split(&body, 2, admitted.decoded_bytes, 2, admitted.decoded_bytes);
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].body.as_ptr(), body.as_ptr());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        holds(&Bytes::from(bytes))?;
    }

    #[test]
    fn mutated_requests_keep_the_promises(body in any_request(), at in any::<proptest::sample::Index>(), byte: u8) {
        let mut bytes = body.to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        holds(&Bytes::from(bytes))?;
    }

    #[test]
    fn requests_cut_anywhere_keep_the_promises(body in any_request(), at in any::<proptest::sample::Index>()) {
        holds(&body.slice(..at.index(body.len() + 1)))?;
    }

    #[test]
    fn parts_hold_the_same_spans_in_the_same_order(body in any_request(), max_spans in 1_u32..5, max_bytes in 1_u64..4000) {
        let admitted = admit(&body).unwrap();
        let parts = split(&admitted.body, admitted.spans, admitted.decoded_bytes, max_spans, max_bytes);
        prop_assert_eq!(parts.iter().map(|part| part.spans).sum::<u32>(), admitted.spans);
        for part in &parts {
            let again = admit(&part.body).unwrap();
            prop_assert_eq!((again.spans, again.rejected, again.decoded_bytes), (part.spans, 0, part.decoded_bytes));
            prop_assert!(part.spans <= max_spans);
            prop_assert!(part.spans <= 1 || part.decoded_bytes <= max_bytes);
        }
        prop_assert_eq!(decoded(parts.iter().map(|part| &part.body)), decoded([&admitted.body]));
    }
}

#[test]
fn a_request_cut_at_every_byte_keeps_the_promises() {
    let resource = message(|w| attribute(w, resource::ATTRIBUTES, "service.name", text(b"shop")));
    let spans = [span_with(|w| {
        w.bytes_field(span::NAME, b"name");
        attribute(w, span::ATTRIBUTES, "k", |w| w.raw(&deep(3)));
        nested(w, span::EVENTS, |w| w.fixed64_field(1, 5));
        nested(w, span::LINKS, |w| w.bytes_field(link::TRACE_ID, &[1; 16]));
        nested(w, span::STATUS, |w| w.varint_field(3, 2));
        w.fixed32_field(span::FLAGS, 257);
    })];
    let body = request(&resource, b"\x0a\x05scope", &spans);
    for length in 0..=body.len() {
        holds(&body.slice(..length)).unwrap();
    }
}

/// What is true of any bytes whatever.
fn holds(body: &Bytes) -> Result<(), TestCaseError> {
    let Ok(admitted) = admit(body) else {
        return Ok(());
    };
    prop_assert_eq!(
        admitted.rejected,
        admitted
            .reasons
            .iter()
            .map(|rejection| rejection.count)
            .sum::<u32>()
    );
    prop_assert!(super::message(&admitted).is_none_or(|message| message.len() <= 1024));
    let again = admit(&admitted.body).unwrap();
    prop_assert_eq!((again.spans, again.rejected), (admitted.spans, 0));
    prop_assert_eq!(again.decoded_bytes, admitted.decoded_bytes);
    prop_assert_eq!(again.replaced_utf8, admitted.replaced_utf8);
    prop_assert_eq!(
        decoded([&admitted.body]).num_rows(),
        admitted.spans as usize
    );
    Ok(())
}
