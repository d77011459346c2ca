//! A strict JSON reader over one slice: values are pulled in the order of the text, nothing is
//! built, nothing recurses.

use std::borrow::Cow;

/// Why reading stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text is not JSON: nothing after this place can be told apart.
    Syntax(&'static str),
    /// It is JSON, but not what the field may hold.
    Wrong(Wrong),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Type(&'static str),
    Number(&'static str),
    Hex(&'static str),
    OddHex(&'static str),
    Base64(&'static str),
    /// An enumeration has no such name.
    Name(&'static str),
    Depth,
}

pub(super) struct Text<'a> {
    input: &'a [u8],
    pub at: usize,
    /// Surrogates without their other half, which became U+FFFD.
    pub replaced: u32,
}

impl<'a> Text<'a> {
    /// The input is UTF-8.
    pub fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            replaced: 0,
        }
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// The first byte of the next token.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Stop> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(Stop::Syntax(otherwise))
        }
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<(), Stop> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(Stop::Syntax("something follows the value"))
        }
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), Stop> {
        if self
            .input
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
        {
            self.at += word.len();
            Ok(())
        } else {
            Err(Stop::Syntax("a word is not true, false or null"))
        }
    }

    /// Takes a null, which means absent.
    pub fn null(&mut self) -> Result<bool, Stop> {
        let found = self.peek() == Some(b'n');
        if found {
            self.literal(b"null")?;
        }
        Ok(found)
    }

    /// Calls `member` with each name, at its value; nulls are passed over. `member` must consume
    /// the value.
    pub fn object(
        &mut self,
        field: &'static str,
        mut member: impl FnMut(&mut Self, &[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if self.peek() != Some(b'{') {
            return Err(self.wrong_type(field));
        }
        self.at += 1;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(Stop::Syntax("a name is missing"));
            }
            let name = self.string()?;
            self.take(b':', "a colon is missing")?;
            if !self.null()? {
                member(self, &name)?;
            }
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                return self.take(b'}', "an object is not closed");
            }
        }
    }

    /// Calls `item` at each element, which it must consume.
    pub fn array(
        &mut self,
        field: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if self.peek() != Some(b'[') {
            return Err(self.wrong_type(field));
        }
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                return self.take(b']', "an array is not closed");
            }
        }
    }

    /// The value here is another one than the field's, or none at all.
    fn wrong_type(&mut self, field: &'static str) -> Stop {
        match self.peek() {
            Some(b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => {
                Stop::Wrong(Wrong::Type(field))
            }
            Some(_) => Stop::Syntax("a value begins with a wrong character"),
            None => Stop::Syntax("the text ends early"),
        }
    }

    pub fn string_value(&mut self, field: &'static str) -> Result<Cow<'a, [u8]>, Stop> {
        if self.peek() == Some(b'"') {
            self.string()
        } else {
            Err(self.wrong_type(field))
        }
    }

    pub fn boolean(&mut self, field: &'static str) -> Result<bool, Stop> {
        match self.peek() {
            Some(b't') => self.literal(b"true").map(|()| true),
            Some(b'f') => self.literal(b"false").map(|()| false),
            _ => Err(self.wrong_type(field)),
        }
    }

    /// A number's text, whether it was written as a number or as a string.
    pub fn number_or_string(&mut self, field: &'static str) -> Result<Cow<'a, [u8]>, Stop> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number().map(Cow::Borrowed),
            _ => Err(self.wrong_type(field)),
        }
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            Err(Stop::Syntax("a number lacks digits"))
        } else {
            Ok(())
        }
    }

    fn number(&mut self) -> Result<&'a [u8], Stop> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.input.get(start..self.at).unwrap_or_default())
    }

    /// Past any value, however deep.
    pub fn skip(&mut self) -> Result<(), Stop> {
        let mut open = OpenBrackets::default();
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    open.push(true);
                    if self.peek() != Some(b'}') {
                        self.member_name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    open.push(false);
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b'"') => drop(self.raw_string()?),
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                Some(b'-' | b'0'..=b'9') => drop(self.number()?),
                Some(_) => return Err(Stop::Syntax("a value begins with a wrong character")),
                None => return Err(Stop::Syntax("the text ends early")),
            }
            // A value is complete: close what it ends, or go on to its neighbour.
            loop {
                let Some(is_object) = open.last() else {
                    return Ok(());
                };
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if is_object {
                            self.member_name()?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => {}
                    Some(b']') if !is_object => {}
                    _ => return Err(Stop::Syntax("an object or array is not closed")),
                }
                self.at += 1;
                open.pop();
            }
        }
    }

    fn member_name(&mut self) -> Result<(), Stop> {
        if self.peek() != Some(b'"') {
            return Err(Stop::Syntax("a name is missing"));
        }
        self.raw_string()?;
        self.take(b':', "a colon is missing")
    }

    #[inline]
    fn string(&mut self) -> Result<Cow<'a, [u8]>, Stop> {
        let (raw, escaped) = self.raw_string()?;
        if escaped {
            Ok(Cow::Owned(self.unescape(raw)))
        } else {
            Ok(Cow::Borrowed(raw))
        }
    }

    /// What stands between the quotes, checked, and whether it has escapes.
    #[inline]
    fn raw_string(&mut self) -> Result<(&'a [u8], bool), Stop> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_length(self.input.get(self.at..).unwrap_or_default());
            match self.byte() {
                Some(b'"') => {
                    let raw = self.input.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok((raw, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += match self.input.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u')
                            if hex4(self.input.get(self.at + 2..).unwrap_or_default())
                                .is_some() =>
                        {
                            6
                        }
                        _ => return Err(Stop::Syntax("a string has a wrong escape")),
                    };
                }
                Some(_) => return Err(Stop::Syntax("a string has a control character")),
                None => return Err(Stop::Syntax("a string is not closed")),
            }
        }
    }

    fn unescape(&mut self, raw: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((plain, escape)) = split_at_backslash(rest) {
            text.extend_from_slice(plain);
            rest = match escape {
                [b'u', rest @ ..] => {
                    let (character, rest) = unicode_escape(rest);
                    self.replaced = self.replaced.saturating_add(u32::from(character.is_none()));
                    let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    rest
                }
                [letter, rest @ ..] => {
                    text.push(match letter {
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        same => *same,
                    });
                    rest
                }
                [] => &[],
            };
        }
        text.extend_from_slice(rest);
        text
    }
}

fn split_at_backslash(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'\\', text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn hex4(text: &[u8]) -> Option<u32> {
    text.first_chunk::<4>()?.iter().try_fold(0, |value, byte| {
        Some(value << 4 | char::from(*byte).to_digit(16)?)
    })
}

/// The character behind `\u`, `None` for half a pair, and what follows it.
fn unicode_escape(text: &[u8]) -> (Option<char>, &[u8]) {
    let after = |count: usize| text.get(count..).unwrap_or_default();
    let unit = hex4(text).unwrap_or_default();
    if (0xd800..0xdc00).contains(&unit)
        && let Some(low) = after(4).strip_prefix(b"\\u").and_then(hex4)
        && (0xdc00..0xe000).contains(&low)
    {
        return (
            char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)),
            after(10),
        );
    }
    (char::from_u32(unit), after(4))
}

/// How many bytes come before the next quote, backslash or control character; eight at a time.
#[inline]
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest marked byte is exact; a borrow can only mark bytes above it.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let (words, tail) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = quote | backslash | below(word, 0x20);
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\') || *byte < 0x20;
    words.len() * 8 + tail.iter().position(special).unwrap_or(tail.len())
}

/// Which brackets are open: a bit each, so that a body full of them costs an eighth of itself.
#[derive(Default)]
struct OpenBrackets {
    words: Vec<u64>,
    depth: usize,
}

impl OpenBrackets {
    fn push(&mut self, is_object: bool) {
        if self.depth / 64 == self.words.len() {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            let bit = 1 << (self.depth % 64);
            *word = if is_object { *word | bit } else { *word & !bit };
        }
        self.depth += 1;
    }

    fn last(&self) -> Option<bool> {
        let depth = self.depth.checked_sub(1)?;
        Some(self.words.last()? >> (depth % 64) & 1 == 1)
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth.is_multiple_of(64) {
            self.words.pop();
        }
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
