use proptest::prelude::*;

use super::*;
use crate::decode::Decoded;
use crate::testing::{admit, any_request, good_span, request};

fn decoded(bodies: &[Vec<u8>], piece: Option<(u64, u64)>) -> (Decoded, u32, usize) {
    let mut builder = Builder::new([7; 16], 1);
    let mut piece = piece.map(|(first, count)| Piece::new(first, count));
    let (mut spans, mut refused) = (0, 0);
    for body in bodies {
        let pushed = match &mut piece {
            Some(piece) => piece.push(&mut builder, body),
            None => builder.push(body),
        };
        match pushed {
            Ok(count) => spans += count,
            Err(_) => refused += 1,
        }
    }
    (builder.finish().unwrap(), spans, refused)
}

proptest! {
    #[test]
    fn pieces_are_the_segment(requests in prop::collection::vec(any_request(), 1..4), at in 0..1_000_u64) {
        let bodies: Vec<_> = requests
            .iter()
            .filter_map(|body| admit(body).ok().map(|admitted| admitted.body.to_vec()))
            .collect();
        let (whole, spans, _) = decoded(&bodies, None);
        let cut = u64::from(spans) * at / 1_000;
        let (left, first, _) = decoded(&bodies, Some((0, cut)));
        let (right, second, _) = decoded(&bodies, Some((cut, u64::from(spans) - cut)));
        prop_assert_eq!((u64::from(first), first + second), (cut, spans));
        prop_assert_eq!(left.spans, whole.spans.slice(0, first as usize));
        prop_assert_eq!(right.spans, whole.spans.slice(first as usize, second as usize));
    }
}

#[test]
fn record_that_cannot_be_decoded_has_no_numbers_and_is_refused_by_every_piece() {
    let good = |id| good_span(id, |_| {});
    let bodies = [
        request(b"", b"", &[good(1), good(2)]).to_vec(),
        request(b"", b"", &[good(3), vec![0x0a, 0x7f]]).to_vec(),
        request(b"", b"", &[good(4)]).to_vec(),
    ];
    assert_eq!(decoded(&bodies, None).1, 3);
    let (_, spans, refused) = decoded(&bodies, Some((2, 1)));
    assert_eq!((spans, refused), (1, 1));
}

#[test]
fn written_piece_holds_its_spans_with_their_resource() {
    let bodies = [
        request(
            b"\x0a\x03\x0a\x01k",
            b"",
            &[good_span(1, |_| {}), good_span(2, |_| {})],
        ),
        request(b"", b"", &[good_span(3, |_| {})]),
    ];
    let mut piece = Piece::new(1, 1);
    let mut written = Vec::new();
    for body in &bodies {
        piece.write(&mut written, body).unwrap();
    }
    let (_, spans, _) = decoded(&[written.clone()], None);
    assert_eq!(spans, 1);
    assert_eq!(
        written,
        request(b"\x0a\x03\x0a\x01k", b"", &[good_span(2, |_| {})]).to_vec()
    );
}
