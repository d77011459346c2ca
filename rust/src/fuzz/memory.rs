//! How much memory and how much time of its processor a piece of work took.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // Fails only while the thread ends.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().wrapping_add(bytes));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.cast_signed() - layout.size().cast_signed());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What `work` returns, and that it took no more memory and processor time of this thread than
/// allowed: so many bytes, and so many bytes to work through.
pub fn within<T>(what: &str, memory: usize, bytes: usize, work: impl FnOnce() -> T) -> T {
    let before = LIVE.get();
    PEAK.set(before);
    let started = busy();
    let result = work();
    let took = busy().saturating_sub(started);
    let peak = PEAK.get().wrapping_sub(before).max(0).cast_unsigned();
    assert!(
        peak <= memory,
        "{what}: {peak} bytes of memory, {memory} allowed"
    );
    // A build without optimisation takes about 0.3 µs a byte.
    let most = Duration::from_millis(100) + Duration::from_micros(4) * (bytes as u32);
    assert!(
        took <= most,
        "{what}: {took:?} of processor time, {most:?} allowed"
    );
    result
}

fn busy() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.cast_unsigned(),
        now.tv_nsec.cast_unsigned() as u32,
    )
}
