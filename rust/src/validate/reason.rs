//! Why spans are rejected, in a word for machines and a sentence for people.

use std::fmt::{self, Write as _};

use bytes::Bytes;

use super::value::Bad;
use super::{Admitted, Cuts};
use crate::wire::Fault;

/// One reason and how many spans it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// A word for counters, such as `trace_id_length`.
    pub reason: &'static str,
    pub count: u32,
    /// The first such span, with the value that is wrong.
    pub example: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Span,
    Resource,
    Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Trace,
    Span,
    Parent,
    LinkTrace,
    LinkSpan,
}

impl Id {
    fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace_id",
            Self::Span => "span_id",
            Self::Parent => "parent_span_id",
            Self::LinkTrace => "trace_id of a link",
            Self::LinkSpan => "span_id of a link",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Trace | Self::LinkTrace => 16,
            Self::Span | Self::Parent | Self::LinkSpan => 8,
        }
    }
}

/// Why one span is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Framing(Place, Fault),
    Depth(Place),
    IdLength(Id, usize),
    IdZero(Id),
    SpanSize(u64),
    HeadSize(u64),
    RequestSize(u64),
    /// JSON only: the field holds another type than its own.
    JsonType(Place, &'static str),
    /// JSON only: the text is not hexadecimal.
    JsonHex(&'static str),
    /// JSON only: hexadecimal digits come in pairs.
    JsonOddHex(&'static str),
    /// JSON only: the text is not base64.
    JsonBase64(Place, &'static str),
    /// JSON only: the enumeration has no such name.
    JsonName(Place, &'static str),
    /// JSON only: the number does not fit the field.
    JsonNumber(Place, &'static str),
}

impl Why {
    pub(super) fn inside(place: Place, bad: Bad) -> Self {
        match bad {
            Bad::Framing(fault) => Self::Framing(place, fault),
            Bad::Depth => Self::Depth(place),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Framing(Place::Resource, _)
            | Self::JsonType(Place::Resource, _)
            | Self::JsonBase64(Place::Resource, _)
            | Self::JsonName(Place::Resource, _)
            | Self::JsonNumber(Place::Resource, _) => "resource",
            Self::Framing(Place::Scope, _)
            | Self::JsonType(Place::Scope, _)
            | Self::JsonBase64(Place::Scope, _)
            | Self::JsonName(Place::Scope, _)
            | Self::JsonNumber(Place::Scope, _) => "scope",
            Self::Framing(Place::Span, _) => "span_framing",
            Self::Depth(_) => "depth",
            Self::IdLength(Id::Trace, _) => "trace_id_length",
            Self::IdLength(Id::Span, _) => "span_id_length",
            Self::IdLength(Id::Parent, _) => "parent_span_id_length",
            Self::IdLength(Id::LinkTrace | Id::LinkSpan, _) => "link_id_length",
            Self::IdZero(Id::Trace | Id::LinkTrace) => "trace_id_zero",
            Self::IdZero(_) => "span_id_zero",
            Self::SpanSize(_) => "span_size",
            Self::HeadSize(_) => "resource_size",
            Self::RequestSize(_) => "request_size",
            Self::JsonType(Place::Span, _) | Self::JsonBase64(Place::Span, _) => "json_type",
            Self::JsonHex(_) | Self::JsonOddHex(_) => "id_hex",
            Self::JsonNumber(Place::Span, _) | Self::JsonName(Place::Span, _) => "json_number",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Span => "span",
            Self::Resource => "resource",
            Self::Scope => "scope",
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Framing(place, fault) => write!(f, "its {place} is not valid protobuf, {fault}"),
            Self::Depth(place) => {
                write!(f, "an attribute value of its {place} is nested too deeply")
            }
            Self::IdLength(id, length) => write!(
                f,
                "{} has {length} byte{} instead of {}",
                id.name(),
                if *length == 1 { "" } else { "s" },
                id.bytes()
            ),
            Self::IdZero(id) => write!(f, "{} is all zeros", id.name()),
            Self::SpanSize(bytes) => write!(f, "it needs {bytes} bytes"),
            Self::HeadSize(bytes) => write!(
                f,
                "its resource and scope, which are repeated for each span, need {bytes} bytes"
            ),
            Self::RequestSize(most) => {
                write!(
                    f,
                    "with the resource repeated for each span the request needs more than {most} bytes"
                )
            }
            Self::JsonType(place, field) => {
                write!(f, "{field} of its {place} has the wrong JSON type")
            }
            Self::JsonHex(field) => write!(f, "{field} is not hexadecimal"),
            Self::JsonOddHex(field) => write!(f, "{field} has an odd number of digits"),
            Self::JsonBase64(place, field) => write!(f, "{field} of its {place} is not base64"),
            Self::JsonName(place, field) => write!(f, "{field} of its {place} has an unknown name"),
            Self::JsonNumber(place, field) => {
                write!(f, "{field} of its {place} is not a number in its range")
            }
        }
    }
}

/// What the sender can do about a reason.
fn advice(reason: &str) -> &'static str {
    match reason {
        "trace_id_length" | "trace_id_zero" => "a trace_id is 16 bytes, not all zero",
        "span_id_length" | "span_id_zero" => "a span_id is 8 bytes, not all zero",
        "parent_span_id_length" => "a parent_span_id is empty or 8 bytes",
        "link_id_length" => "a link's ids are empty, or 16 and 8 bytes",
        "id_hex" => "in JSON, ids are hexadecimal text, not base64",
        "depth" => "nest attribute values less than 65 levels deep",
        "span_size" => "put less data on one span",
        "resource_size" => "put less data on the resource and the scope",
        "request_size" => "send fewer spans in one request or put less data on the resource",
        "json_type" | "json_number" => "follow the JSON encoding of OTLP",
        _ => "check the exporter that encoded the request",
    }
}

/// The running result of a walk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub spans: u32,
    pub rejected: u32,
    pub reasons: Vec<Rejection>,
    pub replaced_utf8: u32,
    pub decoded_bytes: u64,
    /// Something is above a limit that is kept by cutting.
    pub is_over: bool,
}

impl Tally {
    #[inline]
    pub fn accept(&mut self, decoded_bytes: u64, replaced_utf8: u32) {
        self.spans += 1;
        self.decoded_bytes += decoded_bytes;
        self.replaced_utf8 = self.replaced_utf8.saturating_add(replaced_utf8);
    }

    #[cold]
    pub fn reject(&mut self, why: Why) {
        let position = self.spans + self.rejected + 1;
        self.rejected += 1;
        let reason = why.word();
        if let Some(known) = self.reasons.iter_mut().find(|known| known.reason == reason) {
            known.count += 1;
        } else {
            self.reasons.push(Rejection {
                reason,
                count: 1,
                example: format!("span {position}: {why}"),
            });
        }
    }

    pub fn admitted(self, body: Bytes, cuts: Cuts) -> Admitted {
        Admitted {
            decoded_bytes: self.decoded_bytes.max(body.len() as u64),
            body,
            spans: self.spans,
            rejected: self.rejected,
            reasons: self.reasons,
            replaced_utf8: self.replaced_utf8,
            cuts,
        }
    }
}

impl Admitted {
    /// Adds the rejections of a tally over other spans of the same request.
    pub(crate) fn add_rejections(&mut self, tally: Tally) {
        self.rejected += tally.rejected;
        for reason in tally.reasons {
            match self
                .reasons
                .iter_mut()
                .find(|known| known.reason == reason.reason)
            {
                Some(known) => known.count += reason.count,
                None => self.reasons.push(reason),
            }
        }
    }
}

/// The sentence of a partial success: why and what to do, at most 1 KiB. `None` when every span was
/// accepted.
pub fn message(admitted: &Admitted) -> Option<String> {
    const MOST: usize = 1024;
    if admitted.rejected == 0 {
        return None;
    }
    let total = admitted.spans + admitted.rejected;
    let (were, they_are) = if admitted.rejected == 1 {
        ("was", "it is")
    } else {
        ("were", "they are")
    };
    let mut text = format!(
        "{} of {total} span{} {were} rejected and must not be sent again as {they_are}",
        admitted.rejected,
        if total == 1 { "" } else { "s" },
    );
    for (index, rejection) in admitted.reasons.iter().enumerate() {
        let mut clause = String::from(if index == 0 { ": " } else { "; " });
        // Writing to a String does not fail.
        let _ = write!(
            clause,
            "{} × {} ({}; {})",
            rejection.count,
            rejection.reason,
            rejection.example,
            advice(rejection.reason)
        );
        if text.len() + clause.len() + 4 > MOST {
            text.push_str("; …");
            break;
        }
        text.push_str(&clause);
    }
    text.push('.');
    Some(text)
}
