//! Points at which a test kills the process, as a power cut would: no unwinding, no flush.
//!
//! Nothing is armed unless the setting `CLEW_FAULT` names a point, so the cost is one relaxed load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static ARMED: AtomicBool = AtomicBool::new(false);
static POINT: OnceLock<(String, AtomicU32)> = OnceLock::new();

/// Every point in the kernel, in the order in which a request passes them.
pub const POINTS: [&str; 7] = [
    "journal.after_append",
    "journal.before_sync",
    "journal.after_sync",
    "journal.before_seal",
    "journal.after_seal_sync",
    "journal.after_seal",
    "journal.after_create",
];

/// Arms `name@n`: the process dies when it passes `name` for the n-th time (n defaults to 1).
pub fn arm(setting: &str) -> Result<(), String> {
    let (name, nth) = setting.split_once('@').unwrap_or((setting, "1"));
    if !POINTS.contains(&name) {
        return Err(format!(
            "unknown fault point {name:?}; the points are {}",
            POINTS.join(", ")
        ));
    }
    let nth: u32 = nth
        .parse()
        .map_err(|_| format!("fault point {setting:?}: {nth:?} is not a count"))?;
    let _ = POINT.set((name.to_owned(), AtomicU32::new(nth.max(1))));
    ARMED.store(true, Ordering::Release);
    Ok(())
}

/// Dies here if this is the armed point and its turn.
pub fn point(name: &str) {
    if !ARMED.load(Ordering::Relaxed) {
        return;
    }
    if let Some((armed, left)) = POINT.get()
        && armed == name
        && left.fetch_sub(1, Ordering::AcqRel) == 1
    {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park(); // the signal is on its way; nothing after the point may run
        }
    }
}
