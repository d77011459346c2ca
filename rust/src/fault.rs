//! Points at which a test kills the process, as a power cut would (no unwinding, no flush), and points at which a
//! test has the disk fail.
//!
//! Nothing is killed unless the setting `CLEW_FAULT` names a point, so the cost is one relaxed load. Errors are planned
//! for one journal, through its options, so that tests in one process do not meet each other's.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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

/// Every step on the disk that a test can have fail.
pub const STEPS: [&str; 15] = [
    "journal.write_day",
    "journal.create",
    "journal.write_header",
    "journal.sync_created",
    "journal.write",
    "journal.sync",
    "journal.cut",
    "journal.write_torn",
    "journal.write_seal",
    "journal.sync_seal",
    "journal.create_hashes",
    "journal.write_hashes",
    "journal.sync_hashes",
    "journal.rename",
    "journal.sync_renamed",
];

/// What a test wants from the disk. The default plans nothing, and a step costs one comparison.
#[derive(Clone, Debug, Default)]
pub struct Faults(Option<Arc<Mutex<Plan>>>);

#[derive(Debug, Default)]
struct Plan {
    faults: Vec<Planned>,
    passed: HashMap<&'static str, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Planned {
    step: &'static str,
    nth: u32,
    lasting: bool,
    /// None: the thread panics.
    errno: Option<i32>,
}

impl Faults {
    /// `STEP@N=ERRNO`: the N-th pass fails; `STEP@N+=ERRNO`: so does every later one. ERRNO may be `panic`.
    pub fn plan(settings: &[&str]) -> Result<Self, String> {
        let faults = settings.iter().map(|setting| {
            planned(setting).ok_or_else(|| {
                format!("fault {setting:?}: give STEP@N=ERRNO with a step of {STEPS:?}")
            })
        });
        Ok(Self(Some(Arc::new(Mutex::new(Plan {
            faults: faults.collect::<Result<_, _>>()?,
            passed: HashMap::new(),
        })))))
    }

    /// The planned error, if this is its turn.
    pub fn step(&self, step: &'static str) -> io::Result<()> {
        let Some(plan) = &self.0 else { return Ok(()) };
        let mut plan = lock(plan);
        let passed = plan.passed.entry(step).or_default();
        *passed += 1;
        let passed = *passed;
        let hit = plan.faults.iter().copied().find(|fault| {
            fault.step == step && (fault.nth == passed || (fault.lasting && fault.nth < passed))
        });
        drop(plan);
        match hit.map(|fault| fault.errno) {
            None => Ok(()),
            Some(Some(errno)) => Err(io::Error::from_raw_os_error(errno)),
            Some(None) => std::panic::resume_unwind(Box::new("a planned panic")),
        }
    }

    /// How often a step was reached.
    pub fn passed(&self, step: &str) -> u32 {
        self.0
            .as_ref()
            .map_or(0, |plan| lock(plan).passed.get(step).copied().unwrap_or(0))
    }

    /// The disk works again.
    pub fn lift(&self) {
        if let Some(plan) = &self.0 {
            lock(plan).faults.clear();
        }
    }
}

fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

fn planned(setting: &str) -> Option<Planned> {
    let (name, rest) = setting.split_once('@')?;
    let (nth, errno) = rest.split_once('=')?;
    let (nth, lasting) = nth
        .strip_suffix('+')
        .map_or((nth, false), |nth| (nth, true));
    Some(Planned {
        step: STEPS.iter().copied().find(|step| *step == name)?,
        nth: nth.parse().ok()?,
        lasting,
        errno: match errno {
            "panic" => None,
            errno => Some(errno.parse().ok()?),
        },
    })
}
