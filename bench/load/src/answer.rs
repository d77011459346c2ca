//! What became of a request, in the words of the report.

use std::time::Duration;

pub enum Outcome {
    Accepted {
        rejected: u64,
    },
    /// Refused by the server, as `http_503` or `grpc_UNAVAILABLE`.
    Refused {
        kind: String,
        transient: bool,
        after: Option<Duration>,
    },
    /// No answer: whether it was stored is unknown.
    Lost(&'static str),
}

/// `rejected_spans` of the ExportTraceServiceResponse's `partial_success`.
pub fn rejected_spans(message: &[u8]) -> u64 {
    let mut reader = message;
    while let Some((field, value)) = next_field(&mut reader) {
        if let (1, Field::Bytes(mut partial)) = (field, value) {
            while let Some((field, value)) = next_field(&mut partial) {
                if let (1, Field::Varint(rejected)) = (field, value) {
                    return rejected;
                }
            }
        }
    }
    0
}

enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

/// Only the two wire types that the response has; anything else ends the walk.
fn next_field<'a>(reader: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(reader)?;
    match tag & 7 {
        0 => Some((tag >> 3, Field::Varint(varint(reader)?))),
        2 => {
            let length = usize::try_from(varint(reader)?).ok()?;
            let (value, rest) = reader.split_at_checked(length)?;
            *reader = rest;
            Some((tag >> 3, Field::Bytes(value)))
        }
        _ => None,
    }
}

fn varint(reader: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = reader.split_first()?;
        *reader = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::rejected_spans;

    #[test]
    fn partial_success_is_read_and_an_empty_answer_rejects_nothing() {
        assert_eq!(rejected_spans(&[]), 0);
        assert_eq!(rejected_spans(&[0x0a, 0x00]), 0);
        assert_eq!(
            rejected_spans(&[0x0a, 0x06, 0x12, 0x01, b'x', 0x08, 0xac, 0x02]),
            300
        );
    }
}
