//! Senders that speak something else, recognised by what they send first. Asked only about what is
//! refused anyway, so nothing here can cost a valid request.

use http::Method;
use http::header::{CONTENT_TYPE, USER_AGENT};

use super::knock::Head;

/// What it is, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub reason: &'static str,
    pub protocol: &'static str,
    pub sentence: &'static str,
}

const fn known(reason: &'static str, protocol: &'static str, sentence: &'static str) -> Known {
    Known {
        reason,
        protocol,
        sentence,
    }
}

const PROXY: &str =
    "a load balancer puts the PROXY protocol before each connection; switch it off for this port";
const THRIFT: Known = known(
    "jaeger_thrift",
    "thrift",
    "Jaeger's Thrift over TCP is not OTLP; use an OTLP exporter (OTEL_TRACES_EXPORTER=otlp) to this port",
);
const NOT_A_DATABASE: &str =
    "this is Clew's port for traces, not a database; correct the host or port of the client";
const MAIL: &str = "this is Clew's port for traces and takes no mail or text commands; correct the host or port of the client";

/// What bytes that are no HTTP request are. None: nothing that is known.
pub fn bytes(first: &[u8]) -> Option<Known> {
    by_signature(first)
        .or_else(|| by_length_prefix(first))
        .or_else(|| by_text(first))
}

fn by_signature(first: &[u8]) -> Option<Known> {
    const PROXY_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    const STARTS: [(&[u8], Known); 24] = [
        (PROXY_2, known("proxy_protocol", "proxy_v2", PROXY)),
        (b"PROXY ", known("proxy_protocol", "proxy_v1", PROXY)),
        (
            b"SSH-",
            known(
                "ssh",
                "ssh",
                "this is no SSH server; correct the port of the client",
            ),
        ),
        (
            b"AMQP",
            known(
                "amqp",
                "amqp",
                "this is no message broker; OTLP is sent over gRPC or HTTP",
            ),
        ),
        (b"*", known("redis", "redis", NOT_A_DATABASE)),
        (b"PING\r", known("redis", "redis", NOT_A_DATABASE)),
        (b"\x82\x21", THRIFT),
        (b"\x82\x41", THRIFT),
        (b"\x82\x81", THRIFT),
        (b"\x80\x01\0", THRIFT),
        (
            b"\x05\x01\0",
            known(
                "socks",
                "socks5",
                "this is no proxy; correct the proxy settings of the client",
            ),
        ),
        (
            b"\x04\x01",
            known(
                "socks",
                "socks4",
                "this is no proxy; correct the proxy settings of the client",
            ),
        ),
        (
            b"\x03\0\0",
            known(
                "rdp",
                "rdp",
                "this is no remote desktop; somebody scans this port",
            ),
        ),
        (b"\x15\x03", known("tls_on_plain_port", "tls", TLS)),
        (b"EHLO", known("mail", "smtp", MAIL)),
        (b"HELO", known("mail", "smtp", MAIL)),
        (b"USER ", known("mail", "text", MAIL)),
        (b"MAIL ", known("mail", "smtp", MAIL)),
        (b"QUIT", known("mail", "text", MAIL)),
        (b"HELP", known("mail", "text", MAIL)),
        (b"stats\r", known("memcached", "memcached", NOT_A_DATABASE)),
        (
            b"version\r",
            known("memcached", "memcached", NOT_A_DATABASE),
        ),
        (b"{", known("json_without_http", "json", JSON)),
        (b"[", known("json_without_http", "json", JSON)),
    ];
    const JSON: &str = "JSON came without HTTP around it; POST it to /v1/traces with content type application/json";
    STARTS
        .into_iter()
        .find_map(|(start, known)| first.starts_with(start).then_some(known))
}

/// Binary protocols whose messages say their length first.
fn by_length_prefix(first: &[u8]) -> Option<Known> {
    let word = |at: usize| {
        let four = first.get(at..at + 4)?;
        Some(u32::from_be_bytes(four.try_into().ok()?))
    };
    // A startup message, a request for TLS or encryption, a cancellation.
    if let Some(196_608 | 80_877_102..=80_877_104) = word(4) {
        return Some(known("postgres", "postgres", NOT_A_DATABASE));
    }
    if matches!(
        first.get(4..6),
        Some([0x82, 0x21 | 0x41 | 0x81] | [0x80, 1])
    ) {
        return Some(THRIFT);
    }
    if matches!(word(12), Some(0xdd07_0000 | 0xd407_0000)) {
        return Some(known("mongodb", "mongodb", NOT_A_DATABASE));
    }
    if let Some([0x10, _, 0, 4, b'M', b'Q', b'T', b'T']) = first.get(..8) {
        return Some(known(
            "mqtt",
            "mqtt",
            "this is no message broker; OTLP is sent over gRPC or HTTP",
        ));
    }
    // ApiVersions, the first request of a client of Kafka.
    if let Some([0, 0, _, _, 0, 18, 0, 0..=9]) = first.get(..8) {
        return Some(known(
            "kafka",
            "kafka",
            "this is no message broker; OTLP is sent over gRPC or HTTP",
        ));
    }
    // Length of 24 bits, a sequence number 0 or 1, then capabilities with "protocol 4.1".
    if let Some([low, high, 0, 0 | 1, _, flags, ..]) = first.get(..8)
        && usize::from(*low) + 256 * usize::from(*high) + 4 == first.len()
        && flags & 2 != 0
    {
        return Some(known("mysql", "mysql", NOT_A_DATABASE));
    }
    (first.get(..5) == Some(b"\0\0\0\0\0")).then_some(known(
        "grpc_without_http2",
        "unknown",
        "a gRPC message came without HTTP/2 around it; a proxy in between may strip it",
    ))
}

fn by_text(first: &[u8]) -> Option<Known> {
    let line = first.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim();
    if let Some((name, rest)) = line.split_once(':')
        && !name.is_empty()
        && let Some((value, kind)) = rest.split_once('|')
        && value.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
        && kind.starts_with(['c', 'g', 'm', 'h', 's', 'd'])
    {
        return Some(known(
            "statsd",
            "statsd",
            "StatsD's metrics are not traces; Clew keeps traces only",
        ));
    }
    if line.starts_with('<') && line.get(1..4)?.contains(|c: char| c.is_ascii_digit()) {
        return Some(known(
            "syslog",
            "syslog",
            "syslog's lines are not traces; Clew keeps traces only",
        ));
    }
    let words: Vec<&str> = line.split(' ').collect();
    if let [name, value, time] = words.as_slice()
        && name.contains('.')
        && value.parse::<f64>().is_ok()
        && time.parse::<u64>().is_ok()
    {
        return Some(known(
            "graphite",
            "graphite",
            "Graphite's metrics are not traces; Clew keeps traces only",
        ));
    }
    let method = words.first()?;
    let is_valid = matches!(words.as_slice(), [_, _, "HTTP/1.1" | "HTTP/1.0"])
        && method.bytes().all(|byte| byte.is_ascii_uppercase());
    if let [_, target, ..] = words.as_slice()
        && !is_valid
        && matches!(
            method.to_ascii_uppercase().as_str(),
            "GET" | "POST" | "PUT" | "HEAD" | "OPTIONS"
        )
        && target.starts_with('/')
    {
        return Some(known(
            "malformed_http",
            "http1",
            "the request line is not valid HTTP/1.1; send METHOD, path and HTTP/1.1, in upper case",
        ));
    }
    None
}

pub const TLS: &str = "the client speaks TLS to a port without it; use http:// in its endpoint (gRPC: OTEL_EXPORTER_OTLP_INSECURE=true), or give Clew a certificate";

const ZIPKIN: Known = known(
    "zipkin",
    "http1",
    "Zipkin's format is not taken here; use an OTLP exporter (OTEL_TRACES_EXPORTER=otlp), or clew import for files",
);
const DATADOG: Known = known(
    "datadog",
    "http1",
    "Datadog's format is not taken here; use an OTLP exporter to /v1/traces",
);

/// What a request that is refused was meant for. None: its own refusal says it best.
pub fn request(head: &Head<'_>) -> Option<Known> {
    let of = |name: http::HeaderName| {
        let value = head.headers.get(name);
        value.map_or(String::new(), |value| {
            String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase()
        })
    };
    let (kind, agent) = (of(CONTENT_TYPE), of(USER_AGENT));
    let path = head.path.trim_end_matches('/');
    if kind.starts_with("application/grpc-web") {
        return Some(known(
            "grpc_web",
            "grpc_web",
            "gRPC-Web is not taken here; send OTLP over HTTP to /v1/traces",
        ));
    }
    if kind.starts_with("application/grpc") && head.protocol == "http1" {
        return Some(known(
            "grpc_over_http1",
            "http1",
            "a gRPC call came over HTTP/1; a proxy in between must pass HTTP/2 through (nginx: grpc_pass)",
        ));
    }
    if path.starts_with("/opentelemetry.proto.collector.") && head.protocol != "grpc" {
        return Some(known(
            "http_on_grpc_path",
            "http1",
            "the path is gRPC's but the request is plain HTTP; POST to /v1/traces, or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
        ));
    }
    by_path(path).or_else(|| by_sender(head, &agent))
}

fn by_path(path: &str) -> Option<Known> {
    Some(match path {
        "/api/v2/spans" | "/api/v1/spans" => ZIPKIN,
        "/api/traces" => known(
            "jaeger_http",
            "http1",
            "Jaeger's Thrift over HTTP is not taken here; use an OTLP exporter (OTEL_TRACES_EXPORTER=otlp)",
        ),
        "/jaeger.api_v2.CollectorService/PostSpans" => known(
            "jaeger_grpc",
            "grpc",
            "Jaeger's gRPC is not taken here; use an OTLP exporter (OTEL_TRACES_EXPORTER=otlp)",
        ),
        "/opencensus.proto.agent.trace.v1.TraceService/Export" => known(
            "opencensus",
            "grpc",
            "OpenCensus is not taken here; use the opentelemetry shim and an OTLP exporter",
        ),
        "/v0.3/traces" | "/v0.4/traces" | "/v0.5/traces" | "/v0.7/traces" | "/info" => DATADOG,
        "/intake/v2/events" => known(
            "elastic_apm",
            "http1",
            "Elastic APM's format is not taken here; use an OTLP exporter to /v1/traces",
        ),
        "/loki/api/v1/push" => known(
            "loki",
            "http1",
            "Clew keeps traces only; send logs elsewhere",
        ),
        "/api/v1/write" | "/api/v1/push" => known(
            "prometheus_remote_write",
            "http1",
            "Clew keeps traces only; send Prometheus' remote write elsewhere",
        ),
        "/metrics" => known(
            "prometheus_scrape",
            "http1",
            "Clew's own metrics are at /metrics of its UI's port (7070), not of this one",
        ),
        "/health" | "/healthz" | "/livez" | "/readyz" | "/ping" | "/status" => known(
            "health_probe",
            "http1",
            "health is answered at /livez and /readyz of the UI's port (7070), not of this one",
        ),
        "/robots.txt" | "/favicon.ico" => known(
            "browser",
            "http1",
            "this port takes traces; the UI and the API are at port 7070",
        ),
        path if path.starts_with("/grpc.health.v1.Health/") => known(
            "grpc_health_probe",
            "grpc",
            "gRPC's health service is not offered; probe /readyz of the UI's port (7070)",
        ),
        path if path.starts_with("/grpc.reflection.") => known(
            "grpc_reflection",
            "grpc",
            "gRPC's reflection is not offered; Clew offers opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ),
        _ => return None,
    })
}

fn by_sender(head: &Head<'_>, agent: &str) -> Option<Known> {
    let gets = head.method == Method::GET;
    Some(match *head.method {
        Method::CONNECT => known(
            "http_proxy_request",
            "http1",
            "this is no proxy; correct the proxy settings of the client (HTTPS_PROXY, NO_PROXY)",
        ),
        Method::OPTIONS => known(
            "cors_preflight",
            "http1",
            "a browser asks whether it may send; Clew does not allow it yet, send through a server of your own",
        ),
        _ if gets && agent.starts_with("prometheus/") => known(
            "prometheus_scrape",
            "http1",
            "Clew's own metrics are at /metrics of its UI's port (7070), not of this one",
        ),
        _ if gets && agent.starts_with("kube-probe/") => known(
            "health_probe",
            "http1",
            "health is answered at /livez and /readyz of the UI's port (7070), not of this one",
        ),
        _ if gets && agent.starts_with("mozilla/") => known(
            "browser",
            "http1",
            "this port takes traces; the UI and the API are at port 7070",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_name_the_protocol() {
        let of = |first: &[u8]| bytes(first).map(|known| known.reason);
        for (first, expected) in [
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11".as_slice(), "proxy_protocol"),
            (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "proxy_protocol"),
            (b"SSH-2.0-OpenSSH_9\r\n", "ssh"),
            (b"*1\r\n$4\r\nPING\r\n", "redis"),
            (b"\x82\x81\x01\x09emitBatch", "jaeger_thrift"),
            (b"\x80\x01\0\x01\0\0\0\x09emitBatch", "jaeger_thrift"),
            (
                b"\0\0\0\x20\x80\x01\0\x01\0\0\0\x09emitBatch",
                "jaeger_thrift",
            ),
            (b"\0\0\0\x08\x04\xd2\x16\x2f", "postgres"),
            (b"\0\0\0\x29\0\x03\0\0user\0", "postgres"),
            (b"\x04\0\0\x01\x05\xa6\xff\x01", "mysql"),
            (b"requests:1|c\n", "statsd"),
            (b"<34>1 2026-11-22 host app", "syslog"),
            (b"servers.a.load 0.5 1795348800\n", "graphite"),
            (b"EHLO mail\r\n", "mail"),
            (b"get /v1/traces HTTP/1.1\r\n", "malformed_http"),
            (b"{\"resourceSpans\":[]}", "json_without_http"),
            (b"\0\0\0\0\0\0", "grpc_without_http2"),
        ] {
            assert_eq!(
                of(first),
                Some(expected),
                "{}",
                String::from_utf8_lossy(first)
            );
        }
        assert_eq!(of(b""), None);
        assert_eq!(of(b"POST /v1/traces HTTP/1.1\r\nX y: bad header\r\n"), None);
        assert_eq!(of(b"hello\n"), None);
        assert_eq!(of(&[0xff; 64]), None);
    }

    #[test]
    fn every_short_input_is_told_without_a_panic() {
        for byte in 0..=u8::MAX {
            for length in 0..20 {
                let _ = bytes(&vec![byte; length]);
            }
        }
    }
}
