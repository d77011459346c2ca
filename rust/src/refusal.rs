//! Why the door says no, in its own words, and the one place where they become status codes.

use http::header::HOST;
use http::{Request, StatusCode};

use crate::keys::Denied;
use crate::meter::Outcome;
use crate::record::Unavailable;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The port speaks TLS and the request came without. The host and port that the sender asked.
    Plaintext(String),
    /// Before the body is read.
    Key(Denied),
    UnknownPath(String),
    UnknownMethod(String),
    Method(String),
    ContentType(String),
    ContentEncoding(String),
    TooLarge {
        limit: usize,
    },
    CorruptCompression(String),
    Malformed(String),
    MemoryBudget,
    /// More spans a second than all, or one key, may send.
    Rate {
        of_key: bool,
        per_second: u64,
        seconds: u32,
    },
    Unavailable(Unavailable),
    SlowBody {
        seconds: u64,
    },
    /// The sender went away in the middle of its body; nobody reads the answer.
    Aborted,
    /// The sender's own deadline passed.
    Deadline,
}

/// Codes of google.rpc.Code, which gRPC shares.
pub mod code {
    pub const OK: u32 = 0;
    pub const CANCELLED: u32 = 1;
    pub const INVALID_ARGUMENT: u32 = 3;
    pub const DEADLINE_EXCEEDED: u32 = 4;
    pub const PERMISSION_DENIED: u32 = 7;
    pub const RESOURCE_EXHAUSTED: u32 = 8;
    pub const FAILED_PRECONDITION: u32 = 9;
    pub const UNIMPLEMENTED: u32 = 12;
    pub const UNAVAILABLE: u32 = 14;
    pub const UNAUTHENTICATED: u32 = 16;
}

impl Refusal {
    /// For a request that came without TLS where it is needed.
    pub fn needs_tls<B>(request: &Request<B>) -> Self {
        let asked = request
            .uri()
            .authority()
            .map(|host| host.as_str().to_owned());
        let host = asked.or_else(|| {
            let host = request.headers().get(HOST)?.to_str().ok()?;
            Some(host.to_owned())
        });
        Self::Plaintext(host.unwrap_or_else(|| "HOST:PORT".to_owned()))
    }

    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Plaintext(_) => Outcome::Plaintext,
            Self::Key(denied) => match denied {
                Denied::Missing | Denied::OtherHeader(_) => Outcome::MissingKey,
                Denied::Odd(_) => Outcome::MalformedKey,
                Denied::Unknown(_) => Outcome::UnknownKey,
                Denied::Revoked { .. } => Outcome::RevokedKey,
                Denied::Expired { .. } => Outcome::ExpiredKey,
                Denied::Scope(_) => Outcome::WrongScope,
                Denied::InQuery => Outcome::KeyInQuery,
                Denied::NotKnown => Outcome::KeysUnavailable,
            },
            Self::UnknownPath(_) | Self::UnknownMethod(_) => Outcome::UnknownPath,
            Self::Method(_) => Outcome::Method,
            Self::ContentType(_) => Outcome::ContentType,
            Self::ContentEncoding(_) => Outcome::ContentEncoding,
            Self::TooLarge { .. } => Outcome::TooLarge,
            Self::CorruptCompression(_) => Outcome::CorruptCompression,
            Self::Malformed(_) => Outcome::Malformed,
            Self::MemoryBudget => Outcome::MemoryBudget,
            Self::Rate { of_key: false, .. } => Outcome::Rate,
            Self::Rate { of_key: true, .. } => Outcome::KeyRate,
            Self::Unavailable(_) => Outcome::Unavailable,
            Self::SlowBody { .. } => Outcome::SlowBody,
            Self::Aborted => Outcome::Aborted,
            Self::Deadline => Outcome::Deadline,
        }
    }

    pub fn http(&self) -> StatusCode {
        match self {
            Self::UnknownPath(_) | Self::UnknownMethod(_) => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType(_) | Self::ContentEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Rate { .. } => StatusCode::TOO_MANY_REQUESTS,
            // Never a redirect: some exporters take it for success and drop the spans.
            Self::Plaintext(_)
            | Self::CorruptCompression(_)
            | Self::Malformed(_)
            | Self::Aborted => StatusCode::BAD_REQUEST,
            Self::MemoryBudget | Self::Unavailable(_) | Self::Key(Denied::NotKnown) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Key(Denied::Scope(_)) => StatusCode::FORBIDDEN,
            Self::Key(_) => StatusCode::UNAUTHORIZED,
            Self::SlowBody { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Deadline => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    pub fn code(&self) -> u32 {
        match self {
            // What a channel without TLS gives by itself is UNAVAILABLE, and senders try that again
            // for minutes. This will not pass until somebody changes the sender.
            Self::Plaintext(_) => code::FAILED_PRECONDITION,
            Self::UnknownPath(_)
            | Self::UnknownMethod(_)
            | Self::Method(_)
            | Self::ContentEncoding(_) => code::UNIMPLEMENTED,
            Self::ContentType(_) | Self::CorruptCompression(_) | Self::Malformed(_) => {
                code::INVALID_ARGUMENT
            }
            // With a RetryInfo it means: try again. Without, as for what is too large: do not.
            Self::TooLarge { .. } | Self::Rate { .. } => code::RESOURCE_EXHAUSTED,
            Self::MemoryBudget | Self::Unavailable(_) | Self::Key(Denied::NotKnown) => {
                code::UNAVAILABLE
            }
            Self::Key(Denied::Scope(_)) => code::PERMISSION_DENIED,
            Self::Key(_) => code::UNAUTHENTICATED,
            Self::SlowBody { .. } | Self::Deadline => code::DEADLINE_EXCEEDED,
            Self::Aborted => code::CANCELLED,
        }
    }

    /// The sender shall try again after the delay that the answer names.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::MemoryBudget
                | Self::Rate { .. }
                | Self::Unavailable(_)
                | Self::Key(Denied::NotKnown)
        )
    }

    /// When, if that is known.
    pub fn retry_seconds(&self) -> Option<u32> {
        match self {
            Self::Rate { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }

    /// The request's content is at fault: the Status carries a BadRequest detail.
    pub fn is_bad_request(&self) -> bool {
        matches!(self, Self::CorruptCompression(_) | Self::Malformed(_))
    }

    /// What is wrong, with the value, and what to do; without control characters.
    pub fn sentence(&self) -> String {
        match self {
            Self::Plaintext(host) => format!(
                "this port speaks TLS; use https://{} (set OTEL_EXPORTER_OTLP_ENDPOINT to it, and OTEL_EXPORTER_OTLP_CERTIFICATE to the file of the authority that signed Clew's certificate)",
                plain(host)
            ),
            Self::Key(denied) => denied.sentence(),
            Self::UnknownPath(path) => format!(
                "path {} is not served here; send traces to /v1/traces (set OTEL_EXPORTER_OTLP_ENDPOINT without a path, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT with the full path /v1/traces)",
                shown(path)
            ),
            Self::UnknownMethod(path) => format!(
                "gRPC method {} is not offered; Clew offers /opentelemetry.proto.collector.trace.v1.TraceService/Export",
                shown(path)
            ),
            Self::Method(method) => {
                format!("method {} is not allowed; send OTLP with POST", shown(method))
            }
            Self::ContentType(given) if given.is_empty() => {
                "the content-type header is missing; set it to application/x-protobuf or application/json".to_owned()
            }
            Self::ContentType(given) => format!(
                "content type {} is not supported; send application/x-protobuf or application/json, or gRPC over HTTP/2",
                shown(given)
            ),
            Self::ContentEncoding(given) => {
                format!("compression {} is not supported; send gzip, zstd or none", shown(given))
            }
            Self::TooLarge { limit } => format!(
                "the body is larger than {limit} bytes after decompression; send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE) or raise Clew's limit"
            ),
            Self::CorruptCompression(why) => {
                format!("the compressed body cannot be decompressed: {}; send it again uncompressed to find out more", clean(why))
            }
            Self::Malformed(why) => clean(why),
            Self::MemoryBudget => {
                "Clew holds as many request bodies as its memory allows; the spans were not taken, send them again".to_owned()
            }
            Self::Rate { of_key, per_second, seconds } => {
                let (who, what) = if *of_key {
                    ("this API key may send", "the key's rate")
                } else {
                    ("Clew takes", "max_spans_per_second")
                };
                format!("{who} {per_second} spans a second and more came; these were not taken, send them again after {seconds} s, send fewer (sampling), or raise {what}")
            }
            Self::Unavailable(why) => why.sentence().to_owned(),
            Self::SlowBody { seconds } => format!(
                "the body did not arrive within {seconds} s; send smaller batches or check the network"
            ),
            Self::Aborted => "the connection ended in the middle of the body".to_owned(),
            Self::Deadline => {
                "the client's deadline passed before the spans were safe; they may be stored, sending them again does no harm".to_owned()
            }
        }
    }
}

/// A host and port as the sender gave it, or a word for it when it could be anything else.
fn plain(host: &str) -> &str {
    let is_host = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    if is_host && !host.is_empty() && host.len() <= 120 {
        host
    } else {
        "HOST:PORT"
    }
}

/// A sender's word in quotes, cut to a readable length.
fn shown(word: &str) -> String {
    const MOST: usize = 120;
    let mut short: String = clean(word).chars().take(MOST).collect();
    if word.chars().nth(MOST).is_some() {
        short.push('…');
    }
    format!("\"{short}\"")
}

fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_conditions_that_pass_are_temporary() {
        assert!(Refusal::Unavailable(Unavailable::Full).is_temporary());
        assert!(Refusal::MemoryBudget.is_temporary());
        assert!(Refusal::Key(Denied::NotKnown).is_temporary());
        let rate = Refusal::Rate {
            of_key: false,
            per_second: 1,
            seconds: 4,
        };
        assert!(rate.is_temporary());
        assert_eq!((rate.http().as_u16(), rate.code()), (429, 8));
        assert!(!Refusal::Key(Denied::Missing).is_temporary());
        assert!(!Refusal::TooLarge { limit: 1 }.is_temporary());
        assert!(!Refusal::Malformed(String::new()).is_temporary());
    }

    #[test]
    fn sentences_hold_no_control_characters_and_no_long_words() {
        let sentence =
            Refusal::UnknownPath(format!("/a\r\nb\u{1b}[31m{}", "x".repeat(5_000))).sentence();
        assert!(!sentence.chars().any(char::is_control), "{sentence}");
        assert!(sentence.len() < 500);
    }
}
