//! The binary: captures the environment, runs, hands back the exit code.

fn main() {}
