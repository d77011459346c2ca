//! What a request gives as its key, and what is odd about it: most keys that are refused are right
//! ones that were handed over wrongly.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

const KEY: HeaderName = HeaderName::from_static("kf-api-key");
const START: &str = "kf_";
const LENGTH: usize = 43;
/// Characters at the end that are a checksum of those before.
const CHECK: usize = 6;
/// How much of a key may be shown.
pub const PREFIX: usize = 8;

/// Where other products and guesses put a key.
const OTHER_HEADERS: [&str; 7] = [
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "signoz-ingestion-key",
    "signoz-access-token",
    "x-honeycomb-team",
];
const PARAMETERS: [&str; 7] = [
    "kf-api-key",
    "kf_api_key",
    "api_key",
    "api-key",
    "apikey",
    "access_token",
    "token",
];

#[derive(Debug, PartialEq, Eq)]
pub enum Given<'a> {
    /// In the form of a key; whether it is one is not yet known.
    Key(&'a str),
    Nothing,
    OtherHeader(String),
    Odd(Odd),
}

/// Why something cannot be a key, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    Empty,
    Quoted,
    Space,
    Bearer,
    NotBearer,
    Encoded,
    Placeholder,
    Foreign(usize),
    Length(usize),
    Checksum,
    Several,
}

impl Odd {
    pub fn sentence(self) -> String {
        match self {
            Self::Empty => "the API key is empty; the variable that should hold it is probably not set".to_owned(),
            Self::Quoted => "the API key is in quotation marks; send it without them".to_owned(),
            Self::Space => "there is white space in the API key; send its 43 characters alone, on one line".to_owned(),
            Self::Bearer => "the kf-api-key header has a word before the key; send the key alone there, or as \"authorization: Bearer KEY\"".to_owned(),
            Self::NotBearer => "the authorization header does not begin with Bearer; send \"authorization: Bearer KEY\", or the key alone in the kf-api-key header".to_owned(),
            Self::Encoded => "the API key is percent-encoded; write it as it is (for a space in OTEL_EXPORTER_OTLP_HEADERS, use kf-api-key=KEY instead of authorization)".to_owned(),
            Self::Placeholder => "the API key is a placeholder that nothing replaced; put the key in its place, or see why the variable is not expanded".to_owned(),
            Self::Foreign(length) => format!(
                "the API key has {length} characters and is not one of Clew's, which begin with kf_ and have {LENGTH}; make one with `clew keys create NAME --scope ingest`"
            ),
            Self::Length(length) => format!(
                "the API key has {length} characters and should have {LENGTH}; a part is missing, or something was added"
            ),
            Self::Checksum => "the API key has a wrong character in it; copy it again".to_owned(),
            Self::Several => "two different API keys came in one request; send one".to_owned(),
        }
    }

    pub fn detail(self) -> String {
        match self {
            Self::Empty => "empty".to_owned(),
            Self::Quoted => "quotation marks".to_owned(),
            Self::Space => "white space".to_owned(),
            Self::Bearer => "a word before the key".to_owned(),
            Self::NotBearer => "authorization is not Bearer".to_owned(),
            Self::Encoded => "percent-encoded".to_owned(),
            Self::Placeholder => "a placeholder".to_owned(),
            Self::Foreign(length) => format!("{length} characters, not of Clew"),
            Self::Length(length) => format!("{length} characters instead of {LENGTH}"),
            Self::Checksum => "a wrong character".to_owned(),
            Self::Several => "two different keys".to_owned(),
        }
    }
}

pub fn given(headers: &HeaderMap) -> Given<'_> {
    let mut own = headers.get_all(KEY).into_iter();
    if let Some(first) = own.next() {
        if own.any(|other| other != first) {
            return Given::Odd(Odd::Several);
        }
        return read(first.as_bytes().trim_ascii());
    }
    let mut all = headers.get_all(AUTHORIZATION).into_iter();
    if let Some(first) = all.next() {
        if all.any(|other| other != first) {
            return Given::Odd(Odd::Several);
        }
        return bearer(first.as_bytes().trim_ascii());
    }
    let other = headers.iter().find(|(name, value)| {
        OTHER_HEADERS.contains(&name.as_str()) || value.as_bytes().starts_with(START.as_bytes())
    });
    other.map_or(Given::Nothing, |(name, _)| {
        Given::OtherHeader(name.as_str().chars().take(60).collect())
    })
}

fn bearer(value: &[u8]) -> Given<'_> {
    const SCHEME: usize = "bearer".len();
    if let Some((scheme, rest)) = value.split_at_checked(SCHEME)
        && scheme.eq_ignore_ascii_case(b"bearer")
    {
        return match rest.first() {
            None => Given::Odd(Odd::Empty),
            Some(b' ' | b'\t') => read(rest.trim_ascii()),
            Some(b'%') => Given::Odd(Odd::Encoded),
            Some(_) => Given::Odd(Odd::NotBearer),
        };
    }
    Given::Odd(match value.first() {
        None => Odd::Empty,
        Some(b'"' | b'\'') => Odd::Quoted,
        Some(_) => Odd::NotBearer,
    })
}

fn read(value: &[u8]) -> Given<'_> {
    let Ok(text) = std::str::from_utf8(value) else {
        return Given::Odd(Odd::Foreign(value.len()));
    };
    odd(text).map_or(Given::Key(text), Given::Odd)
}

fn odd(text: &str) -> Option<Odd> {
    if text.is_empty() {
        return Some(Odd::Empty);
    }
    if is_whole(text) {
        return None;
    }
    // The most telling thing first: a key in quotes has also a wrong length.
    let has = |characters: &[char]| text.contains(characters);
    let length = text.chars().count();
    Some(if has(&['"', '\'', '`', '“', '”', '‘', '’']) {
        Odd::Quoted
    } else if text
        .get(..7)
        .is_some_and(|word| word.eq_ignore_ascii_case("bearer "))
        || text.contains('=')
    {
        Odd::Bearer
    } else if has(&['$', '{', '}', '<', '>', '*', '…']) || is_placeholder(text) {
        Odd::Placeholder
    } else if text.chars().any(char::is_whitespace) {
        Odd::Space
    } else if text.contains('%') {
        Odd::Encoded
    } else if !text.starts_with(START) {
        Odd::Foreign(length)
    } else if length == LENGTH {
        Odd::Checksum
    } else {
        Odd::Length(length)
    })
}

fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["your", "changeme", "xxxx", "api_key", "api-key", "apikey"]
        .iter()
        .any(|word| text.contains(word))
}

/// A text of our own making; the checksum spares a look-up, and tells a slip from a stranger.
fn is_whole(text: &str) -> bool {
    text.len() == LENGTH
        && text.starts_with(START)
        && text
            .get(..LENGTH - CHECK)
            .is_some_and(|body| with_check(body) == text)
}

/// The text and the checksum of it: its CRC-32 in base 62.
pub fn with_check(body: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut left = crc32fast::hash(body.as_bytes()) as usize;
    let mut check = [b'0'; CHECK];
    for place in check.iter_mut().rev() {
        *place = DIGITS.get(left % DIGITS.len()).copied().unwrap_or(b'0');
        left /= DIGITS.len();
    }
    body.chars()
        .chain(check.into_iter().map(char::from))
        .collect()
}

/// A key of Clew anywhere in it; with `by_name` also what is named as one.
pub fn is_in_query(query: &str, by_name: bool) -> bool {
    query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_named = by_name
            && !value.is_empty()
            && PARAMETERS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name));
        is_named
            || [name, value]
                .iter()
                .any(|word| word.starts_with(START) && word.len() >= LENGTH)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                )
            })
            .collect()
    }

    fn whole() -> String {
        with_check("kf_0123456789abcdefghijABCDEFGHIJklmn")
    }

    #[test]
    fn checksum_is_the_one_that_python_makes() {
        // zlib.crc32(b"kf_" + b"a" * 34) in base 62.
        let key = with_check(&format!("kf_{}", "a".repeat(34)));
        assert_eq!(key.len(), LENGTH);
        assert_eq!(key, format!("kf_{}0JJVU8", "a".repeat(34)));
    }

    #[test]
    fn key_is_taken_from_either_header() {
        let key = whole();
        for (name, value) in [
            ("kf-api-key", key.clone()),
            ("kf-api-key", format!("  {key}\t")),
            ("authorization", format!("Bearer {key}")),
            ("authorization", format!("bEARER   {key}")),
        ] {
            assert_eq!(
                given(&headers(&[(name, &value)])),
                Given::Key(&key),
                "{value}"
            );
        }
        let proxied = headers(&[("authorization", "Basic dTpw"), ("kf-api-key", &key)]);
        assert_eq!(given(&proxied), Given::Key(&key));
    }

    #[test]
    fn odd_keys_are_told_apart() {
        let key = whole();
        let own = |value: &str| match given(&headers(&[("kf-api-key", value)])) {
            Given::Odd(odd) => odd,
            other => panic!("{value}: {other:?}"),
        };
        assert_eq!(own(""), Odd::Empty);
        assert_eq!(own("  "), Odd::Empty);
        assert_eq!(own(&format!("\"{key}\"")), Odd::Quoted);
        assert_eq!(own(&format!("'{key}'")), Odd::Quoted);
        assert_eq!(own(&format!("Bearer {key}")), Odd::Bearer);
        assert_eq!(own(&format!("kf-api-key={key}")), Odd::Bearer);
        assert_eq!(own("${CLEW_API_KEY}"), Odd::Placeholder);
        assert_eq!(own("<your key>"), Odd::Placeholder);
        assert_eq!(own("YOUR_KEY"), Odd::Placeholder);
        assert_eq!(own(&key.replace('a', " ")), Odd::Space);
        assert_eq!(own(&format!("%20{key}")), Odd::Encoded);
        assert_eq!(own("hunter2"), Odd::Foreign(7));
        assert_eq!(own(&format!("{key}x")), Odd::Length(44));
        assert_eq!(own(&key[..42]), Odd::Length(42));
        assert_eq!(own(&key.replace('a', "b")), Odd::Checksum);
        assert_eq!(own("kf_é"), Odd::Length(4));
        let authorization = |value: &str| match given(&headers(&[("authorization", value)])) {
            Given::Odd(odd) => odd,
            other => panic!("{value}: {other:?}"),
        };
        assert_eq!(authorization("Basic dTpw"), Odd::NotBearer);
        assert_eq!(authorization("Bearer"), Odd::Empty);
        assert_eq!(authorization(&format!("Bearer%20{key}")), Odd::Encoded);
        assert_eq!(authorization(&format!("\"Bearer {key}\"")), Odd::Quoted);
        assert_eq!(authorization(&key), Odd::NotBearer);
    }

    #[test]
    fn one_key_twice_is_one_and_two_are_refused() {
        let (key, other) = (whole(), with_check(&format!("kf_{}", "z".repeat(34))));
        let mut twice = headers(&[("kf-api-key", &key)]);
        twice.append(KEY, HeaderValue::from_str(&key).unwrap());
        assert_eq!(given(&twice), Given::Key(&key));
        twice.append(KEY, HeaderValue::from_str(&other).unwrap());
        assert_eq!(given(&twice), Given::Odd(Odd::Several));
    }

    #[test]
    fn key_in_another_header_is_found_by_name_or_looks() {
        let key = whole();
        let of = |name, value: &str| match given(&headers(&[(name, value)])) {
            Given::OtherHeader(name) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(of("x-api-key", "abc"), "x-api-key");
        assert_eq!(of("my-own-header", &key), "my-own-header");
        assert_eq!(given(&headers(&[("accept", "*/*")])), Given::Nothing);
    }

    #[test]
    fn query_is_searched_for_keys_and_for_their_names() {
        let key = whole();
        assert!(is_in_query(&format!("a=b&x={key}"), false));
        assert!(is_in_query(&key, false));
        assert!(is_in_query("API_KEY=secret", true));
        assert!(!is_in_query("API_KEY=secret", false));
        assert!(!is_in_query("a=b&token=", true));
    }
}
