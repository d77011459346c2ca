//! Inputs out of inputs: bytes changed anywhere, and protobuf changed with all lengths kept right,
//! for else nearly every change is only a broken length.

use crate::wire::{Reader, Value};

/// splitmix64: a seed gives the same inputs again.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A place in `bytes`, and at most so many bytes behind it.
    fn piece(&mut self, bytes: &[u8], most: usize) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        let length = self.below(most.min(bytes.len() - start) + 1);
        start..start + length
    }
}

pub const LONGEST: usize = 64 << 10;
const NUMBERS: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
    1 << 62,
];

/// `donor` lends pieces; `words` are what the format's own parser looks for.
pub fn mutate(
    random: &mut Random,
    input: &[u8],
    donor: &[u8],
    words: &[&[u8]],
    tree: bool,
) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        if tree && !random.one_in(4) {
            bytes = in_tree(random, &bytes, donor, 0);
        } else {
            anywhere(random, &mut bytes, donor, words);
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

fn anywhere(random: &mut Random, bytes: &mut Vec<u8>, donor: &[u8], words: &[&[u8]]) {
    let at = random.below(bytes.len() + 1);
    match random.below(11) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.next() as u8;
            }
        }
        2 => bytes.insert(at, random.next() as u8),
        3 => {
            let piece = random.piece(bytes, 16);
            bytes.drain(piece);
        }
        4 => {
            let piece = random.piece(donor, 64);
            bytes.splice(at..at, donor[piece].iter().copied());
        }
        5 => {
            let piece = random.piece(bytes, 64);
            let copy = bytes[piece].to_vec();
            bytes.splice(at..at, copy);
        }
        6 => {
            let number = NUMBERS[random.below(NUMBERS.len())].to_le_bytes();
            let mut number = number[..1 << random.below(4)].to_vec();
            if random.one_in(2) {
                number.reverse();
            }
            let end = (at + number.len()).min(bytes.len());
            bytes.splice(at..end, number);
        }
        7 => bytes.truncate(at),
        // The input grows, now and then by much: time and memory must grow no faster.
        8 if random.one_in(32) => {
            let piece = random.piece(bytes, 64);
            let copy = bytes[piece].to_vec();
            let times = random.below(LONGEST / copy.len().max(1)).min(4_096);
            bytes.splice(at..at, copy.repeat(times));
        }
        _ if words.is_empty() => bytes.push(random.next() as u8),
        _ => {
            let word = words[random.below(words.len())];
            let end = if random.one_in(2) {
                (at + word.len()).min(bytes.len())
            } else {
                at
            };
            bytes.splice(at..end, word.iter().copied());
        }
    }
}

/// Changes one field of a message, or of a message in it.
fn in_tree(random: &mut Random, message: &[u8], donor: &[u8], depth: usize) -> Vec<u8> {
    let Some(mut fields) = fields(message) else {
        let mut bytes = message.to_vec();
        anywhere(random, &mut bytes, donor, &[]);
        return bytes;
    };
    if fields.is_empty() {
        fields = self::fields(donor).unwrap_or_default();
        fields.truncate(1 + random.below(3));
        return fields.concat();
    }
    let at = random.below(fields.len());
    let inner = inner(&fields[at]);
    match (inner, random.below(12)) {
        (Some((number, inner)), 0..=6) if depth < 40 => {
            let changed = in_tree(random, &inner, donor, depth + 1);
            fields[at] = field(number, &changed);
        }
        (_, 0..=6) => anywhere(random, &mut fields[at], donor, &[]),
        (_, 7) => {
            fields.remove(at);
        }
        (_, 8) => fields.insert(at, fields[random.below(fields.len())].clone()),
        (_, 9) => {
            let other = random.below(fields.len());
            fields.swap(at, other);
        }
        // A message of another place: legal framing around the wrong thing.
        (Some((number, _)), 10) => {
            let lent = self::fields(donor).unwrap_or_default();
            if let Some(lent) = lent.get(random.below(lent.len())) {
                fields[at] = field(number, lent);
            }
        }
        // Deeper by levels of its own kind.
        (Some((number, inner)), _) => {
            let levels = random.below(80);
            fields[at] = (0..levels).fold(field(number, &inner), |inner, _| field(number, &inner));
        }
        _ => fields.push(field(1 + random.below(16) as u32, donor)),
    }
    fields.concat()
}

/// The fields of a message, each with its tag. None: it is no message.
fn fields(message: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(message);
    let mut fields = Vec::new();
    while let Some((_, whole)) = reader.field_with_bytes().ok()? {
        fields.push(whole.to_vec());
    }
    Some(fields)
}

fn inner(field: &[u8]) -> Option<(u32, Vec<u8>)> {
    let field = Reader::new(field).field().ok()??;
    match field.value {
        Value::Bytes(inner) => Some((field.number, inner.to_vec())),
        _ => None,
    }
}

fn field(number: u32, inner: &[u8]) -> Vec<u8> {
    let mut writer = crate::wire::Writer::default();
    writer.bytes_field(number, inner);
    writer.into_bytes()
}
