//! Attributes and AnyValue from JSON.

use super::number::{base64, double, signed64};
use super::text::{Stop, Text, Wrong};
use crate::otlp::{LIST_VALUES, any_value, key_value};
use crate::wire::Writer;

/// An array of KeyValue as repeated field `number`.
pub(super) fn attributes(text: &mut Text<'_>, writer: &mut Writer, number: u32, max_depth: u8) -> Result<(), Stop> {
    key_values(text, writer, "attributes", number, max_depth)
}

fn key_values(
    text: &mut Text<'_>,
    writer: &mut Writer,
    field: &'static str,
    number: u32,
    depth_left: u8,
) -> Result<(), Stop> {
    text.array(field, |text| {
        if text.null()? {
            return Ok(());
        }
        let attribute = writer.open(number, 1);
        text.object(field, |text, name| match name {
            b"key" => {
                writer.bytes_field(key_value::KEY, &text.string_value("key")?);
                Ok(())
            }
            b"value" => value(text, writer, key_value::VALUE, depth_left),
            _ => text.skip(),
        })?;
        writer.close(attribute);
        Ok(())
    })
}

/// Recursion ends with `depth_left`, so the stack holds.
fn value(text: &mut Text<'_>, writer: &mut Writer, number: u32, depth_left: u8) -> Result<(), Stop> {
    let Some(depth_left) = depth_left.checked_sub(1) else { return Err(Stop::Wrong(Wrong::Depth)) };
    let any = writer.open(number, 1);
    text.object("value", |text, name| {
        match name {
            b"stringValue" => writer.bytes_field(any_value::STRING, &text.string_value("stringValue")?),
            b"boolValue" => writer.varint_field(any_value::BOOL, text.boolean("boolValue")?.into()),
            b"intValue" => writer.varint_field(any_value::INT, signed64(text, "intValue")?.cast_unsigned()),
            b"doubleValue" => writer.fixed64_field(any_value::DOUBLE, double(text, "doubleValue")?.to_bits()),
            b"bytesValue" => writer.bytes_field(any_value::BYTES, &base64(text, "bytesValue")?),
            b"arrayValue" => list(text, writer, any_value::ARRAY, |text, writer| {
                text.array("values", |text| {
                    // An array keeps the positions of its elements, so here nothing is a value without content.
                    if text.null()? {
                        writer.bytes_field(LIST_VALUES, b"");
                        return Ok(());
                    }
                    value(text, writer, LIST_VALUES, depth_left)
                })
            })?,
            b"kvlistValue" => list(text, writer, any_value::KVLIST, |text, writer| {
                key_values(text, writer, "values", LIST_VALUES, depth_left)
            })?,
            _ => text.skip()?,
        }
        Ok(())
    })?;
    writer.close(any);
    Ok(())
}

/// ArrayValue or KeyValueList.
fn list(
    text: &mut Text<'_>,
    writer: &mut Writer,
    number: u32,
    mut values: impl FnMut(&mut Text<'_>, &mut Writer) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let list = writer.open(number, 1);
    text.object("value", |text, name| if name == b"values" { values(text, writer) } else { text.skip() })?;
    writer.close(list);
    Ok(())
}
