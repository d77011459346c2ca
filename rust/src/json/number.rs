//! Numbers, ids and bytes as the JSON encoding of protobuf writes them.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::text::{Stop, Text, Wrong};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_SAFE_BASE64: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

pub(super) fn unsigned64(text: &mut Text<'_>, field: &'static str) -> Result<u64, Stop> {
    let number = text.number_or_string(field)?;
    integer(&number)
        .and_then(|value| u64::try_from(value).ok())
        .ok_or(Stop::Wrong(Wrong::Number(field)))
}

pub(super) fn unsigned32(text: &mut Text<'_>, field: &'static str) -> Result<u32, Stop> {
    u32::try_from(unsigned64(text, field)?).map_err(|_| Stop::Wrong(Wrong::Number(field)))
}

pub(super) fn signed64(text: &mut Text<'_>, field: &'static str) -> Result<i64, Stop> {
    let number = text.number_or_string(field)?;
    integer(&number)
        .and_then(|value| i64::try_from(value).ok())
        .ok_or(Stop::Wrong(Wrong::Number(field)))
}

/// Numbers, and leniently the official names; their positions are their numbers.
pub(super) fn enumeration(
    text: &mut Text<'_>,
    field: &'static str,
    names: &[&str],
) -> Result<i32, Stop> {
    let number = text.number_or_string(field)?;
    let official = names.iter().position(|name| name.as_bytes() == &*number);
    official
        .and_then(|value| i128::try_from(value).ok())
        .or_else(|| integer(&number))
        .and_then(|value| i32::try_from(value).ok())
        .ok_or(Stop::Wrong(match &*number {
            [b'-' | b'0'..=b'9', ..] => Wrong::Number(field),
            _ => Wrong::Name(field),
        }))
}

pub(super) fn double(text: &mut Text<'_>, field: &'static str) -> Result<f64, Stop> {
    let number = text.number_or_string(field)?;
    match &*number {
        b"NaN" => Ok(f64::NAN),
        b"Infinity" => Ok(f64::INFINITY),
        b"-Infinity" => Ok(f64::NEG_INFINITY),
        [b'-' | b'0'..=b'9', ..] => std::str::from_utf8(&number)
            .ok()
            .and_then(|number| number.parse::<f64>().ok())
            .filter(|value| value.is_finite())
            .ok_or(Stop::Wrong(Wrong::Number(field))),
        _ => Err(Stop::Wrong(Wrong::Number(field))),
    }
}

/// Digits with a sign, a fraction and an exponent, if the value is an integer; no floating point on
/// the way.
fn integer(text: &[u8]) -> Option<i128> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut value: i128 = 0;
    let mut scale: i64 = 0;
    let (mut fraction, mut digits) = (false, 0);
    let mut bytes = text.iter();
    for byte in bytes.by_ref() {
        match byte {
            b'0'..=b'9' => {
                value = value
                    .checked_mul(10)?
                    .checked_add(i128::from(byte - b'0'))?;
                scale -= i64::from(fraction);
                digits += 1;
            }
            b'.' if !fraction && digits > 0 => fraction = true,
            b'e' | b'E' if digits > 0 => {
                scale =
                    scale.checked_add(std::str::from_utf8(bytes.as_slice()).ok()?.parse().ok()?)?;
                break;
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    while value != 0 && scale != 0 {
        if scale > 0 {
            value = value.checked_mul(10)?;
            scale -= 1;
        } else if value % 10 == 0 {
            value /= 10;
            scale += 1;
        } else {
            return None;
        }
    }
    Some(if negative { -value } else { value })
}

/// An id: hexadecimal in either case, never base64. Its length is the validator's business.
pub(super) fn hex(text: &mut Text<'_>, field: &'static str) -> Result<Vec<u8>, Stop> {
    let digits = text.string_value(field)?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        let wrong = if digits.iter().all(u8::is_ascii_hexdigit) {
            Wrong::OddHex(field)
        } else {
            Wrong::Hex(field)
        };
        return Err(Stop::Wrong(wrong));
    };
    let nibble = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .iter()
        .map(|[high, low]| Some((nibble(*high)? << 4 | nibble(*low)?) as u8))
        .collect::<Option<_>>()
        .ok_or(Stop::Wrong(Wrong::Hex(field)))
}

/// Standard or URL-safe, padded or not.
pub(super) fn base64(text: &mut Text<'_>, field: &'static str) -> Result<Vec<u8>, Stop> {
    let encoded = text.string_value(field)?;
    let engine = if encoded.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        URL_SAFE_BASE64
    } else {
        STANDARD_BASE64
    };
    engine
        .decode(&*encoded)
        .map_err(|_| Stop::Wrong(Wrong::Base64(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_in_every_notation() {
        let cases: [(&str, Option<i128>); 16] = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("9223372036854775807", Some(i64::MAX.into())),
            ("18446744073709551615", Some(u64::MAX.into())),
            ("1700000000000000001", Some(1_700_000_000_000_000_001)),
            ("1.7e3", Some(1700)),
            ("1700.00", Some(1700)),
            ("17000e-1", Some(1700)),
            ("0e999999999999", Some(0)),
            ("1e999999999999", None),
            ("1e-999999999999", None),
            ("1.5", None),
            ("", None),
            ("-", None),
            ("1e", None),
            ("1 ", None),
        ];
        for (text, value) in cases {
            assert_eq!(integer(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn base64_comes_in_four_forms() {
        for encoded in [r#""+/8=""#, r#""+/8""#, r#""-_8=""#, r#""-_8""#] {
            assert_eq!(
                base64(&mut Text::new(encoded.as_bytes()), "bytesValue"),
                Ok(vec![0xfb, 0xff]),
                "{encoded}"
            );
        }
    }
}
