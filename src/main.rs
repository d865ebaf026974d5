//! The binary: captures the environment, runs, hands back the exit code.

use std::process::ExitCode;

use spectrum_cli::config::environment::Environment;

fn main() -> ExitCode {
    ExitCode::from(spectrum_cli::run::run(Environment::capture()))
}
