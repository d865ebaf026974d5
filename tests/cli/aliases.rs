//! `login`, `logout`, `whoami`, `auth status`: what they stand for, in every respect.

use crate::world::{PROJECT, World};
use spectrum_cli::sandbox::options::{DEFAULT_PROJECT_ID, DEFAULT_SECRET};

#[test]
fn an_alias_does_what_its_command_does() {
    let world = World::beside(|_| {});
    let check = world.run("profiles check -o json").ok().json();
    assert_eq!(check["accepted"], true);
    for line in ["whoami -o json", "-o json whoami", "auth status --json", "auth -o json status"] {
        assert_eq!(world.run(line).ok().json(), check, "{line}");
    }
    let url = &world.sandbox().url;
    let add = format!("login prod --project-id {DEFAULT_PROJECT_ID} --secret-stdin --base-url {url}");
    world.run_with_input(&add, DEFAULT_SECRET).ok().says("saved profile prod");
    assert_eq!(
        world.run("-P prod whoami -o json").ok().json()["source"].as_str().unwrap().split(' ').nth(1),
        Some("prod")
    );
    world.run("logout prod").says("--yes");
    world.run("logout prod --yes").ok().says("removed profile prod");
    assert_eq!(world.run("profiles list -o id").ok().stdout, "sandbox\n");
    // What goes wrong goes wrong alike.
    for (alias, command) in [
        ("login", "profiles add"),
        ("login x --frob", "profiles add x --frob"),
        ("logout", "profiles remove"),
        ("logout nobody -y -o json", "profiles remove nobody -y -o json"),
        ("whoami -P nobody", "profiles check -P nobody"),
        ("auth status x", "profiles check x"),
    ] {
        let (run, same) = (world.run(alias), world.run(command));
        assert_eq!((run.status, &run.stdout, &run.stderr), (same.status, &same.stdout, &same.stderr), "{alias}");
        assert_ne!(run.status, 0);
    }
    let refused = World::new().var("SPECTRUM_PROJECT_ID", PROJECT).run("whoami -o json");
    refused.failed(3, "config");
}

#[test]
fn an_alias_has_the_help_of_its_command_and_is_told_in_it() {
    let world = World::new();
    for (alias, command) in [
        ("login", "profiles add"),
        ("logout", "profiles remove"),
        ("whoami", "profiles check"),
        ("auth status", "profiles check"),
        ("auth login", "profiles add"),
        ("auth logout", "profiles remove"),
    ] {
        let help = world.run(&format!("{command} --help")).ok().stdout.clone();
        for line in [format!("{alias} --help"), format!("{alias} -h"), format!("help {alias}")] {
            assert_eq!(world.run(&line).ok().stdout, help, "{line}");
        }
    }
    let words = |line: &str| world.run(line).ok().stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let help = words("--help");
    for (alias, command) in [
        ("login", "profiles add"),
        ("logout", "profiles remove"),
        ("whoami", "profiles check"),
        ("auth status", "profiles check"),
    ] {
        assert!(help.contains(alias), "{alias} in {help}");
        let below = words(&format!("help {command}"));
        assert!(below.contains(&format!("spectrum {alias}")), "{alias} in {below}");
    }
}
