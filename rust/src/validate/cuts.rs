//! What was cut or dropped of a request that was kept: for the sender, the counters and the ledger,
//! and for who reads the span.

use std::fmt::Write as _;

use super::Limits;
use crate::attributes::read_key_value;

/// The attribute that says what was cut of the message it is on.
pub(super) const MARK: &str = "clew.cut";
const MARK_MOST: usize = 1_024;
/// How much of a name a sentence shows.
const SHOWN: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The value of an attribute, a status message or a trace state.
    Value,
    /// The name of a span, event or scope, or a scope's version.
    Name,
    Key,
    /// An attribute above the count.
    Attribute,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Value, Self::Name, Self::Key, Self::Attribute];

    pub fn word(self) -> &'static str {
        match self {
            Self::Value => "value_size",
            Self::Name => "name_size",
            Self::Key => "key_size",
            Self::Attribute => "attribute_count",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct First {
    kind: Kind,
    what: String,
    bytes: usize,
    service: String,
}

/// All that was cut or dropped of one request, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    counts: [u32; Kind::ALL.len()],
    first: Option<First>,
}

impl Cuts {
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// How many of each kind, where there are any.
    pub fn each(&self) -> impl Iterator<Item = (Kind, u32)> {
        Kind::ALL
            .into_iter()
            .zip(self.counts)
            .filter(|(_, count)| *count > 0)
    }

    pub(super) fn cut(&mut self, kind: Kind, what: &[u8], bytes: usize, service: &[u8]) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count = count.saturating_add(1);
        }
        self.first.get_or_insert_with(|| First {
            kind,
            what: shown(what),
            bytes,
            service: shown(service),
        });
    }

    /// An attribute that is not kept, of a span, event and so on.
    pub(super) fn dropped(&mut self, attribute: &[u8], place: &str, service: &[u8]) {
        let key = read_key_value(attribute).map_or(b"".as_slice(), |(key, _)| key);
        let what = format!("{} of a {place}", shown(key));
        self.cut(Kind::Attribute, what.as_bytes(), attribute.len(), service);
    }

    /// The same words for the same cause, so that the ledger can count them.
    pub fn detail(&self) -> String {
        self.first.as_ref().map_or_else(String::new, |first| {
            format!(
                "{}: {} of service {}",
                first.kind.word(),
                first.what,
                first.service
            )
        })
    }

    /// For the sender: how many, the first of them, and what to do. None: nothing was cut.
    pub fn sentence(&self, limits: &Limits) -> Option<String> {
        let first = self.first.as_ref()?;
        let mut text = String::from("all spans were kept, but");
        for (index, (kind, count)) in self.each().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (one, many, most) = match kind {
                Kind::Value => ("value was", "values were", limits.max_value_bytes),
                Kind::Name => ("name was", "names were", limits.max_name_bytes),
                Kind::Key => ("key was", "keys were", limits.max_name_bytes),
                Kind::Attribute => ("attribute was", "attributes were", 0),
            };
            let noun = if count == 1 { one } else { many };
            // Writing to a String does not fail.
            let _ = if kind == Kind::Attribute {
                let most = limits.max_attributes;
                write!(
                    text,
                    "{comma} {count} {noun} above {most} of one owner and dropped"
                )
            } else {
                write!(text, "{comma} {count} {noun} cut to {most} bytes")
            };
        }
        let _ = write!(
            text,
            "; the first is {} of service \"{}\" ({} bytes). Record less, limit it in the SDK (OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT, OTEL_ATTRIBUTE_COUNT_LIMIT), or raise Clew's max_value_bytes or max_attributes",
            first.what, first.service, first.bytes
        );
        Some(text)
    }
}

/// What was cut of one message.
#[derive(Debug, Default)]
pub(super) struct Marks(String);

impl Marks {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, what: &[u8], bytes: usize) {
        if self.0.len() > MARK_MOST {
            return;
        }
        let comma = if self.0.is_empty() { "" } else { ", " };
        // Writing to a String does not fail.
        let _ = write!(self.0, "{comma}{} ({bytes} bytes)", shown(what));
    }

    pub fn take(&mut self, other: &Self) {
        let comma = if self.0.is_empty() || other.0.is_empty() {
            ""
        } else {
            ", "
        };
        self.0 += comma;
        self.0 += &other.0;
    }

    /// At most so many bytes.
    pub fn text(self, most: usize) -> String {
        let most = most.min(MARK_MOST);
        if self.0.len() <= most {
            return self.0;
        }
        let mut end = most.saturating_sub("…".len());
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}…", self.0.get(..end).unwrap_or_default())
    }
}

fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name.get(..4 * SHOWN).unwrap_or(name));
    let mut short: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect();
    if text.chars().count() > SHOWN {
        short.push('…');
    }
    short
}
