//! AnyValue messages as OTLP JSON, for answers. Text that is not UTF-8 is repaired here too.

use std::borrow::Cow;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::attributes::read_key_value;
use crate::otlp::{LIST_VALUES, any_value, key_value};
use crate::validate::{Limits, Malformed};
use crate::wire::{Fault, Reader, Value, merge, repaired};

enum Problem {
    Framing(Fault),
    Depth,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Framing(fault)
    }
}

/// Appends the JSON of one AnyValue, such as `{"intValue":"5"}`; `{}` when it is empty. After an
/// error `out` is as before.
pub fn any_value_json(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let before = out.len();
    any(bytes, Limits::default().max_depth, out).map_err(|problem| {
        out.truncate(before);
        Malformed(match problem {
            Problem::Framing(fault) => format!(
                "an attribute value of {} bytes cannot be decoded: {fault}",
                bytes.len()
            ),
            Problem::Depth => "an attribute value is nested too deeply".to_owned(),
        })
    })
}

/// The member of the oneof that counts. Lists given in pieces are merged, unless another member
/// came between.
pub(crate) enum Member<'a> {
    Empty,
    Text(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(&'a [u8]),
    Array(Cow<'a, [u8]>),
    KvList(Cow<'a, [u8]>),
}

impl<'a> Member<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self, Fault> {
        let mut member = Self::Empty;
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            member = match (field.number, field.value, member) {
                (any_value::STRING, Value::Bytes(text), _) => Self::Text(text),
                (any_value::BOOL, Value::Varint(truth), _) => Self::Bool(truth != 0),
                (any_value::INT, Value::Varint(int), _) => Self::Int(int.cast_signed()),
                (any_value::DOUBLE, Value::Fixed64(bits), _) => Self::Double(f64::from_bits(bits)),
                (any_value::BYTES, Value::Bytes(bytes), _) => Self::Bytes(bytes),
                (any_value::ARRAY, Value::Bytes(list), Self::Array(mut whole)) => {
                    merge(&mut whole, list);
                    Self::Array(whole)
                }
                (any_value::ARRAY, Value::Bytes(list), _) => Self::Array(Cow::Borrowed(list)),
                (any_value::KVLIST, Value::Bytes(list), Self::KvList(mut whole)) => {
                    merge(&mut whole, list);
                    Self::KvList(whole)
                }
                (any_value::KVLIST, Value::Bytes(list), _) => Self::KvList(Cow::Borrowed(list)),
                (any_value::STRING..=any_value::BYTES, _, _) => {
                    return Err(Fault::Mismatch(field.number));
                }
                (_, _, same) => same,
            };
        }
        Ok(member)
    }
}

/// Recursion ends with `depth_left`, so the stack holds.
fn any(message: &[u8], depth_left: u8, out: &mut Vec<u8>) -> Result<(), Problem> {
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err(Problem::Depth);
    };
    out.push(b'{');
    match Member::read(message)? {
        Member::Empty => {}
        Member::Text(text) => {
            out.extend_from_slice(br#""stringValue":"#);
            string(text, out);
        }
        Member::Bool(truth) => {
            out.extend_from_slice(if truth {
                br#""boolValue":true"#
            } else {
                br#""boolValue":false"#
            });
        }
        Member::Int(int) => push(out, format_args!(r#""intValue":"{int}""#)),
        Member::Double(double) => {
            out.extend_from_slice(br#""doubleValue":"#);
            number(double, out);
        }
        Member::Bytes(bytes) => push(
            out,
            format_args!(r#""bytesValue":"{}""#, STANDARD.encode(bytes)),
        ),
        Member::Array(list) => values(&list, br#""arrayValue":{"#, out, |item, out| {
            any(item, depth_left, out)
        })?,
        Member::KvList(list) => values(&list, br#""kvlistValue":{"#, out, |item, out| {
            pair(item, depth_left, out)
        })?,
    }
    out.push(b'}');
    Ok(())
}

/// As the reference writes it: no `values` for an empty list.
fn values(
    list: &[u8],
    opening: &[u8],
    out: &mut Vec<u8>,
    mut item: impl FnMut(&[u8], &mut Vec<u8>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    out.extend_from_slice(opening);
    let mut reader = Reader::new(list);
    let mut any = false;
    while let Some(field) = reader.field()? {
        match (field.number, field.value) {
            (LIST_VALUES, Value::Bytes(message)) => {
                out.extend_from_slice(if any { b"," } else { br#""values":["# });
                any = true;
                item(message, out)?;
            }
            (LIST_VALUES, _) => return Err(Fault::Mismatch(LIST_VALUES).into()),
            _ => {}
        }
    }
    out.extend_from_slice(if any { b"]}" } else { b"}" });
    Ok(())
}

fn pair(message: &[u8], depth_left: u8, out: &mut Vec<u8>) -> Result<(), Problem> {
    let (key, value) = read_key_value(message)?;
    out.extend_from_slice(br#"{"key":"#);
    string(key, out);
    if !value.is_empty() || has_value(message) {
        out.extend_from_slice(br#","value":"#);
        any(&value, depth_left, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// A value can be there and empty.
fn has_value(message: &[u8]) -> bool {
    let mut reader = Reader::new(message);
    while let Ok(Some(field)) = reader.field() {
        if field.number == key_value::VALUE {
            return true;
        }
    }
    false
}

fn number(double: f64, out: &mut Vec<u8>) {
    if double.is_nan() {
        out.extend_from_slice(br#""NaN""#);
    } else if double.is_infinite() {
        out.extend_from_slice(if double > 0.0 {
            br#""Infinity""#
        } else {
            br#""-Infinity""#
        });
    } else {
        // Debug keeps the sign of zero and writes very large and small numbers with an exponent.
        push(out, format_args!("{double:?}"));
    }
}

/// Raw UTF-8; only what JSON demands is escaped.
fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in repaired(text).iter() {
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'\r' => out.extend_from_slice(br"\r"),
            b'\t' => out.extend_from_slice(br"\t"),
            0..0x20 => push(out, format_args!("\\u{byte:04x}")),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// Writing to a Vec does not fail.
fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Writer;

    fn rendered(build: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::default();
        build(&mut writer);
        let mut out = Vec::new();
        any_value_json(&writer.into_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_type_has_its_form() {
        assert_eq!(rendered(|_| ()), "{}");
        assert_eq!(
            rendered(|w| w.bytes_field(1, b"a\"\\\n\x01\xff")),
            "{\"stringValue\":\"a\\\"\\\\\\n\\u0001\u{fffd}\"}"
        );
        assert_eq!(rendered(|w| w.varint_field(2, 1)), r#"{"boolValue":true}"#);
        assert_eq!(
            rendered(|w| w.varint_field(3, 1 << 63)),
            r#"{"intValue":"-9223372036854775808"}"#
        );
        assert_eq!(
            rendered(|w| w.bytes_field(7, b"\xfb\xff")),
            r#"{"bytesValue":"+/8="}"#
        );
        for (double, text) in [
            (-0.0, "-0.0"),
            (1e300, "1e300"),
            (0.1, "0.1"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(
                rendered(|w| w.fixed64_field(4, double.to_bits())),
                format!("{{\"doubleValue\":{text}}}")
            );
        }
    }

    #[test]
    fn lists_nest_and_empty_ones_stay() {
        assert_eq!(rendered(|w| w.bytes_field(5, b"")), r#"{"arrayValue":{}}"#);
        assert_eq!(
            rendered(|w| w.bytes_field(5, b"\x0a\x02\x18\x05\x0a\x00\x0a\x02\x2a\x00")),
            r#"{"arrayValue":{"values":[{"intValue":"5"},{},{"arrayValue":{}}]}}"#
        );
        assert_eq!(
            rendered(|w| w.bytes_field(
                6,
                b"\x0a\x07\x0a\x01k\x12\x02\x10\x00\x0a\x05\x0a\x01e\x12\x00\x0a\x00"
            )),
            r#"{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":false}},{"key":"e","value":{}},{"key":""}]}}"#
        );
    }

    #[test]
    fn pieces_of_a_list_merge_and_the_last_member_wins() {
        let piece = |w: &mut Writer, int: u8| w.bytes_field(5, &[0x0a, 2, 0x18, int]);
        assert_eq!(
            rendered(|w| (piece(w, 1), piece(w, 2)).0),
            r#"{"arrayValue":{"values":[{"intValue":"1"},{"intValue":"2"}]}}"#
        );
        assert_eq!(
            rendered(|w| (piece(w, 1), w.varint_field(2, 0), piece(w, 2)).0),
            r#"{"arrayValue":{"values":[{"intValue":"2"}]}}"#
        );
    }

    #[test]
    fn broken_and_deep_values_leave_nothing() {
        let mut deep = Vec::new();
        for _ in 0..64 {
            let mut writer = Writer::default();
            let array = writer.open(5, 2);
            writer.bytes_field(1, &deep);
            writer.close(array);
            deep = writer.into_bytes();
        }
        let mut out = b"before".to_vec();
        assert!(any_value_json(&deep, &mut out).is_err());
        assert!(any_value_json(b"\x0a\x05a", &mut out).is_err());
        assert_eq!(out, b"before");
    }
}
