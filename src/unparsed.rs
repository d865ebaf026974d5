//! What a command line asks of the output that could not be read as a whole: an error speaks the format that was asked for.

use clap::ValueEnum as _;

use crate::config::settings::Colour;
use crate::output::format::OutputFormat;
use crate::typed::TypedLine;

/// What was asked of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AskedOutput {
    /// `-o`, `--output`, `--json`.
    pub format: Option<OutputFormat>,
    /// `--color`.
    pub colour: Colour,
    /// `-q`, `--quiet`.
    pub quiet: bool,
}

/// Looks through the arguments for the flags that concern the output, up to `--`; of one that stands twice the last
/// counts.
pub fn asked(typed: &TypedLine<'_>) -> AskedOutput {
    let mut asked = AskedOutput::default();
    let mut is_json = false;
    for (flag, value) in typed.flags() {
        match (flag.get_id().as_str(), value) {
            ("json", _) => is_json = true,
            ("output", Some(word)) => asked.format = word.parse().ok(),
            ("color", Some(word)) => asked.colour = Colour::from_str(word, false).unwrap_or_default(),
            ("quiet", _) => asked.quiet = true,
            _ => {}
        }
    }
    // Whoever writes both gets this one, as where the line can be read.
    if is_json {
        asked.format = Some(OutputFormat::Json);
    }
    asked
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use proptest::prelude::*;

    use super::*;
    use crate::cli::Cli;

    fn asked_by(words: &[&str]) -> AskedOutput {
        let root = Cli::built();
        asked(&TypedLine::read(&root, words.iter().copied()))
    }

    #[test]
    fn the_format_is_found_however_it_is_spelled() {
        for line in [
            "users frob -qo json",
            "users frob -ojson",
            "users frob -vo=json",
            "-qvojson users frob",
            "--output json users frob",
            "users frob --json",
            "users frob --limit -ojson",
            "api -X POST -f a=b -o json --frob",
            "users frob -o csv -o json",
            "users frob -o json -- -o csv",
        ] {
            assert_eq!(asked_by(&line.split(' ').collect::<Vec<_>>()).format, Some(OutputFormat::Json), "{line}");
        }
        for line in [
            "users frob -- -o json",
            "-P -frob",
            "api x -f -o",
            "-Pojson users frob",
            "users create --first-name=-ojson",
            "webhooks send x --text -ojson",
        ] {
            assert_eq!(asked_by(&line.split(' ').collect::<Vec<_>>()).format, None, "{line}");
        }
    }

    #[test]
    fn a_letter_means_what_the_command_says() {
        for (line, format) in [
            ("sandbox requests -fo json", Some(OutputFormat::Json)),
            ("sandbox requests -f -o json", Some(OutputFormat::Json)),
            ("api x -fo json", None),
            ("api x -f o -o json", Some(OutputFormat::Json)),
            ("-P api sandbox requests -fojson", Some(OutputFormat::Json)),
        ] {
            assert_eq!(asked_by(&line.split(' ').collect::<Vec<_>>()).format, format, "{line}");
        }
    }

    proptest! {
        /// What the grammar reads is what is found, also where the rest of the line is beyond reading.
        #[test]
        fn it_agrees_with_the_grammar(
            before in spellings(),
            after in spellings(),
        ) {
            let line = |verb: &'static str| -> Vec<String> {
                let verb = ["users", verb].map(str::to_owned);
                before.iter().cloned().chain(verb).chain(after.iter().cloned()).collect()
            };
            let good = line("list");
            let parsed = Cli::try_parse_from(std::iter::once("spectrum".to_owned()).chain(good.clone()));
            prop_assume!(parsed.is_ok());
            let global = parsed.unwrap().global;
            let expected = AskedOutput { format: global.format(), colour: global.color, quiet: global.quiet };
            for words in [good, line("frob")] {
                prop_assert_eq!(asked_by(&words.iter().map(String::as_str).collect::<Vec<_>>()), expected);
            }
        }
    }

    /// A few flags, spelled as people do; one that is written twice is refused by the grammar.
    fn spellings() -> impl Strategy<Value = Vec<String>> {
        let format = prop::sample::select(vec!["table", "json", "ndjson", "csv", "id"]);
        let output = (format, 0..6).prop_map(|(format, how)| match how {
            0 => format!("-o {format}"),
            1 => format!("-o{format}"),
            2 => format!("-o={format}"),
            3 => format!("--output {format}"),
            4 => format!("--output={format}"),
            _ => format!("-vo {format}"),
        });
        let other = prop::sample::select(vec![
            "-q",
            "-v",
            "--quiet",
            "-P ojson",
            "-Pqo",
            "-qvP o",
            "--retries 2",
            "--color never",
            "--color=always",
            "--fields a,-o",
            "--json",
        ]);
        let flag = prop_oneof![output, other.prop_map(str::to_owned)];
        prop::collection::vec(flag, 0..4)
            .prop_map(|flags| flags.iter().flat_map(|flag| flag.split(' ')).map(str::to_owned).collect())
    }
}
