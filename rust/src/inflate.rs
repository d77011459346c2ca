//! gzip and zstd, bounded: in bytes after decompression, in members, and in memory through the
//! caller's `grow`.

mod frames;

use std::cell::RefCell;

pub use frames::zstd;

use flate2::{Decompress, FlushDecompress, Status};

/// Concatenated members (zstd: frames) are legal, but every one costs a reset; nobody needs many.
const MOST_MEMBERS: usize = 1_024;
const FIRST_STEP: usize = 16 << 10;
const LARGEST_STEP: usize = 4 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// The body would exceed the limit.
    TooLarge,
    /// The memory budget is exhausted.
    NoMemory,
    Corrupt(String),
}

thread_local! {
    /// Kept because its window of 32 KiB and its tables would otherwise be allocated for every
    /// request.
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Decompresses all members. `grow(n)` reserves n more bytes of the caller's memory budget.
pub fn gzip(
    input: &[u8],
    limit: usize,
    grow: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<u8>, InflateError> {
    INFLATER.with_borrow_mut(|inflater| members(inflater, input, limit, grow))
}

fn members(
    inflater: &mut Decompress,
    mut input: &[u8],
    limit: usize,
    grow: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<u8>, InflateError> {
    let mut out = Vec::new();
    // The last member's length field is the right size for the usual single member; a lie costs no
    // more than one step, because the promise is believed only as far as text-like data can be
    // expected to shrink.
    let promised = input
        .last_chunk::<4>()
        .map_or(0, |size| u32::from_le_bytes(*size) as usize);
    // The few bytes more let the inflater reach the end mark without another step.
    let mut step = promised
        .min(input.len().saturating_mul(16))
        .saturating_add(64)
        .clamp(FIRST_STEP, LARGEST_STEP);
    for _ in 0..MOST_MEMBERS {
        let body = skip_header(input)?;
        inflater.reset(false);
        let start = out.len();
        input = member(inflater, body, &mut out, &mut step, limit, grow)?;
        let Some((trailer, rest)) = input.split_first_chunk::<8>() else {
            return Err(corrupt("it ends within a member's trailer"));
        };
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *trailer;
        let written = out.get(start..).unwrap_or_default();
        if crc32fast::hash(written) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(corrupt("the checksum does not match"));
        }
        if written.len() as u32 != u32::from_le_bytes([s0, s1, s2, s3]) {
            return Err(corrupt("the length does not match"));
        }
        input = rest;
        if input.is_empty() {
            return Ok(out);
        }
    }
    Err(corrupt(&format!("it has more than {MOST_MEMBERS} members")))
}

/// One deflate stream; returns what follows it.
fn member<'a>(
    inflater: &mut Decompress,
    mut input: &'a [u8],
    out: &mut Vec<u8>,
    step: &mut usize,
    limit: usize,
    grow: &mut dyn FnMut(usize) -> bool,
) -> Result<&'a [u8], InflateError> {
    loop {
        room(out, step, limit, grow)?;
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let status = inflater
            .decompress_vec(input, out, FlushDecompress::None)
            .map_err(|error| corrupt(error.message().unwrap_or("bad deflate data")))?;
        let consumed = (inflater.total_in() - before_in) as usize;
        input = input.get(consumed..).unwrap_or_default();
        if out.len() > limit {
            return Err(InflateError::TooLarge);
        }
        if status == Status::StreamEnd {
            return Ok(input);
        }
        let stuck = consumed == 0 && inflater.total_out() == before_out;
        if (input.is_empty() || stuck) && out.len() < out.capacity() {
            return Err(corrupt("it ends too early"));
        }
    }
}

/// Makes room for more bytes if there is none.
fn room(
    out: &mut Vec<u8>,
    step: &mut usize,
    limit: usize,
    grow: &mut dyn FnMut(usize) -> bool,
) -> Result<(), InflateError> {
    if out.len() < out.capacity() {
        return Ok(());
    }
    // One byte above the limit tells "exactly the limit" from "more".
    let more = (*step).min((limit + 1).saturating_sub(out.len()));
    if more == 0 {
        return Err(InflateError::TooLarge);
    }
    if !grow(more) {
        return Err(InflateError::NoMemory);
    }
    out.reserve_exact(more);
    *step = (*step * 2).min(LARGEST_STEP);
    Ok(())
}

/// RFC 1952, section 2.3.
fn skip_header(input: &[u8]) -> Result<&[u8], InflateError> {
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const HEADER_CRC: u8 = 2;
    const RESERVED: u8 = 0b1110_0000;
    let Some((header, mut rest)) = input.split_first_chunk::<10>() else {
        return Err(corrupt("it ends within a member's header"));
    };
    let [0x1f, 0x8b, 8, flags, ..] = *header else {
        return Err(corrupt(
            "it does not start with the gzip signature 1f 8b 08",
        ));
    };
    if flags & RESERVED != 0 {
        return Err(corrupt(
            "a member's header has flags that gzip does not know",
        ));
    }
    let cut = || corrupt("it ends within a member's header");
    if flags & EXTRA != 0 {
        let (size, after) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        rest = after
            .get(usize::from(u16::from_le_bytes(*size))..)
            .ok_or_else(cut)?;
    }
    for present in [flags & NAME != 0, flags & COMMENT != 0] {
        if present {
            let end = memchr::memchr(0, rest).ok_or_else(cut)?;
            rest = rest.get(end + 1..).ok_or_else(cut)?;
        }
    }
    if flags & HEADER_CRC != 0 {
        let header = input.get(..input.len() - rest.len()).unwrap_or_default();
        let (sum, after) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        if crc32fast::hash(header) as u16 != u16::from_le_bytes(*sum) {
            return Err(corrupt("the checksum of a member's header does not match"));
        }
        rest = after;
    }
    Ok(rest)
}

fn corrupt(why: &str) -> InflateError {
    InflateError::Corrupt(why.to_owned())
}

#[cfg(test)]
#[path = "inflate_tests.rs"]
mod tests;
