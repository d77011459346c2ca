//! Fuzzing of every parser of the kernel with stable Rust: a target is a test, `make fuzz` gives it
//! longer, with coverage as its guide. A failure names the input; `CLEW_FUZZ_INPUT=file` runs it
//! alone.

mod coverage;
mod memory;
mod mutate;
mod small;
mod targets;

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use coverage::Coverage;
use mutate::{LONGEST, Random, mutate};

/// Something that takes bytes from others, and panics when it breaks a promise.
pub struct Target {
    pub name: &'static str,
    pub seeds: Vec<Vec<u8>>,
    pub words: &'static [&'static [u8]],
    /// Inputs are protobuf messages, mostly.
    pub tree: bool,
    pub run: fn(&[u8]),
}

/// Inputs that are kept to be changed further.
const MOST_KEPT: usize = 4_096;

impl Target {
    pub fn fuzz(mut self) {
        if let Ok(path) = std::env::var("CLEW_FUZZ_INPUT") {
            return (self.run)(&std::fs::read(path).unwrap());
        }
        let allowed = variable("CLEW_FUZZ_SECONDS").map_or(Duration::from_millis(400), |seconds| {
            Duration::from_secs(seconds)
        });
        let seed = variable("CLEW_FUZZ_SEED").unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            now.unwrap().as_nanos() as u64
        });
        let mut random = Random(seed);
        let mut coverage = Coverage::default();
        self.seeds.extend(kept(self.name));
        let mut corpus: Vec<Vec<u8>> = Vec::new();
        let started = Instant::now();
        let mut executions = 0_u64;
        while started.elapsed() < allowed {
            let input = if let Some(seed) = self.seeds.pop() {
                seed
            } else {
                // The newest are the most promising.
                let at = if random.one_in(2) {
                    random.below(corpus.len())
                } else {
                    corpus.len() - 1 - random.below(corpus.len().min(64))
                };
                let donor = corpus[random.below(corpus.len())].clone();
                mutate(&mut random, &corpus[at], &donor, self.words, self.tree)
            };
            Coverage::start();
            if let Err(panic) = std::panic::catch_unwind(|| (self.run)(&input)) {
                let path = keep(self.name, &input).unwrap();
                eprintln!(
                    "fuzz {}: input {executions} of seed {seed} broke a promise; CLEW_FUZZ_INPUT={} repeats it",
                    self.name,
                    path.display(),
                );
                std::panic::resume_unwind(panic);
            }
            executions += 1;
            if coverage.is_new() || corpus.is_empty() || !cfg!(clew_coverage) && random.one_in(16) {
                if cfg!(clew_coverage) && variable("CLEW_FUZZ_SECONDS").is_some() {
                    let _ = keep(self.name, &input);
                }
                if corpus.len() < MOST_KEPT {
                    corpus.push(input);
                } else {
                    let at = random.below(MOST_KEPT);
                    corpus[at] = input;
                }
            }
        }
        let places = coverage.places();
        eprintln!(
            "fuzz {}: {executions} inputs in {allowed:?}, {} kept, {places} places of the code",
            self.name,
            corpus.len(),
        );
        assert!(executions > 0);
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Where long runs leave what they found, and begin from.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../target/fuzz")
        .join(name)
}

fn keep(name: &str, input: &[u8]) -> std::io::Result<PathBuf> {
    let folder = folder(name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{:016x}", xxhash_rust::xxh3::xxh3_64(input)));
    std::fs::write(&path, input)?;
    Ok(path)
}

fn kept(name: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder(name)) else {
        return Vec::new();
    };
    let inputs = entries.filter_map(|entry| std::fs::read(entry.ok()?.path()).ok());
    inputs.filter(|input| input.len() <= LONGEST).collect()
}
