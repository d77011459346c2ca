//! OTLP/HTTP: POST of protobuf or JSON to /v1/traces.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HeaderName,
    RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::ext::ReasonPhrase;

use crate::admit::{Compression, Door, Form, Sender, Sink, Success};
use crate::answer::{self, Partial, Reply, Status};
use crate::body::{self, Held, ReadBy};
use crate::keys::Holder;
use crate::ledger::knock::{Head, Knock};
use crate::listen::Config;
use crate::meter::{self, Encoding, Outcome, Pending, Signal, Transport};
use crate::refusal::Refusal;

/// The media types of OTLP/HTTP. An answer has the type of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    XProtobuf,
    Protobuf,
    Json,
}

impl Media {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let essence = essence(headers.get(CONTENT_TYPE)?.as_bytes());
        [Self::XProtobuf, Self::Protobuf, Self::Json]
            .into_iter()
            .find(|media| essence.eq_ignore_ascii_case(media.name().as_bytes()))
    }

    fn name(self) -> &'static str {
        match self {
            Self::XProtobuf => "application/x-protobuf",
            Self::Protobuf => "application/protobuf",
            Self::Json => "application/json",
        }
    }

    fn form(self) -> Form {
        if self == Self::Json {
            Form::Json
        } else {
            Form::Protobuf
        }
    }

    fn encoding(self) -> Encoding {
        if self == Self::Json {
            Encoding::Json
        } else {
            Encoding::Protobuf
        }
    }
}

/// What is known before the body is read.
struct Plan {
    media: Media,
    compression: Compression,
    holder: Option<Holder>,
}

pub async fn answer<S, B>(door: &Door<S>, address: IpAddr, request: Request<B>) -> Response<Reply>
where
    S: Sink,
    B: Body<Data = Bytes> + Unpin,
{
    let (parts, mut body) = request.into_parts();
    let signal = signal(parts.uri.path());
    let media = Media::of(&parts.headers);
    let pending = Pending::new(
        signal,
        Transport::Http,
        media.map_or(Encoding::Unknown, Media::encoding),
    );
    let by = ReadBy::after(door.config.body_timeout);
    let planned = plan(&parts, signal, media, &body, &door.config).and_then(|plan| {
        if signal == Signal::Traces {
            door.rates.check(plan.holder.as_ref())?;
        }
        Ok(plan)
    });
    let result = match planned {
        Ok(plan) => export(door, address, &parts, signal, plan, &mut body, by).await,
        // The sender waits for a "100 Continue" that reading would give it: the refusal spares it
        // the body.
        Err(refusal) if parts.headers.contains_key(EXPECT) => {
            pending.ends(refusal.outcome());
            return noted(refuse(media, &refusal), &parts, &refusal);
        }
        Err(refusal) => Err(refusal),
    };
    match result {
        Ok(success) => {
            pending.ends(success.outcome);
            let mut response = accept(media, success.partial.as_ref());
            if let Some(knock) = Knock::partial(head(&parts), &success, 200) {
                response.extensions_mut().insert(knock);
            }
            response
        }
        Err(refusal) => {
            if !matches!(refusal, Refusal::SlowBody { .. } | Refusal::Aborted) {
                body::drain(&mut body, by.after_refusal(&refusal)).await;
            }
            pending.ends(refusal.outcome());
            noted(refuse(media, &refusal), &parts, &refusal)
        }
    }
}

/// One refusal whatever is asked; the connection is of no more use.
pub async fn turn_down<S, B>(
    door: &Door<S>,
    request: Request<B>,
    refusal: &Refusal,
) -> Response<Reply>
where
    S: Sink,
    B: Body<Data = Bytes> + Unpin,
{
    let (parts, mut body) = request.into_parts();
    let media = Media::of(&parts.headers);
    let encoding = media.map_or(Encoding::Unknown, Media::encoding);
    let pending = Pending::new(signal(parts.uri.path()), Transport::Http, encoding);
    if !parts.headers.contains_key(EXPECT) {
        let by = ReadBy::after(door.config.body_timeout);
        body::drain(&mut body, by).await;
    }
    pending.ends(refusal.outcome());
    let mut response = noted(refuse(media, refusal), &parts, refusal);
    if parts.version != Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// The connection enters it into the ledger.
fn noted(mut response: Response<Reply>, parts: &Parts, refusal: &Refusal) -> Response<Reply> {
    let status = response.status().as_u16();
    let knock = Knock::refused(head(parts), refusal, status);
    response.extensions_mut().insert(knock);
    response
}

fn head(parts: &Parts) -> Head<'_> {
    Head {
        protocol: if parts.version == Version::HTTP_2 {
            "http2"
        } else {
            "http1"
        },
        method: &parts.method,
        path: parts.uri.path(),
        headers: &parts.headers,
    }
}

fn signal(path: &str) -> Signal {
    match path {
        "/v1/traces" => Signal::Traces,
        "/v1/metrics" => Signal::Metrics,
        "/v1/logs" => Signal::Logs,
        _ => Signal::Unknown,
    }
}

fn plan<B: Body>(
    parts: &Parts,
    signal: Signal,
    media: Option<Media>,
    body: &B,
    config: &Config,
) -> Result<Plan, Refusal> {
    let Config {
        keys,
        max_body_bytes,
        ..
    } = config;
    let content_type = parts.headers.get(CONTENT_TYPE);
    if content_type.is_some_and(is_grpc) && parts.version != Version::HTTP_2 {
        return Err(Refusal::ContentType(
            "application/grpc over HTTP/1".to_owned(),
        ));
    }
    if signal == Signal::Unknown {
        return Err(Refusal::UnknownPath(parts.uri.path().to_owned()));
    }
    if parts.method != Method::POST {
        return Err(Refusal::Method(parts.method.as_str().to_owned()));
    }
    let holder = keys
        .check(parts.uri.query(), &parts.headers)
        .map_err(Refusal::Key)?;
    let media =
        media.ok_or_else(|| Refusal::ContentType(content_type.map(lossy).unwrap_or_default()))?;
    let compression = compression(&parts.headers, &CONTENT_ENCODING)?;
    if body.size_hint().lower() > *max_body_bytes as u64 {
        let limit = *max_body_bytes;
        return Err(Refusal::TooLarge { limit });
    }
    Ok(Plan {
        media,
        compression,
        holder,
    })
}

async fn export<S, B>(
    door: &Door<S>,
    address: IpAddr,
    parts: &Parts,
    signal: Signal,
    plan: Plan,
    body: &mut B,
    by: ReadBy,
) -> Result<Success, Refusal>
where
    S: Sink,
    B: Body<Data = Bytes> + Unpin,
{
    let limit = door.config.max_body_bytes;
    let mut held = Held::for_request(&door.budget)?;
    if signal != Signal::Traces {
        let size = body::discard(body, limit, by).await?;
        meter::add(door.meter.wire_bytes, size as u64);
        return Ok(not_kept(door, address, &parts.headers));
    }
    let wire = body::collect(body, limit, by, &mut held).await?;
    meter::add(door.meter.wire_bytes, wire.len() as u64);
    let sender = Sender::of(plan.holder.as_ref(), &parts.headers, address);
    door.traces(sender, plan.media.form(), plan.compression, wire, &mut held)
        .await
}

/// Success for a signal that Clew does not keep: an error would make default SDKs log one at every
/// export.
pub fn not_kept<S: Sink>(door: &Door<S>, address: IpAddr, headers: &HeaderMap) -> Success {
    let user_agent = headers
        .get(USER_AGENT)
        .map_or(b"".as_slice(), HeaderValue::as_bytes);
    Success {
        outcome: Outcome::NotKept,
        partial: door.notes.for_sender(address, user_agent),
        cut: None,
    }
}

/// The header's one coding; a list of several is not supported.
pub fn compression(headers: &HeaderMap, name: &HeaderName) -> Result<Compression, Refusal> {
    let Some(value) = headers.get(name) else {
        return Ok(Compression::None);
    };
    let coding = value.as_bytes().trim_ascii();
    if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
        Ok(Compression::None)
    } else if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
        Ok(Compression::Gzip)
    } else if coding.eq_ignore_ascii_case(b"zstd") {
        Ok(Compression::Zstd)
    } else {
        Err(Refusal::ContentEncoding(lossy(value)))
    }
}

/// `application/grpc`, alone or with a message format. gRPC-Web is another protocol.
pub fn is_grpc(content_type: &HeaderValue) -> bool {
    const NAME: &[u8] = b"application/grpc";
    let essence = essence(content_type.as_bytes());
    essence
        .split_at_checked(NAME.len())
        .is_some_and(|(name, rest)| {
            name.eq_ignore_ascii_case(NAME) && matches!(rest.first(), None | Some(b'+'))
        })
}

/// A media type without its parameters.
fn essence(content_type: &[u8]) -> &[u8] {
    content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

pub fn lossy(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn accept(media: Option<Media>, partial: Option<&Partial>) -> Response<Reply> {
    let media = media.unwrap_or(Media::Json);
    let reply = match (media, partial) {
        (Media::Json, None) => Reply::full(Bytes::from_static(b"{}")),
        (Media::Json, partial) => Reply::full(answer::export_response_json(partial)),
        (_, None) => Reply::empty(),
        (_, partial) => Reply::full(answer::export_response(partial)),
    };
    let mut response = Response::new(reply);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    response
}

fn refuse(media: Option<Media>, refusal: &Refusal) -> Response<Reply> {
    let status = Status::of(refusal);
    // A sender of an unknown type reads JSON best.
    let media = media.unwrap_or(Media::Json);
    let body = if media == Media::Json {
        status.json()
    } else {
        status.protobuf()
    };
    let mut response = Response::new(Reply::full(body));
    let status_code = refusal.http();
    *response.status_mut() = status_code;
    if let Ok(reason) = ReasonPhrase::try_from(answer::reason_phrase(&status.message)) {
        response.extensions_mut().insert(reason);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    if let Some(seconds) = status.retry_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    match refusal {
        Refusal::Method(_) => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Refusal::ContentEncoding(_) => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
        }
        Refusal::Key(_) if status_code == StatusCode::UNAUTHORIZED => {
            let bearer = HeaderValue::from_static("Bearer realm=\"clew\"");
            headers.insert(WWW_AUTHENTICATE, bearer);
        }
        Refusal::SlowBody { .. } => {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn media_type_ignores_case_and_parameters() {
        let media = |value| Media::of(&with(CONTENT_TYPE, value));
        assert_eq!(media("application/x-protobuf"), Some(Media::XProtobuf));
        assert_eq!(media("APPLICATION/JSON ; charset=utf-8"), Some(Media::Json));
        assert_eq!(media("application/protobuf;x=y"), Some(Media::Protobuf));
        assert_eq!(media("application/jsonx"), None);
        assert_eq!(Media::of(&HeaderMap::new()), None);
    }

    #[test]
    fn grpc_is_recognised_and_grpc_web_is_not_grpc() {
        let grpc = |value| is_grpc(&HeaderValue::from_static(value));
        assert!(grpc("application/grpc"));
        assert!(grpc("Application/gRPC+proto; a=b"));
        assert!(!grpc("application/grpc-web"));
        assert!(!grpc("application/grp"));
    }

    #[test]
    fn only_one_known_coding_is_taken() {
        let coding = |value| compression(&with(CONTENT_ENCODING, value), &CONTENT_ENCODING);
        assert_eq!(coding("GZip"), Ok(Compression::Gzip));
        assert_eq!(coding("identity"), Ok(Compression::None));
        assert_eq!(coding("ZSTD"), Ok(Compression::Zstd));
        assert_eq!(
            coding("gzip, gzip"),
            Err(Refusal::ContentEncoding("gzip, gzip".to_owned()))
        );
        assert_eq!(coding("br"), Err(Refusal::ContentEncoding("br".to_owned())));
    }
}
