//! Applying a roster, its retries and its pace, and the sandbox's rules, in one thread, on a clock and over a way that
//! lose, repeat, delay and break whatever they can: history after history, each from its seed.
//!
//! `SIMULATE_SEED=N cargo test --test simulator` plays one history again; `SIMULATE_COUNT=N` plays so many,
//! `SIMULATE_FROM=N` from another seed on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on says so by panicking, and is told by variables how much to do"
)]

mod history;
mod laws;
mod tasks;
mod world;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use history::History;

/// As many as a test has time for without being asked.
const SHORT: u64 = 1000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// A folder in memory where the system has one: what a run keeps is written to the disk before it deletes anybody.
fn folder() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn fails(history: &History, folder: &std::path::Path) -> Option<String> {
    laws::play(history, folder).err()
}

#[test]
fn every_history_keeps_the_laws() {
    let seed = number("SIMULATE_SEED");
    let first = seed.or_else(|| number("SIMULATE_FROM")).unwrap_or(0);
    let count = if seed.is_some() { 1 } else { number("SIMULATE_COUNT").unwrap_or(SHORT) };
    let (begun, next, is_over) = (Instant::now(), AtomicU64::new(first), AtomicBool::new(false));
    // One thread for each history, as many histories at once as there are processors.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = number("SIMULATE_THREADS").map_or(threads, |threads| threads as usize);
    let failed = std::thread::scope(|scope| {
        let work = || {
            let folder = folder();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count || is_over.load(Ordering::Relaxed) {
                    return None;
                }
                if let Some(why) = fails(&History::draw(seed), folder.path()) {
                    is_over.store(true, Ordering::Relaxed);
                    return Some((seed, why));
                }
            }
        };
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        working.into_iter().filter_map(|thread| thread.join().unwrap()).min()
    });
    if let Some((seed, why)) = failed {
        let folder = folder();
        let (shortest, why) = History::draw(seed).shrink(why, |history| fails(history, folder.path()));
        panic!(
            "history {seed}, the {}th of {count}: {why}\n\n{shortest:#?}\n\n\
             play it again: SIMULATE_SEED={seed} cargo test --test simulator",
            seed - first + 1
        );
    }
    let took = begun.elapsed();
    println!("{count} histories in {took:.1?}, {:.0} a second", count as f64 / took.as_secs_f64());
}
