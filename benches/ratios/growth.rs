//! Twice the work beside the work: what that costs, in the same terms as everything else.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::Options;
use crate::process::{Invocation, alternate};
use crate::server::Server;
use crate::table::{Table, goal, size, time};
use crate::world::World;

/// How many users or rows, and twice as many.
const NUMBERS: [usize; 2] = [50_000, 100_000];
/// As much more as doubling may cost: twice, and what it costs that look-up tables outgrow the processor's caches, which
/// is less than a half more. A pass over everything for each of its parts would show as four times.
const MOST: f64 = 2.5;

/// Lists and rosters.
pub fn rows(options: &Options, world: &World, table: &mut Table) {
    let formats = ["json", "ndjson", "csv", "table"];
    let listed = |format: &str| format!("twice the users, listed as {format}");
    if formats.iter().any(|format| options.wants(&listed(format))) {
        let servers = NUMBERS.map(|users| Server::start(&world.home, users, Duration::ZERO, 0));
        for format in formats.into_iter().filter(|format| options.wants(&listed(format))) {
            let list = |server: &Server| world.spectrum(&server.http, &["users", "list", "-o", format]);
            row(options, world, table, &listed(format), servers.each_ref().map(list));
        }
    }
    let formats = ["csv", "ndjson", "json", "toml"];
    let planned = |format: &str| format!("twice the rows, planned from {format}");
    if formats.iter().any(|format| options.wants(&planned(format))) {
        let server = Server::start(&world.home, 0, Duration::ZERO, 0);
        for format in formats.into_iter().filter(|format| options.wants(&planned(format))) {
            let plan = |rows: usize| {
                let path = world.home.join(format!("{rows}.{format}"));
                roster(&path, format, rows).expect("the roster");
                dry_run(world, &server.http, &path)
            };
            row(options, world, table, &planned(format), NUMBERS.map(plan));
        }
    }
    let what = "twice the users, compared with a roster";
    if options.wants(what) {
        let servers = NUMBERS.map(|users| Server::start(&world.home, users, Duration::ZERO, 0));
        let path = world.home.join("few.csv");
        roster(&path, "csv", 1).expect("the roster");
        row(options, world, table, what, servers.each_ref().map(|server| dry_run(world, &server.http, &path)));
    }
}

fn dry_run(world: &World, base: &str, path: &Path) -> Invocation {
    let args = ["users", "apply", "--dry-run", "--rate-limit", "0", "-o", "ndjson"];
    world.spectrum(base, &args).args([path.as_os_str()])
}

fn roster(path: &Path, format: &str, rows: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let (head, between, end) = match format {
        "csv" => ("phoneNumber,firstName,email\n", "", ""),
        "json" => ("[", ",", "]"),
        _ => ("", "", ""),
    };
    file.write_all(head.as_bytes())?;
    for at in 0..rows {
        let (phone, email) = (format!("+1415{at:07}"), format!("ada{at}@example.com"));
        match format {
            "csv" => writeln!(file, "{phone},Ada,{email}")?,
            "toml" => writeln!(file, "[[users]]\nphoneNumber = \"{phone}\"\nfirstName = \"Ada\"\nemail = \"{email}\"")?,
            _ => {
                let between = if at == 0 { "" } else { between };
                writeln!(file, r#"{between}{{"phoneNumber":"{phone}","firstName":"Ada","email":"{email}"}}"#)?;
            }
        }
    }
    file.write_all(end.as_bytes())?;
    file.flush()
}

fn row(options: &Options, world: &World, table: &mut Table, what: &str, [half, whole]: [Invocation; 2]) {
    let [whole, half] = alternate([&whole, &half], options.runs, &world.home);
    let ratio = whole.took.as_secs_f64() / half.took.as_secs_f64();
    table.push([
        what.to_owned(),
        "half of them".to_owned(),
        time(whole.took),
        time(half.took),
        format!("{ratio:.2}"),
        goal(&format!("≤ {MOST}"), ratio <= MOST),
        format!("{} / {}", size(whole.peak), size(half.peak)),
    ]);
}
