//! zstd, frame by frame, under the same bounds as gzip.

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::{FIRST_STEP, InflateError, LARGEST_STEP, MOST_MEMBERS, corrupt, room};

/// RFC 9659: a sender over HTTP uses no window above 8 MiB.
const WINDOW_LOG_MOST: u32 = 23;

/// Decompresses all frames. `grow(n)` reserves n more bytes of the caller's memory budget.
pub fn zstd(
    mut input: &[u8],
    limit: usize,
    grow: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<u8>, InflateError> {
    let mut decoder = Decoder::new().map_err(|error| failed(&error))?;
    decoder
        .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MOST))
        .map_err(|error| failed(&error))?;
    let mut out = Vec::new();
    let mut step = input
        .len()
        .saturating_mul(4)
        .clamp(FIRST_STEP, LARGEST_STEP);
    let mut held = 0;
    for _ in 0..MOST_MEMBERS {
        // The decoder keeps a window of its own, as large as the largest that a frame asks for.
        let window = window(input).min(1 << WINDOW_LOG_MOST);
        if window > held {
            if !grow(window - held) {
                return Err(InflateError::NoMemory);
            }
            held = window;
        }
        input = frame(&mut decoder, input, &mut out, &mut step, limit, grow)?;
        if input.is_empty() {
            return Ok(out);
        }
    }
    Err(corrupt(&format!("it has more than {MOST_MEMBERS} frames")))
}

/// One frame; returns what follows it.
fn frame<'a>(
    decoder: &mut Decoder<'_>,
    mut input: &'a [u8],
    out: &mut Vec<u8>,
    step: &mut usize,
    limit: usize,
    grow: &mut dyn FnMut(usize) -> bool,
) -> Result<&'a [u8], InflateError> {
    loop {
        room(out, step, limit, grow)?;
        let before = out.len();
        let (consumed, left) = {
            let mut from = InBuffer::around(input);
            let mut to = OutBuffer::around_pos(&mut *out, before);
            let left = decoder
                .run(&mut from, &mut to)
                .map_err(|error| failed(&error))?;
            (from.pos(), left)
        };
        input = input.get(consumed..).unwrap_or_default();
        if out.len() > limit {
            return Err(InflateError::TooLarge);
        }
        if left == 0 {
            return Ok(input);
        }
        let stuck = consumed == 0 && out.len() == before;
        if (input.is_empty() || stuck) && out.len() < out.capacity() {
            return Err(corrupt("it ends too early"));
        }
    }
}

/// The window that a frame's header asks for (RFC 8878, section 3.1.1.1); 0 when that cannot be
/// told, which is then the decoder's business.
fn window(input: &[u8]) -> usize {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    const SINGLE_SEGMENT: u8 = 1 << 5;
    let Some(([m0, m1, m2, m3, flags], rest)) = input.split_first_chunk::<5>() else {
        return 0;
    };
    if [*m0, *m1, *m2, *m3] != MAGIC {
        return 0;
    }
    if flags & SINGLE_SEGMENT == 0 {
        let Some(descriptor) = rest.first() else {
            return 0;
        };
        let base = 1_usize << (10 + (descriptor >> 3));
        return base + base / 8 * usize::from(descriptor & 7);
    }
    // Without a window the whole content is one; its size stands behind the dictionary's id.
    let dictionary = [0, 1, 2, 4].get(usize::from(flags & 3)).copied();
    let size = [1, 2, 4, 8].get(usize::from(flags >> 6)).copied();
    let (Some(dictionary), Some(size)) = (dictionary, size) else {
        return 0;
    };
    let Some(field) = rest.get(dictionary..dictionary + size) else {
        return 0;
    };
    let value = field
        .iter()
        .rev()
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    usize::try_from(value)
        .unwrap_or(usize::MAX)
        .saturating_add(if size == 2 { 256 } else { 0 })
}

fn failed(error: &std::io::Error) -> InflateError {
    corrupt(&error.to_string().to_lowercase())
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
