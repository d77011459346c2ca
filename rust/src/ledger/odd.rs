//! Connections that come to no request, or break before their end.

use super::foreign::{self, TLS};
use super::hello;
use super::knock::Knock;
use crate::recognise::Protocol;

/// How a connection ended, in the word of the metric and in those of the HTTP library.
pub struct Failure {
    pub word: &'static str,
    pub said: String,
}

/// A connection that gets no HTTP. None: it does.
pub fn unserved(protocol: Protocol, first: &[u8]) -> Option<Knock> {
    Some(match protocol {
        Protocol::Http1 | Protocol::Http2 => return None,
        Protocol::Tls => Knock::plain("tls_on_plain_port", "tls", TLS, hello::describe(first)),
        Protocol::Empty => Knock::plain(
            "bare_connection",
            "tcp",
            "the connection ended before its first byte, as port checks do; if it is no check, look for a proxy or firewall in between",
            "",
        ),
        Protocol::Silent => Knock::plain(
            "silent_connection",
            "tcp",
            "the client sent nothing that can be told apart in the time allowed; it may wait for the server to speak first, as MySQL and SMTP clients do",
            shown(first),
        ),
        Protocol::Unknown => match foreign::bytes(first) {
            Some(known) => Knock {
                status: 400,
                ..Knock::plain(known.reason, known.protocol, known.sentence, shown(first))
            },
            None => Knock {
                status: 400,
                ..Knock::plain(
                    "unknown_protocol",
                    "unknown",
                    "the first bytes are of no protocol that Clew knows; send OTLP over gRPC or HTTP",
                    shown(first),
                )
            },
        },
    })
}

/// A TLS handshake that failed, `reason` in the word of `tls::reason`; `hello` is what came first.
pub fn handshake(reason: &'static str, hello: &[u8]) -> Knock {
    let sentence = match reason {
        "tls_old_version" => {
            "the client offers no TLS version above 1.1; upgrade it, or its TLS library"
        }
        "tls_nothing_in_common" => {
            "client and Clew have no cipher or protocol of TLS in common; upgrade the client"
        }
        "tls_no_client_certificate" => {
            "the client presented no certificate, which this port asks for (tls_client_ca); set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY"
        }
        "tls_bad_client_certificate" => {
            "the client's certificate is expired, or of none of the authorities in tls_client_ca; give it another one"
        }
        "tls_not_trusted" => {
            "the client does not trust Clew's certificate; set OTEL_EXPORTER_OTLP_CERTIFICATE to the file of the authority that signed it, or look whether it is expired"
        }
        "tls_slow_handshake" => {
            "the client did not end the TLS handshake in the time allowed; look for a firewall or proxy in between"
        }
        "tls_aborted" => {
            "the client left in the middle of the TLS handshake, as one does that does not trust the certificate or its name"
        }
        _ => "the TLS handshake failed; the client's log says more",
    };
    Knock::plain(reason, "tls", sentence, hello::describe(hello))
}

/// An HTTP connection that broke. None: as healthy clients do it too.
pub fn broken(protocol: &'static str, failure: &Failure, first: &[u8]) -> Option<Knock> {
    match failure.word {
        "malformed" => Some(foreign::bytes(first).map_or_else(
            || Knock {
                status: 400,
                ..Knock::plain(
                    "malformed_http",
                    protocol,
                    "the request is not valid HTTP; look for a proxy in between, or correct the client",
                    &failure.said,
                )
            },
            |known| Knock {
                status: 400,
                ..Knock::plain(known.reason, known.protocol, known.sentence, shown(first))
            },
        )),
        "incomplete" => Some(Knock::plain(
            "incomplete_request",
            protocol,
            "the connection ended in the middle of a request; look for a timeout of the client or of a proxy in between",
            shown(first),
        )),
        "slow_head" => Some(Knock::plain(
            "slow_head",
            protocol,
            "the headers of a request did not come in the time allowed; the connection was closed",
            shown(first),
        )),
        "broken" if protocol == "http2" && failure.said.starts_with("connection error detected") => {
            Some(Knock::plain(
                "malformed_http2",
                protocol,
                "the client broke the rules of HTTP/2; look for a proxy in between, or upgrade the client",
                &failure.said,
            ))
        }
        _ => None,
    }
}

/// The first line of what came; bytes that are no text as hex. Nothing behind it and behind a question
/// mark, where keys may be, and of the words of a login only the first.
fn shown(first: &[u8]) -> String {
    const LOGINS: [&str; 5] = ["auth", "login", "pass", "password", "user"];
    let line = first
        .trim_ascii_start()
        .split(|byte| matches!(byte, b'\r' | b'\n' | b'?'))
        .next()
        .unwrap_or_default();
    match std::str::from_utf8(line) {
        Ok(text) if !text.is_empty() && !text.contains(|c: char| c.is_control()) => {
            let word = text.split(' ').next().unwrap_or_default();
            if LOGINS.iter().any(|login| word.eq_ignore_ascii_case(login)) {
                word.to_owned()
            } else {
                text.to_owned()
            }
        }
        _ => first
            .iter()
            .take(32)
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_line_is_shown_without_what_may_be_secret() {
        for (first, expected) in [
            (
                b"POST /v1/traces?api_key=secret HTTP/1.1\r\nHost: x".as_slice(),
                "POST /v1/traces",
            ),
            (
                b"get /v1/traces HTTP/1.1\r\nkf-api-key: secret",
                "get /v1/traces HTTP/1.1",
            ),
            (b"auth secret\r\n", "auth"),
            (b"PASS secret\r\n", "PASS"),
            (b"hello there\n", "hello there"),
            (b"\xff\x00", "ff 00"),
        ] {
            assert_eq!(shown(first), expected);
        }
    }
}
