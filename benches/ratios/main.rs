//! `cargo bench`: this command beside what people would use instead, measured in turns in one run.
//!
//! Whole processes of a release build, started one after the other: absolute times drift with the machine, ratios
//! hold. `cargo bench -- list` keeps the rows whose name holds a word, `cargo bench -- --quick` takes five runs each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench is its own program: it ends where something is wrong, and prints what it found"
)]

mod apply;
mod commands;
mod floor;
mod growth;
mod load;
mod machine;
mod process;
mod sandbox;
mod server;
mod table;
mod world;

use std::path::PathBuf;

use table::Table;
use world::World;

/// What was asked for on the command line.
struct Options {
    /// Rows are kept whose name holds one of these; all when there is none.
    words: Vec<String>,
    /// Runs of each command.
    runs: usize,
    quick: bool,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // Servers and load run in processes of their own: a child's peak memory counts from its parent's size.
    match args.first().map(String::as_str) {
        Some(server::ROLE) => return server::serve(&args[1..]),
        Some(load::SERVER_ROLE) => return load::serve(),
        Some(floor::ROLE) => return floor::post(&args[1..]),
        _ => {}
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let words = args.into_iter().filter(|arg| !arg.starts_with("--")).collect();
    let options = Options { words, runs: if quick { 5 } else { 21 }, quick };

    let folder = tempfile::tempdir().expect("a temporary folder");
    let world = World::new(folder.path().to_owned());
    machine::print(&world);
    let mut table = Table::default();
    commands::starts(&options, &world, &mut table);
    commands::creates(&options, &world, &mut table);
    commands::lists(&options, &world, &mut table);
    commands::rosters(&options, &world, &mut table);
    growth::rows(&options, &world, &mut table);
    apply::rows(&options, &world, &mut table);
    sandbox::rows(&options, &world, &mut table);
    table.print();
    if let Some(peak) = process::peak_of("self") {
        println!("\na process's peak counts from what started it: no figure can be below {}", table::size(peak));
    }
}

/// This very program, for the roles that it plays in other processes.
fn myself() -> PathBuf {
    std::env::current_exe().expect("the path of the bench")
}
