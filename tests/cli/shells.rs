//! Tab in the shells themselves, pressed at a terminal. What a shell has made of a line is told by a function that it
//! finds in the program's place.

use std::fs;

use crate::world::World;

/// A shell, and what it reads when it starts.
struct Installed {
    name: &'static str,
    command: &'static str,
    settings: [(&'static str, &'static str); 2],
}

const BASH: Installed = Installed {
    name: "bash",
    command: "bash --noprofile",
    settings: [
        (
            ".bashrc",
            "source <(spectrum completions bash)\nspectrum() { printf args:; printf \"<%s>\" \"$@\"; echo; }\nPS1='$ '\n",
        ),
        (".inputrc", "set bell-style none\nset enable-bracketed-paste off\nset completion-query-items 0\n"),
    ],
};

const ZSH: Installed = Installed {
    name: "zsh",
    command: "zsh",
    settings: [
        (
            ".zshrc",
            "autoload -Uz compinit; compinit -D -u\nsource <(spectrum completions zsh)\nspectrum() { printf args:; printf \"<%s>\" \"$@\"; echo; }\nPS1='$ '\nunsetopt beep\n",
        ),
        (".zshenv", "skip_global_compinit=1\n"),
    ],
};

const FISH: Installed = Installed {
    name: "fish",
    command: "fish",
    settings: [
        (
            ".config/fish/config.fish",
            "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt; echo -n '$ '; end\nspectrum completions fish | source\nfunction spectrum; printf args:; printf '<%s>' $argv; echo; end\n",
        ),
        (".config/fish/conf.d/none.fish", "\n"),
    ],
};

/// Nothing that stands on a line runs because Tab is pressed; Ctrl-U takes the line away.
const WITHOUT_ENTER: [&str; 3] =
    ["users apply x$(touch pwned)\t\u{15}", "-P x$(touch pwned)\t\u{15}", "\"$(touch pwned)\t\u{15}"];

/// Lines as they are typed, each with what the shell then hands over.
#[expect(clippy::print_stdout, reason = "whoever runs the tests is told what was left out")]
fn check(shell: &Installed, lines: &[(&str, &str)]) {
    let world = World::new();
    if !world.shell(&format!("command -v {}", shell.name)).status().unwrap().success() {
        println!("{} is not installed, so Tab was not pressed in it", shell.name);
        return;
    }
    for (file, text) in shell.settings {
        fs::create_dir_all(world.home().join(file).parent().unwrap()).unwrap();
        world.file(file, text);
    }
    fs::create_dir(world.home().join("folder")).unwrap();
    for file in ["my roster.csv", "folder/it's.csv", "$(touch pwned).csv", "`touch pwned`.csv", "prod.toml"] {
        world.file(file, "");
    }
    world.write_config("[profiles.night-shift]\n[profiles.\"a b\"]\n[profiles.\"$(touch pwned)\"]\n[profiles.\"`touch pwned`\"]\n[profiles.\"c\\nd\"]\n");
    let mut terminal = world.shell_at_terminal(160, shell.command);
    terminal.shows("$ ");
    let home = world.home().display().to_string();
    for (typed, handed_over) in lines {
        let handed_over = handed_over.replace('~', &home);
        terminal.types(&format!("spectrum {typed}\r")).shows(&format!("args:{handed_over}\n"));
    }
    // Zsh itself runs what is to be replaced before it completes.
    if shell.name != "zsh" {
        for line in WITHOUT_ENTER {
            terminal.types(&format!("spectrum {line}"));
        }
    }
    // Several are listed, each by its name.
    terminal.types("spectrum users \t\t").shows("create").shows("delete");
    let text = terminal.text();
    assert!(!text.contains("unknown field") && !text.contains("error"), "{text}");
    assert!(!world.home().join("pwned").exists(), "{text}");
}

#[test]
fn bash_completes() {
    check(
        &BASH,
        &[
            ("us\tcr\t.", "<users><create><.>"),
            ("-P sandbox users lis\t.", "<-P><sandbox><users><list><.>"),
            ("-P ni\t.", "<-P><night-shift><.>"),
            ("-P a\t.", "<-P><a b><.>"),
            ("-P \"a\t .", "<-P><a b><.>"),
            ("-P \\$\t.", "<-P><$(touch pwned)><.>"),
            ("-P \"$\t .", "<-P><$(touch pwned)><.>"),
            ("-P \\`\t.", "<-P><`touch pwned`><.>"),
            ("users list --fields id,em\t", "<users><list><--fields><id,email>"),
            ("--output=nd\t.", "<--output=ndjson><.>"),
            ("--region Z\t\tA\t.", "<--region><ZA><.>"),
            ("sandbox serve --fault dr\t0.1", "<sandbox><serve><--fault><drop:0.1>"),
            ("help exi\t.", "<help><exit-codes><.>"),
            ("users apply my\t.", "<users><apply><my roster.csv><.>"),
            ("users apply \"my\t.", "<users><apply><my roster.csv><.>"),
            ("users apply fo\tit\t.", "<users><apply><folder/it's.csv><.>"),
            ("users apply ~/fo\tit\t.", "<users><apply><~/folder/it's.csv><.>"),
            ("users apply ./my\t.", "<users><apply><./my roster.csv><.>"),
            ("users apply \\$\t.", "<users><apply><$(touch pwned).csv><.>"),
            ("--config=./pr\t.", "<--config=./prod.toml><.>"),
            ("man --dir fo\t", "<man><--dir><folder/>"),
        ],
    );
}

#[test]
fn zsh_completes() {
    check(
        &ZSH,
        &[
            ("us\tcr\t.", "<users><create><.>"),
            ("-P sandbox users lis\t.", "<-P><sandbox><users><list><.>"),
            ("-P ni\t.", "<-P><night-shift><.>"),
            ("-P a\t.", "<-P><a b><.>"),
            ("-P \\$\t.", "<-P><$(touch pwned)><.>"),
            ("-P \\`\t.", "<-P><`touch pwned`><.>"),
            ("users list --fields id,em\t", "<users><list><--fields><id,email>"),
            ("--output=nd\t.", "<--output=ndjson><.>"),
            ("sandbox serve --fault dr\t0.1", "<sandbox><serve><--fault><drop:0.1>"),
            ("help exi\t.", "<help><exit-codes><.>"),
            ("users apply my\t.", "<users><apply><my roster.csv><.>"),
            ("users apply fo\tit\t.", "<users><apply><folder/it's.csv><.>"),
            ("users apply ~/fo\tit\t.", "<users><apply><~/folder/it's.csv><.>"),
            ("users apply ./my\t.", "<users><apply><./my roster.csv><.>"),
            ("users apply \\$\t.", "<users><apply><$(touch pwned).csv><.>"),
            ("--config=./pr\t.", "<--config=./prod.toml><.>"),
            ("man --dir fo\t", "<man><--dir><folder>"),
        ],
    );
}

/// As a file in `$fpath`, which is read when the first Tab is pressed.
#[test]
fn zsh_completes_from_its_folder() {
    let rc = "fpath=(~/functions $fpath)\nautoload -Uz compinit; compinit -D -u\nspectrum() { printf args:; printf \"<%s>\" \"$@\"; echo; }\nPS1='$ '\n";
    let script = include_str!("../../completions/_spectrum");
    let shell = Installed { settings: [(".zshrc", rc), ("functions/_spectrum", script)], ..ZSH };
    check(&shell, &[("us\tcr\t.", "<users><create><.>"), ("users apply my\t.", "<users><apply><my roster.csv><.>")]);
}

#[test]
fn fish_completes() {
    check(
        &FISH,
        &[
            ("us\tcr\t.", "<users><create><.>"),
            ("-P sandbox users lis\t.", "<-P><sandbox><users><list><.>"),
            ("-P ni\t.", "<-P><night-shift><.>"),
            ("-P a\t.", "<-P><a b><.>"),
            ("-P \\$\t.", "<-P><$(touch pwned)><.>"),
            ("-P \\`\t.", "<-P><`touch pwned`><.>"),
            ("users list --fields id,em\t.", "<users><list><--fields><id,email><.>"),
            ("--output=nd\t.", "<--output=ndjson><.>"),
            ("sandbox serve --fault dr\t0.1", "<sandbox><serve><--fault><drop:0.1>"),
            ("help exi\t.", "<help><exit-codes><.>"),
            ("users apply my\t.", "<users><apply><my roster.csv><.>"),
            ("users apply fo\tit\t.", "<users><apply><folder/it's.csv><.>"),
            ("users apply ~/fo\tit\t.", "<users><apply><~/folder/it's.csv><.>"),
            ("users apply ./my\t.", "<users><apply><./my roster.csv><.>"),
            ("users apply \\$\t.", "<users><apply><$(touch pwned).csv><.>"),
            ("--config=./pr\t.", "<--config=./prod.toml><.>"),
            ("man --dir fo\t", "<man><--dir><folder/>"),
        ],
    );
}
