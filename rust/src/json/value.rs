//! Attributes and AnyValue from JSON.

use super::number::{base64, double, signed64};
use super::text::{Stop, Text, Wrong};
use crate::otlp::{LIST_VALUES, any_value, key_value};
use crate::wire::{Open, Writer};

/// How deep values may still nest, and how deep they do.
#[derive(Clone, Copy)]
struct Depth {
    left: u8,
    used: u8,
}

impl Depth {
    fn deeper(self) -> Result<Self, Stop> {
        let left = self.left.checked_sub(1).ok_or(Stop::Wrong(Wrong::Depth))?;
        Ok(Self {
            left,
            used: self.used.saturating_add(1),
        })
    }

    /// Opens a message whose length usually takes one byte. A longer one is moved when it is
    /// closed, at each level again: beyond eight levels, where only hostile texts go, its length is
    /// padded instead.
    fn open(self, writer: &mut Writer, number: u32) -> Open {
        if self.used > 8 {
            writer.open_padded(number)
        } else {
            writer.open(number, 1)
        }
    }
}

/// An array of KeyValue as repeated field `number`.
pub(super) fn attributes(
    text: &mut Text<'_>,
    writer: &mut Writer,
    number: u32,
    max_depth: u8,
) -> Result<(), Stop> {
    key_values(
        text,
        writer,
        "attributes",
        number,
        Depth {
            left: max_depth,
            used: 0,
        },
    )
}

fn key_values(
    text: &mut Text<'_>,
    writer: &mut Writer,
    field: &'static str,
    number: u32,
    depth: Depth,
) -> Result<(), Stop> {
    text.array(field, |text| {
        if text.null()? {
            return Ok(());
        }
        let attribute = depth.open(writer, number);
        text.object(field, |text, name| match name {
            b"key" => {
                writer.bytes_field(key_value::KEY, &text.string_value("key")?);
                Ok(())
            }
            b"value" => value(text, writer, key_value::VALUE, depth),
            _ => text.skip(),
        })?;
        writer.close(attribute);
        Ok(())
    })
}

/// Recursion ends with the depth that is left, so the stack holds.
fn value(text: &mut Text<'_>, writer: &mut Writer, number: u32, depth: Depth) -> Result<(), Stop> {
    let depth = depth.deeper()?;
    let any = depth.open(writer, number);
    text.object("value", |text, name| {
        match name {
            b"stringValue" => {
                writer.bytes_field(any_value::STRING, &text.string_value("stringValue")?);
            }
            b"boolValue" => writer.varint_field(any_value::BOOL, text.boolean("boolValue")?.into()),
            b"intValue" => {
                writer.varint_field(any_value::INT, signed64(text, "intValue")?.cast_unsigned());
            }
            b"doubleValue" => {
                writer.fixed64_field(any_value::DOUBLE, double(text, "doubleValue")?.to_bits());
            }
            b"bytesValue" => writer.bytes_field(any_value::BYTES, &base64(text, "bytesValue")?),
            b"arrayValue" => list(text, writer, any_value::ARRAY, depth, |text, writer| {
                text.array("values", |text| {
                    // An array keeps the positions of its elements, so here nothing is a value
                    // without content.
                    if text.null()? {
                        writer.bytes_field(LIST_VALUES, b"");
                        return Ok(());
                    }
                    value(text, writer, LIST_VALUES, depth)
                })
            })?,
            b"kvlistValue" => list(text, writer, any_value::KVLIST, depth, |text, writer| {
                key_values(text, writer, "values", LIST_VALUES, depth)
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
    depth: Depth,
    mut values: impl FnMut(&mut Text<'_>, &mut Writer) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let list = depth.open(writer, number);
    text.object("value", |text, name| {
        if name == b"values" {
            values(text, writer)
        } else {
            text.skip()
        }
    })?;
    writer.close(list);
    Ok(())
}
