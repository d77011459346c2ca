//! How long a value is, and whether that is too long.

use super::Limits;
use crate::attributes::read_key_value;
use crate::otlp::LIST_VALUES;
use crate::render::Member;
use crate::wire::{Reader, Value};

/// What a value in a list counts beside its text: about what JSON writes around it.
pub(super) const PER_VALUE: usize = 24;
/// No value counts more than so many times its bytes on the wire.
pub(super) const MOST_GROWTH: usize = 16;

/// Whether a valid attribute is above a limit.
#[cold]
pub(super) fn is_over(attribute: &[u8], limits: &Limits) -> bool {
    let Ok((key, value)) = read_key_value(attribute) else {
        return false;
    };
    if key.len() > limits.max_name_bytes {
        return true;
    }
    let mut meter = Measure {
        left: limits.max_value_bytes,
        longest_key: limits.max_name_bytes,
    };
    match Member::read(&value) {
        Ok(Member::Text(bytes) | Member::Bytes(bytes)) => bytes.len() > limits.max_value_bytes,
        // What a list has beside its values (unknown fields, members that another one replaced) is
        // left out when it is written anew.
        Ok(Member::Array(list)) => {
            value.len() > limits.max_value_bytes
                || meter.list(&list, false, limits.max_depth).is_none()
        }
        Ok(Member::KvList(list)) => {
            value.len() > limits.max_value_bytes
                || meter.list(&list, true, limits.max_depth).is_none()
        }
        _ => false,
    }
}

/// Whether a list is within the limit. None: it is above, or cannot be read.
struct Measure {
    left: usize,
    longest_key: usize,
}

impl Measure {
    fn list(&mut self, list: &[u8], is_pairs: bool, depth_left: u8) -> Option<()> {
        let depth_left = depth_left.checked_sub(1)?;
        let mut reader = Reader::new(list);
        while let Some(field) = reader.field().ok()? {
            let (LIST_VALUES, Value::Bytes(item)) = (field.number, field.value) else {
                continue;
            };
            if is_pairs {
                let (key, value) = read_key_value(item).ok()?;
                if key.len() > self.longest_key {
                    return None;
                }
                self.left = self.left.checked_sub(key.len())?;
                self.value(&value, depth_left)?;
            } else {
                self.value(item, depth_left)?;
            }
        }
        Some(())
    }

    fn value(&mut self, value: &[u8], depth_left: u8) -> Option<()> {
        self.left = self.left.checked_sub(PER_VALUE)?;
        match Member::read(value).ok()? {
            Member::Text(bytes) | Member::Bytes(bytes) => {
                self.left = self.left.checked_sub(bytes.len())?;
            }
            Member::Array(list) => self.list(&list, false, depth_left)?,
            Member::KvList(list) => self.list(&list, true, depth_left)?,
            _ => {}
        }
        Some(())
    }
}

/// At most so many bytes, and no character in pieces.
pub(super) fn cut(text: &[u8], most: usize) -> &[u8] {
    if text.len() <= most {
        return text;
    }
    let continues = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let end = (most.saturating_sub(3)..=most)
        .rev()
        .find(|at| !continues(*at))
        .unwrap_or(most);
    text.get(..end).unwrap_or_default()
}
