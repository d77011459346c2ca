//! Span, Resource and InstrumentationScope from JSON.

use super::number::{enumeration, hex, unsigned32, unsigned64};
use super::text::{Stop, Text};
use super::value::attributes;
use crate::otlp::{event, link, resource, scope, span, status};
use crate::wire::Writer;

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

pub(super) fn span(text: &mut Text<'_>, writer: &mut Writer, max_depth: u8) -> Result<(), Stop> {
    text.object("span", |text, name| {
        match name {
            b"traceId" => writer.bytes_field(span::TRACE_ID, &hex(text, "traceId")?),
            b"spanId" => writer.bytes_field(span::SPAN_ID, &hex(text, "spanId")?),
            b"parentSpanId" => {
                writer.bytes_field(span::PARENT_SPAN_ID, &hex(text, "parentSpanId")?);
            }
            b"traceState" => {
                writer.bytes_field(span::TRACE_STATE, &text.string_value("traceState")?);
            }
            b"name" => writer.bytes_field(span::NAME, &text.string_value("name")?),
            b"kind" => writer.varint_field(
                span::KIND,
                sign_extended(enumeration(text, "kind", &KINDS)?),
            ),
            b"startTimeUnixNano" => {
                writer.fixed64_field(
                    span::START_TIME_UNIX_NANO,
                    unsigned64(text, "startTimeUnixNano")?,
                );
            }
            b"endTimeUnixNano" => writer.fixed64_field(
                span::END_TIME_UNIX_NANO,
                unsigned64(text, "endTimeUnixNano")?,
            ),
            b"attributes" => attributes(text, writer, span::ATTRIBUTES, max_depth)?,
            b"droppedAttributesCount" => count(
                text,
                writer,
                span::DROPPED_ATTRIBUTES_COUNT,
                "droppedAttributesCount",
            )?,
            b"events" => items(text, writer, span::EVENTS, "events", |text, writer| {
                event(text, writer, max_depth)
            })?,
            b"droppedEventsCount" => count(
                text,
                writer,
                span::DROPPED_EVENTS_COUNT,
                "droppedEventsCount",
            )?,
            b"links" => items(text, writer, span::LINKS, "links", |text, writer| {
                link(text, writer, max_depth)
            })?,
            b"droppedLinksCount" => {
                count(text, writer, span::DROPPED_LINKS_COUNT, "droppedLinksCount")?;
            }
            b"status" => {
                let message = writer.open(span::STATUS, 1);
                status(text, writer)?;
                writer.close(message);
            }
            b"flags" => writer.fixed32_field(span::FLAGS, unsigned32(text, "flags")?),
            _ => text.skip()?,
        }
        Ok(())
    })
}

fn items(
    text: &mut Text<'_>,
    writer: &mut Writer,
    number: u32,
    field: &'static str,
    mut item: impl FnMut(&mut Text<'_>, &mut Writer) -> Result<(), Stop>,
) -> Result<(), Stop> {
    text.array(field, |text| {
        if text.null()? {
            return Ok(());
        }
        let message = writer.open(number, 1);
        item(text, writer)?;
        writer.close(message);
        Ok(())
    })
}

fn event(text: &mut Text<'_>, writer: &mut Writer, max_depth: u8) -> Result<(), Stop> {
    text.object("events", |text, name| {
        match name {
            b"timeUnixNano" => {
                writer.fixed64_field(event::TIME_UNIX_NANO, unsigned64(text, "timeUnixNano")?);
            }
            b"name" => writer.bytes_field(event::NAME, &text.string_value("name")?),
            b"attributes" => attributes(text, writer, event::ATTRIBUTES, max_depth)?,
            b"droppedAttributesCount" => count(
                text,
                writer,
                event::DROPPED_ATTRIBUTES_COUNT,
                "droppedAttributesCount",
            )?,
            _ => text.skip()?,
        }
        Ok(())
    })
}

fn link(text: &mut Text<'_>, writer: &mut Writer, max_depth: u8) -> Result<(), Stop> {
    text.object("links", |text, name| {
        match name {
            b"traceId" => writer.bytes_field(link::TRACE_ID, &hex(text, "traceId of a link")?),
            b"spanId" => writer.bytes_field(link::SPAN_ID, &hex(text, "spanId of a link")?),
            b"traceState" => {
                writer.bytes_field(link::TRACE_STATE, &text.string_value("traceState")?);
            }
            b"attributes" => attributes(text, writer, link::ATTRIBUTES, max_depth)?,
            b"droppedAttributesCount" => count(
                text,
                writer,
                link::DROPPED_ATTRIBUTES_COUNT,
                "droppedAttributesCount",
            )?,
            b"flags" => writer.fixed32_field(link::FLAGS, unsigned32(text, "flags")?),
            _ => text.skip()?,
        }
        Ok(())
    })
}

fn status(text: &mut Text<'_>, writer: &mut Writer) -> Result<(), Stop> {
    text.object("status", |text, name| {
        match name {
            b"message" => writer.bytes_field(status::MESSAGE, &text.string_value("message")?),
            b"code" => writer.varint_field(
                status::CODE,
                sign_extended(enumeration(text, "code", &STATUS_CODES)?),
            ),
            _ => text.skip()?,
        }
        Ok(())
    })
}

pub(super) fn resource(
    text: &mut Text<'_>,
    writer: &mut Writer,
    max_depth: u8,
) -> Result<(), Stop> {
    text.object("resource", |text, name| {
        match name {
            b"attributes" => attributes(text, writer, resource::ATTRIBUTES, max_depth)?,
            b"droppedAttributesCount" => {
                count(
                    text,
                    writer,
                    resource::DROPPED_ATTRIBUTES_COUNT,
                    "droppedAttributesCount",
                )?;
            }
            _ => text.skip()?,
        }
        Ok(())
    })
}

pub(super) fn scope(text: &mut Text<'_>, writer: &mut Writer, max_depth: u8) -> Result<(), Stop> {
    text.object("scope", |text, name| {
        match name {
            b"name" => writer.bytes_field(scope::NAME, &text.string_value("name")?),
            b"version" => writer.bytes_field(scope::VERSION, &text.string_value("version")?),
            b"attributes" => attributes(text, writer, scope::ATTRIBUTES, max_depth)?,
            b"droppedAttributesCount" => count(
                text,
                writer,
                scope::DROPPED_ATTRIBUTES_COUNT,
                "droppedAttributesCount",
            )?,
            _ => text.skip()?,
        }
        Ok(())
    })
}

fn count(
    text: &mut Text<'_>,
    writer: &mut Writer,
    number: u32,
    field: &'static str,
) -> Result<(), Stop> {
    writer.varint_field(number, unsigned32(text, field)?.into());
    Ok(())
}

fn sign_extended(value: i32) -> u64 {
    i64::from(value).cast_unsigned()
}
