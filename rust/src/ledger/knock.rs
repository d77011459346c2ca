//! One knock, cut to what may be kept: never a key, never a value of a header but the user agent's.

use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, Method};

use super::foreign;
use crate::admit::Success;
use crate::answer::Partial;
use crate::refusal::Refusal;

const TEXT_MOST: usize = 200;
const SENTENCE_MOST: usize = 500;
const HEADERS_MOST: usize = 40;
const HEADER_MOST: usize = 60;
const PREFIX_MOST: usize = 8;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knock {
    pub reason: &'static str,
    pub protocol: &'static str,
    pub status: u16,
    pub user_agent: String,
    pub key_prefix: String,
    pub headers: Vec<String>,
    pub detail: String,
    pub sentence: String,
}

/// What a request said before its body.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    pub protocol: &'static str,
    pub method: &'a Method,
    pub path: &'a str,
    pub headers: &'a HeaderMap,
}

impl Knock {
    /// Without a request.
    pub fn plain(
        reason: &'static str,
        protocol: &'static str,
        sentence: &str,
        detail: impl AsRef<str>,
    ) -> Self {
        Self {
            reason,
            protocol,
            detail: cut(detail.as_ref(), TEXT_MOST),
            sentence: cut(sentence, SENTENCE_MOST),
            ..Self::default()
        }
    }

    /// A request that was refused; `status` is what it was told.
    pub fn refused(head: Head<'_>, refusal: &Refusal, status: u16) -> Self {
        let own = || (word(refusal), refusal.sentence());
        let known = matches!(
            refusal,
            Refusal::UnknownPath(_)
                | Refusal::UnknownMethod(_)
                | Refusal::Method(_)
                | Refusal::ContentType(_)
        )
        .then(|| foreign::request(&head))
        .flatten();
        let (reason, sentence) =
            known.map_or_else(own, |known| (known.reason, known.sentence.to_owned()));
        Self {
            status,
            ..Self::of(head, reason, &detail(refusal, &head), &sentence)
        }
    }

    /// A request that was taken, but not as it came.
    pub fn partial(head: Head<'_>, success: &Success, status: u16) -> Option<Self> {
        let rejected = success.partial.as_ref().filter(|one| one.rejected > 0);
        let knock = match (rejected, &success.cut) {
            (Some(Partial { message, .. }), _) => {
                Self::of(head, "spans_rejected", message, message)
            }
            (None, Some(cut)) => Self::of(head, "values_cut", &cut.detail, &cut.sentence),
            (None, None) => return None,
        };
        Some(Self { status, ..knock })
    }

    fn of(head: Head<'_>, reason: &'static str, detail: &str, sentence: &str) -> Self {
        let mut headers: Vec<String> = head
            .headers
            .keys()
            .take(4 * HEADERS_MOST)
            .map(|name| cut(name.as_str(), HEADER_MOST))
            .collect();
        headers.sort_unstable();
        headers.truncate(HEADERS_MOST);
        let user_agent = head
            .headers
            .get(USER_AGENT)
            .map(|value| cut(&String::from_utf8_lossy(value.as_bytes()), TEXT_MOST));
        Self {
            reason,
            protocol: head.protocol,
            status: 0,
            user_agent: user_agent.unwrap_or_default(),
            key_prefix: key_prefix(head.headers).unwrap_or_default(),
            headers,
            detail: cut(detail, TEXT_MOST),
            sentence: cut(sentence, SENTENCE_MOST),
        }
    }
}

/// The word of the metric, but where it says less than it could.
fn word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownMethod(_) => "unknown_grpc_method",
        Refusal::Unavailable(why) => why.reason(),
        Refusal::ContentType(given) if given.is_empty() => "missing_media_type",
        other => match other.outcome().word() {
            "unknown_path" => "wrong_path",
            "method" => "wrong_method",
            "content_type" => "unsupported_media_type",
            "content_encoding" => "unsupported_compression",
            "plaintext" => "plaintext_on_tls_port",
            "rate" => "rate_limit",
            "key_rate" => "key_rate_limit",
            word => word,
        },
    }
}

/// The value that is wrong.
fn detail(refusal: &Refusal, head: &Head<'_>) -> String {
    match refusal {
        Refusal::UnknownPath(path) => format!("{} {path}", head.method),
        Refusal::Method(method) => format!("{method} {}", head.path),
        Refusal::UnknownMethod(word)
        | Refusal::ContentType(word)
        | Refusal::ContentEncoding(word)
        | Refusal::CorruptCompression(word)
        | Refusal::Malformed(word) => word.clone(),
        Refusal::Key(denied) => denied.detail(),
        Refusal::TooLarge { limit } => format!("more than {limit} bytes"),
        Refusal::SlowBody { seconds } => format!("not within {seconds} s"),
        Refusal::Rate { per_second, .. } => format!("more than {per_second} spans a second"),
        _ => head.path.to_owned(),
    }
}

/// The beginning of a key; of a short word, which may be a password, less than half.
fn key_prefix(headers: &HeaderMap) -> Option<String> {
    let key = headers
        .get("kf-api-key")
        .or_else(|| headers.get(AUTHORIZATION));
    let text = String::from_utf8_lossy(key?.as_bytes()).into_owned();
    let word = text
        .split_ascii_whitespace()
        .next_back()
        .unwrap_or_default();
    let most = (word.chars().count() / 3).min(PREFIX_MOST);
    Some(cut(
        &word.chars().take(most).collect::<String>(),
        4 * PREFIX_MOST,
    ))
}

/// At most so many bytes, without control characters.
pub fn cut(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for character in text.chars().filter(|character| !character.is_control()) {
        if out.len() + character.len_utf8() > most {
            break;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn refused(headers: &HeaderMap, refusal: &Refusal) -> Knock {
        let head = Head {
            protocol: "http1",
            method: &Method::POST,
            path: "/v1/traces",
            headers,
        };
        Knock::refused(head, refusal, 400)
    }

    #[test]
    fn never_more_than_a_third_or_eight_characters_of_a_key_are_kept() {
        let prefix =
            |name, value| refused(&headers(&[(name, value)]), &Refusal::Aborted).key_prefix;
        assert_eq!(
            prefix("kf-api-key", "kf_0123456789abcdefghijklmnopq"),
            "kf_01234"
        );
        assert_eq!(
            prefix("authorization", "Bearer kf_0123456789abcdefghijklmnopq"),
            "kf_01234"
        );
        assert_eq!(prefix("authorization", "hunter2"), "hu");
        assert_eq!(prefix("x-other", "secret"), "");
    }

    #[test]
    fn texts_are_cut_and_hold_no_control_characters() {
        let knock = refused(
            &HeaderMap::new(),
            &Refusal::ContentType(format!("a\r\n\u{1b}[31m{}", "é".repeat(500))),
        );
        assert!(knock.detail.len() <= TEXT_MOST);
        assert!(knock.detail.starts_with("a[31mé"), "{}", knock.detail);
    }

    #[test]
    fn header_names_are_sorted_and_values_stay_out() {
        let given = headers(&[("user-agent", "x/1"), ("cookie", "secret"), ("accept", "*")]);
        let knock = refused(&given, &Refusal::Aborted);
        assert_eq!(knock.headers, ["accept", "cookie", "user-agent"]);
        assert!(!format!("{knock:?}").contains("secret"));
    }
}
