//! OTLP/JSON at the door: re-encoded as protobuf, then checked by the same walk as a protobuf
//! request.
//!
//! What only JSON can get wrong (a field of another type, an id that is not hexadecimal) is found
//! here and costs the same as its like in protobuf: inside a span that span, inside a resource or
//! scope the spans under it, else the request.

mod number;
mod span;
mod text;
mod value;

use bytes::Bytes;

use crate::otlp::{REQUEST_RESOURCE_SPANS, group};
use crate::validate::{Admitted, Limits, Malformed, Place, Tally, Why, protobuf};
use crate::wire::Writer;
use text::{Stop, Text, Wrong};

/// Checks an ExportTraceServiceRequest in JSON; the admitted body is protobuf.
pub fn json(body: &[u8], limits: &Limits) -> Result<Admitted, Malformed> {
    if body.starts_with(b"\xef\xbb\xbf") {
        return Err(Malformed(
            "the body begins with a byte order mark: send JSON without it".to_owned(),
        ));
    }
    if simdutf8::basic::from_utf8(body).is_err() {
        return Err(Malformed("the body is not UTF-8".to_owned()));
    }
    let mut text = Text::new(body);
    let mut encoder = Encoder {
        writer: Writer::with_capacity(body.len() / 2),
        tally: Tally::default(),
        limits,
    };
    encoder
        .request(&mut text)
        .map_err(|stop| malformed(stop, text.at, body.len()))?;
    let Encoder { writer, tally, .. } = encoder;
    let mut admitted = protobuf(Bytes::from(writer.into_bytes()), limits)?;
    admitted.replaced_utf8 = admitted.replaced_utf8.saturating_add(text.replaced);
    admitted.add_rejections(tally);
    Ok(admitted)
}

fn malformed(stop: Stop, at: usize, length: usize) -> Malformed {
    let what = match stop {
        Stop::Syntax(what) => what.to_owned(),
        Stop::Wrong(
            Wrong::Type(field)
            | Wrong::Number(field)
            | Wrong::Hex(field)
            | Wrong::OddHex(field)
            | Wrong::Base64(field)
            | Wrong::Name(field),
        ) => {
            format!("{field} has the wrong JSON type")
        }
        Stop::Wrong(Wrong::Depth) => "a value is nested too deeply".to_owned(),
    };
    Malformed(format!(
        "the body is not an OTLP trace request in JSON: {what} (near byte {at} of {length})"
    ))
}

fn why(place: Place, wrong: Wrong) -> Why {
    match wrong {
        Wrong::Type(field) => Why::JsonType(place, field),
        Wrong::Number(field) => Why::JsonNumber(place, field),
        Wrong::Hex(field) => Why::JsonHex(field),
        Wrong::OddHex(field) => Why::JsonOddHex(field),
        Wrong::Base64(field) => Why::JsonBase64(place, field),
        Wrong::Name(field) => Why::JsonName(place, field),
        Wrong::Depth => Why::Depth(place),
    }
}

struct Encoder<'l> {
    writer: Writer,
    /// Spans written, and spans that only JSON can get wrong.
    tally: Tally,
    limits: &'l Limits,
}

impl Encoder<'_> {
    fn request(&mut self, text: &mut Text<'_>) -> Result<(), Stop> {
        text.object("the request", |text, name| match name {
            b"resourceSpans" => {
                text.array("resourceSpans", |text| self.group(text, Place::Resource))
            }
            _ => text.skip(),
        })?;
        text.end()
    }

    /// One ResourceSpans or ScopeSpans. If its head is wrong, its spans are all rejected for that.
    fn group(&mut self, text: &mut Text<'_>, place: Place) -> Result<(), Stop> {
        if text.null()? {
            return Ok(());
        }
        let (number, field, head, children) = match place {
            Place::Resource => (
                REQUEST_RESOURCE_SPANS,
                "resourceSpans",
                "resource",
                "scopeSpans",
            ),
            _ => (group::CHILDREN, "scopeSpans", "scope", "spans"),
        };
        let (length, before, replaced) = (self.writer.len(), self.tally.clone(), text.replaced);
        let mut broken = None;
        let message = self.writer.open(number, 3);
        text.object(field, |text, name| {
            if name == head.as_bytes() {
                broken = broken.or(self.head(text, place)?);
                Ok(())
            } else if name == children.as_bytes() {
                text.array(children, |text| match place {
                    Place::Resource => self.group(text, Place::Scope),
                    _ => self.span(text),
                })
            } else if name == b"schemaUrl" {
                self.writer
                    .bytes_field(group::SCHEMA_URL, &text.string_value("schemaUrl")?);
                Ok(())
            } else {
                text.skip()
            }
        })?;
        self.writer.close(message);
        if let Some(why) = broken {
            let spans = (self.tally.spans + self.tally.rejected) - (before.spans + before.rejected);
            self.writer.truncate(length);
            self.tally = before;
            text.replaced = replaced;
            for _ in 0..spans {
                self.tally.reject(why);
            }
        }
        Ok(())
    }

    /// The Resource or scope; what is wrong inside it is returned.
    fn head(&mut self, text: &mut Text<'_>, place: Place) -> Result<Option<Why>, Stop> {
        let depth = self.limits.max_depth;
        self.part(text, group::HEAD, place, |text, writer| match place {
            Place::Resource => span::resource(text, writer, depth),
            _ => span::scope(text, writer, depth),
        })
    }

    fn span(&mut self, text: &mut Text<'_>) -> Result<(), Stop> {
        if text.null()? {
            return Ok(());
        }
        let depth = self.limits.max_depth;
        match self.part(text, group::CHILDREN, Place::Span, |text, writer| {
            span::span(text, writer, depth)
        })? {
            None => self.tally.spans += 1,
            Some(why) => self.tally.reject(why),
        }
        Ok(())
    }

    /// Writes a message, or passes over it and says why it cannot be written.
    fn part(
        &mut self,
        text: &mut Text<'_>,
        number: u32,
        place: Place,
        write: impl FnOnce(&mut Text<'_>, &mut Writer) -> Result<(), Stop>,
    ) -> Result<Option<Why>, Stop> {
        let (start, replaced, length) = (text.at, text.replaced, self.writer.len());
        let message = self.writer.open(number, 2);
        match write(text, &mut self.writer) {
            Ok(()) => {
                self.writer.close(message);
                Ok(None)
            }
            Err(Stop::Wrong(wrong)) => {
                self.writer.truncate(length);
                (text.at, text.replaced) = (start, replaced);
                text.skip()?;
                Ok(Some(why(place, wrong)))
            }
            Err(syntax) => Err(syntax),
        }
    }
}

#[cfg(test)]
mod tests;
