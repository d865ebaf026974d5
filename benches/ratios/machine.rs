//! The machine that the figures belong to.

use std::fs;
use std::process::Command;

use crate::world::{BINARY, World};

/// Says what was measured on what.
pub fn print(world: &World) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("machine: {cores} cores of {}, {}", processor(), system());
    println!("programs: {}, {}, {}", first_line("rustc", "-V"), first_line("curl", "-V"), first_line("jq", "-V"));
    let binary = fs::metadata(BINARY).map_or(0, |binary| binary.len());
    println!("binary: {:.1} MB; trusted roots: {}", binary as f64 / 1e6, world.roots);
    println!("load before: {}", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
}

fn first_line(program: &str, flag: &str) -> String {
    let output = Command::new(program).arg(flag).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let words: Vec<&str> = line.split(' ').take(2).collect();
    if words == [""] { format!("no {program}") } else { words.join(" ") }
}

fn processor() -> String {
    let field = |text: String, key: &str| {
        text.lines().find(|line| line.starts_with(key))?.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| field(text, "model name"))
        .or_else(|| Some(command("sysctl", &["-n", "machdep.cpu.brand_string"])).filter(|name| !name.is_empty()))
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn system() -> String {
    let kernel = command("uname", &["-sr"]);
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    match name {
        Some(name) => format!("{}, {kernel}", name.trim_matches('"')),
        None if kernel.is_empty() => std::env::consts::OS.to_owned(),
        None => kernel,
    }
}

fn command(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
