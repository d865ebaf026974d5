//! `users apply`: how close to the ceiling, and how often over it.

use std::fs;
use std::time::Duration;

use crate::Options;
use crate::process::once;
use crate::server::Server;
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

fn row(options: &Options, world: &World, table: &mut Table, what: &str, case: (usize, usize, Duration)) {
    let (rate, rows, latency) = case;
    let path = world.home.join("apply.csv");
    let roster: String = (0..rows).map(|at| format!("shared,+1415{at:07},Ada\n")).collect();
    fs::write(&path, format!("type,phoneNumber,firstName\n{roster}")).expect("the roster");
    let (shown, per_second) = (path.display().to_string(), rate.to_string());
    let args = ["users", "apply", shown.as_str(), "--rate-limit", per_second.as_str(), "-o", "ndjson"];
    // A run takes seconds and its pace is the clock's: a few tell as much as twenty.
    let runs = if options.quick || rate < 100 { 1 } else { 5 };
    let mut shares = Vec::new();
    let (mut refused, mut took, mut peak) = (0, Duration::MAX, 0);
    for _ in 0..runs {
        let server = Server::start(&world.home, 0, latency, rate);
        let command = world.spectrum(&server.http, &args);
        let ours = once(&command, &world.home);
        let counts = server.finish();
        assert_eq!(counts.creates, rows, "{what}: every row has to arrive");
        // From the first start to the last: what the pace is about. The whole command adds its two round trips.
        shares.push((rows - 1) as f64 / counts.span.as_secs_f64() / rate as f64);
        refused += counts.refused;
        took = took.min(ours.took);
        peak = peak.max(ours.peak);
    }
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
