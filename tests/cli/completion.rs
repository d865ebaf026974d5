//! What Tab offers, asked for as a shell's script does. `shells` presses the key.

use std::collections::BTreeMap;
use std::fs;

use clap::ValueEnum as _;
use spectrum_cli::commands::completions::Shell;
use spectrum_cli::commands::help::TOPICS;
use spectrum_cli::model::Region;

use crate::docs::every_command;
use crate::golden::root;
use crate::hostile::{Hostile, Reply};
use crate::world::{Run, World};

/// What Bash itself breaks words at.
const BREAKS: &str = " \t\n\"'@><=;|&(:";

impl World {
    /// Asks as a shell's script does, with these arguments behind `--`.
    fn complete(&self, shell: &str, args: &[&str]) -> Run {
        let mut command = self.command(&[&["--"], args].concat());
        command.env("_SPECTRUM_COMPLETE", shell).output().unwrap().into()
    }

    /// The kind of thing that may stand at the end of a line, and what.
    #[track_caller]
    fn offered(&self, line: &str) -> (String, Vec<String>) {
        let run = self.complete("bash", &[line, BREAKS]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{line}: {run:?}");
        let mut lines = run.stdout.lines().map(str::to_owned);
        (lines.next().unwrap(), lines.collect())
    }

    #[track_caller]
    fn offers(&self, line: &str, kind: &str, words: &str) {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        assert_eq!(self.offered(line), (kind.to_owned(), words), "{line}");
    }
}

#[test]
fn the_committed_scripts_are_what_is_printed() {
    let world = World::new();
    for shell in Shell::value_variants() {
        let run = world.run_args(&["completions", shell.name()]);
        let path = root().join("completions").join(shell.file_name());
        assert_eq!(run.ok().stdout, fs::read_to_string(path).unwrap(), "{shell:?}");
    }
}

#[test]
fn names_are_offered_and_aliases_are_understood() {
    let world = World::new();
    world.offers("spectrum ", "words", "users lines project webhooks profiles doctor api sandbox completions man help");
    for line in ["spectrum users ", "spectrum user ", "spectrum -P sandbox -o json users ", "spectrum -P users users "]
    {
        world.offers(line, "words", "create list get wait delete apply template link");
    }
    for (line, words) in [
        ("spectrum us", "users"),
        ("spectrum users l", "list link"),
        ("spectrum users ad", ""),
        ("spectrum lo", ""),
        ("spectrum login --sec", "--secret-stdin"),
        ("A=1 B=2 spectrum us", "users"),
        ("spectrum auth status --no-i", "--no-input"),
        ("spectrum user ls --off", "--offset"),
        ("spectrum help u", "users"),
        ("spectrum help users w", "wait"),
        ("spectrum help users wait ", ""),
        ("spectrum help ro", "roster"),
        ("spectrum completions ", "bash elvish fish powershell zsh"),
        // Nobody is asked who the users are.
        ("spectrum users get ", ""),
        ("spectrum users get --no", "--no-input"),
    ] {
        world.offers(line, "words", words);
    }
    let (_, topics) = world.offered("spectrum help ");
    assert!(TOPICS.iter().all(|(topic, _)| topics.iter().any(|offer| offer == topic)), "{topics:?}");
}

#[test]
fn values_are_those_of_the_flag() {
    let world = World::new();
    for (line, kind, words) in [
        ("spectrum -o ", "words", "table json ndjson csv id"),
        ("spectrum users list -o nd", "words", "ndjson"),
        ("spectrum users list -ond", "words", "-ondjson"),
        // Bash begins a word behind the sign.
        ("spectrum --output=js", "words", "json"),
        ("spectrum --color ", "words", "auto always never"),
        ("spectrum --region ZA", "words", "ZA"),
        ("spectrum --region za", "words", "za"),
        ("spectrum sandbox serve --revision ", "words", "2026-05 2026-06 2026-09"),
        (
            "spectrum sandbox serve --fault d",
            "begun",
            "drop: delivery-lost: delivery-drop: delivery-twice: delivery-late:",
        ),
        ("spectrum sandbox serve --fault drop:0.1 --fault h", "begun", "hang:"),
        ("spectrum lines list --platform i", "words", "imessage"),
        ("spectrum users apply --map p", "begun", "phoneNumber="),
        ("spectrum users apply --format ", "words", "csv ndjson json toml"),
        ("spectrum users list --sort c", "words", "createdAt"),
        ("spectrum users list --sort -c", "words", "-createdAt"),
        ("spectrum users list --fields e", "begun", "email"),
        ("spectrum users list --fields=id,e", "begun", "id,email"),
        ("spectrum users list --fields meta", "begun", "meta.opt_in meta"),
        ("spectrum users list --fields meta.", "begun", "meta.opt_in"),
        ("spectrum users list --fields id,i", "begun", ""),
        ("spectrum users delete --fields ", "begun", "id deleted"),
        ("spectrum man --fields ", "begun", ""),
        ("spectrum webhooks create --schema r", "words", "raw-inbound.v1"),
        ("spectrum webhooks verify --scheme ", "words", "auto v0 standard"),
        ("spectrum api -X P", "words", "POST PUT PATCH"),
        ("spectrum users create --wait --dr", "words", "--dry-run"),
        ("spectrum users create --phone ", "words", ""),
        ("spectrum --json=", "words", ""),
    ] {
        world.offers(line, kind, words);
    }
    assert_eq!(world.offered("spectrum --region ").1, Region::all().collect::<Vec<_>>());
    // What was given once is not offered again, what may be repeated is.
    let (_, flags) = world.offered("spectrum users list -o json --limit 3 --id x -v -");
    for (flag, is_offered) in
        [("--output", false), ("--limit", false), ("--id", true), ("--verbose", true), ("--sort", true)]
    {
        assert_eq!(flags.iter().any(|offer| offer == flag), is_offered, "{flag} of {flags:?}");
    }
    // Where nothing else can stand, flags are shown without a dash.
    assert_eq!(world.offered("spectrum users create ").1[0], "--shared");
}

#[test]
fn files_are_left_to_the_shell() {
    let world = World::new();
    for (line, kind) in [
        ("spectrum users apply ", "files"),
        ("spectrum users apply ./x", "files"),
        ("spectrum --config ", "files"),
        ("spectrum --config=~/x", "files"),
        ("spectrum --ca-cert x", "files"),
        ("spectrum users link x --svg ", "files"),
        ("spectrum sandbox serve --seed ", "files"),
        ("spectrum sandbox exec -- cargo te", "files"),
        ("spectrum webhooks create x --secret-out ", "files"),
        ("spectrum api x --input ", "files"),
        ("spectrum users list > ", "files"),
        ("spectrum man --dir ", "folders"),
        ("spectrum users apply x ", "words"),
        ("spectrum users apply -", "words"),
    ] {
        assert_eq!(world.offered(line).0, kind, "{line}");
    }
}

#[test]
fn profiles_are_those_of_the_configuration_in_force() {
    let world = World::new();
    world.write_config("default_profile = \"day\"\n[profiles.day]\n[profiles.night-shift]\n");
    let own = world.file("own.toml", "[profiles.elsewhere]\n[profiles.\"a b\"]\n[profiles.\"$(x)\"]\n[profiles.\"e\\u001b[2J\"]\n[profiles.\"n\\nl\"]\n");
    for (line, words) in [
        ("spectrum -P ", "day night-shift sandbox"),
        ("spectrum --profile=n", "night-shift"),
        ("spectrum profiles use ", "day night-shift sandbox"),
        ("spectrum profiles remove ", "day night-shift"),
        ("spectrum logout ", "day night-shift"),
        ("spectrum --config own.toml -P e", "elsewhere"),
        ("spectrum --config=~/own.toml -P e", "elsewhere"),
        ("spectrum --config nowhere.toml -P ", "sandbox"),
        ("spectrum --config own.toml -P \\$", "\\$\\(x\\)"),
        ("spectrum --config own.toml -P '$", "$(x)"),
        ("spectrum --config own.toml -P \"$", "\\$(x)"),
    ] {
        world.offers(line, "words", words);
    }
    assert_eq!(world.offered("spectrum --config own.toml -P a").1, ["a\\ b"]);
    assert_eq!(world.offered("spectrum --config own.toml -P \"a").1, ["a b"]);
    // What would not stay on its line is not offered at all.
    assert_eq!(world.offered("spectrum --config own.toml -P ").1.len(), 4);
    // Other shells put in what they are told by themselves, and are told what it is.
    for (shell, words) in [
        ("zsh", "words\nday:the default\n"),
        ("fish", "words\nday\tthe default\n"),
        ("elvish", "day\n"),
        ("powershell", "day\tthe default\n"),
    ] {
        assert_eq!(world.complete(shell, &["spectrum", "-P", "d"]).ok().stdout, words, "{shell}");
    }
    assert_eq!(world.complete("fish", &["spectrum", "--config", "own.toml", "-P", "\"a"]).ok().stdout, "words\na b\n");
    let world = world.var("SPECTRUM_CONFIG", &own);
    world.offers("spectrum -P e", "words", "elsewhere");
    // A broken file, a folder, a pipe that nobody writes to: nothing is said, and nobody waits.
    world.file("broken.toml", "[profiles");
    #[cfg(unix)]
    assert!(world.shell("mkfifo pipe").status().unwrap().success());
    for file in ["broken.toml", ".", "pipe"] {
        world.offers(&format!("spectrum --config {file} -P "), "words", "sandbox");
    }
}

#[test]
fn a_script_that_is_none_of_ours_gets_nothing() {
    let world = World::new();
    for (shell, args) in [("bash", &[][..]), ("bash", &["a", "b", "c"]), ("zsh", &[]), ("fish", &["spectrum"])] {
        assert_eq!(world.complete(shell, args).ok().stderr, "", "{shell} {args:?}");
    }
    let run = world.complete("tcsh", &["spectrum", ""]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:?}");
}

/// A command refuses an unknown field by naming those that it knows: the same are offered, and nobody is asked.
#[test]
fn the_fields_that_are_offered_are_those_that_are_known() {
    let server = Hostile::always(Reply::status(500, ""));
    let world = World::with_profile(&server);
    let operands = BTreeMap::from([
        ("users create", "--shared --phone +14155550123"),
        ("users get", "x"),
        ("users wait", "x"),
        ("users delete", "x"),
        ("users apply", "x -o csv"),
        ("users link", "x"),
        ("webhooks create", "https://a.example --show-secret"),
        ("webhooks ensure", "https://a.example --show-secret"),
        ("webhooks update", "3c90c3cc-0d44-4b50-8888-8dd25736052a --enable"),
        ("webhooks rotate", "3c90c3cc-0d44-4b50-8888-8dd25736052a --show-secret"),
        ("webhooks delete", "https://a.example"),
        ("webhooks verify", "-H a:b"),
        ("webhooks send", "http://127.0.0.1:1"),
        ("profiles add", "n"),
        ("profiles use", "n"),
        ("profiles remove", "n"),
        ("api", "x"),
        ("sandbox exec", "-- true"),
        ("sandbox text", "--from +14155550123"),
        ("completions", "bash"),
    ]);
    let mut with_fields = 0;
    for path in every_command() {
        let path = path.join(" ");
        if world.run(&format!("{path} -h")).stdout.contains("\nCommands:") {
            continue;
        }
        let offered = world.offered(&format!("spectrum {path} --fields ")).1.join(",");
        let operands = operands.get(path.as_str()).copied().unwrap_or_default();
        let run = world.run(&format!("{path} --fields nonsense {operands}"));
        assert_eq!(run.status, 2, "{path}: {run:?}");
        let known =
            run.stderr.split("the known fields are ").nth(1).map_or("", |rest| rest.split(['\n', '"']).next().unwrap());
        assert_eq!(offered, known, "{path}: {run:?}");
        with_fields += usize::from(!known.is_empty());
    }
    assert!(with_fields > 20, "{with_fields}");
    assert_eq!(server.count(), 0);
}
