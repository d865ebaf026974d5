//! `users apply`: how close to the ceiling, and how often over it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::Options;
use crate::process::{Measured, median, once};
use crate::server::{Counts, Server};
use crate::table::{Table, goal, size, time};
use crate::world::World;

/// The latencies of a service nearby, far away, busy and tired.
const LATENCIES: [u64; 4] = [0, 50, 300, 800];

/// Every rate at every latency, against a server that counts any second strictly.
pub fn rows(options: &Options, world: &World, table: &mut Table) {
    // Of the slow rate a sample: a thousand rows take more than three minutes.
    for (rate, rows) in [(5, 50), (200, 1_000), (1_000, 1_000)] {
        for latency in LATENCIES {
            let what = format!("users apply of {rows} rows at {rate}/s");
            if options.wants(&what) {
                row(options, world, table, &what, (rate, rows, Duration::from_millis(latency)));
            }
        }
    }
}

/// How many runs share the machine: they are asleep most of the time, unless the rate is high.
fn at_once(rate: usize) -> usize {
    match rate {
        ..100 => 21,
        100..1_000 => 3,
        _ => 1,
    }
}

fn row(options: &Options, world: &World, table: &mut Table, what: &str, case: (usize, usize, Duration)) {
    let (rate, rows, latency) = case;
    let path = world.home.join("apply.csv");
    let roster: String = (0..rows).map(|at| format!("shared,+1415{at:07},Ada\n")).collect();
    fs::write(&path, format!("type,phoneNumber,firstName\n{roster}")).expect("the roster");
    let (shown, per_second) = (path.display().to_string(), rate.to_string());
    let args = ["users", "apply", shown.as_str(), "--rate-limit", per_second.as_str(), "-o", "ndjson"];
    let run = |folder: &Path| {
        let server = Server::start(&world.home, 0, latency, rate);
        let ours = once(&world.spectrum(&server.http, &args), folder);
        let counts = server.finish();
        assert_eq!(counts.creates, rows, "{what}: every row has to arrive");
        (ours, counts)
    };
    let folders: Vec<TempDir> = (0..options.runs).map(|_| TempDir::new_in(&world.home).expect("a folder")).collect();
    let ran: Vec<(Measured, Counts)> = folders
        .chunks(at_once(rate))
        .flat_map(|folders| {
            std::thread::scope(|scope| {
                let running: Vec<_> = folders.iter().map(|folder| scope.spawn(|| run(folder.path()))).collect();
                running.into_iter().map(|run| run.join().expect("a run")).collect::<Vec<_>>()
            })
        })
        .collect();
    // From the first start to the last: what the pace is about. The whole command adds its two round trips.
    let share = |counts: &Counts| (rows - 1) as f64 / counts.span.as_secs_f64() / rate as f64;
    let mut shares: Vec<f64> = ran.iter().map(|(_, counts)| share(counts)).collect();
    let refused: usize = ran.iter().map(|(_, counts)| counts.refused).sum();
    let took = median(ran.iter().map(|(ours, _)| ours.took));
    let peak = ran.iter().map(|(ours, _)| ours.peak).max().unwrap_or(0);
    shares.sort_by(f64::total_cmp);
    let share = shares[shares.len() / 2];
    table.push([
        what.to_owned(),
        format!("the ceiling, {} ms of latency", latency.as_millis()),
        time(took),
        time(Duration::from_secs_f64(rows as f64 / rate as f64)),
        format!("{:.1} %, {refused} × 429", share * 100.0),
        // To the tenth of a per cent that is shown: the spacing itself is 98.04 %.
        goal("≥ 98 %, no 429", share >= 0.9795 && refused == 0),
        size(peak),
    ]);
}
