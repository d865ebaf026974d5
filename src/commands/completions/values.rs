//! What an argument's value may be, as far as it is known without asking anybody: no network, no prompt.

use std::path::PathBuf;

use clap::{Arg, ValueHint};

use super::columns::columns;
use super::offer::{Completion, Offer, OfferKind, commands};
use crate::commands::api::METHODS;
use crate::commands::help::TOPICS;
use crate::config::environment::Environment;
use crate::config::profiles_file::{ProfileFile, SANDBOX};
use crate::model::Region;
use crate::nouns::lines::schema::PLATFORMS;
use crate::nouns::users::list::SORTED_BY;
use crate::nouns::webhooks::model::Schema;
use crate::roster::read::field::Field;
use crate::sandbox::revision::Revision;
use crate::typed::TypedLine;

/// Kinds of faults as `--fault` takes them; a rate follows, or a time.
const FAULTS: [&str; 10] = [
    "429:",
    "500:",
    "503:",
    "drop:",
    "hang:",
    "garbage:",
    "delivery-lost:",
    "delivery-drop:",
    "delivery-twice:",
    "delivery-late:",
];

/// The values of an argument that begin as `word` does, or whose last one does where it takes a list.
pub fn values(arg: &Arg, word: &str, typed: &TypedLine<'_>, environment: &Environment) -> Completion {
    let offers = |words: &mut dyn Iterator<Item = &str>| words.map(Offer::from).collect();
    let path = typed.path.as_slice();
    let (kind, offers): (OfferKind, Vec<Offer>) = match (arg.get_id().as_str(), path) {
        ("profile", _) | ("name", ["profiles", "use"]) => (OfferKind::Words, profiles(typed, environment)),
        // The one that is built in cannot be removed.
        ("name", ["profiles", "remove"]) => {
            let mut profiles = profiles(typed, environment);
            profiles.retain(|offer| offer.text != SANDBOX);
            (OfferKind::Words, profiles)
        }
        ("fields", _) => return fields(word, path),
        ("sort", ["users", "list"]) => {
            let sign = if word.starts_with('-') { "-" } else { "" };
            (OfferKind::Words, SORTED_BY.iter().map(|(field, _)| Offer::from(format!("{sign}{field}"))).collect())
        }
        ("region", _) => {
            let is_small = word.starts_with(|c: char| c.is_ascii_lowercase());
            let code = |code: &str| Offer::from(if is_small { code.to_lowercase() } else { code.to_owned() });
            (OfferKind::Words, Region::all().map(code).collect())
        }
        ("revision", _) => (OfferKind::Words, offers(&mut Revision::ALL.iter().map(|revision| revision.as_str()))),
        ("platform", ["lines", "list"]) => (OfferKind::Words, offers(&mut PLATFORMS.into_iter())),
        ("schema", _) => {
            (OfferKind::Words, offers(&mut [Schema::Normalized, Schema::Raw].iter().map(|schema| schema.as_str())))
        }
        // The one way that there is.
        ("upgrade", _) => (OfferKind::Words, offers(&mut [Schema::Raw.as_str()].into_iter())),
        ("method", ["api"]) => (OfferKind::Words, offers(&mut METHODS.into_iter())),
        ("to", ["webhooks", "send"]) => (OfferKind::Words, offers(&mut ["shared"].into_iter())),
        ("command", ["sandbox", "exec"]) => return Completion::of(OfferKind::Files),
        ("map", _) => (OfferKind::Begun, Field::names().map(|field| Offer::from(format!("{field}="))).collect()),
        ("faults", _) => (OfferKind::Begun, offers(&mut FAULTS.into_iter())),
        _ => match arg.get_value_hint() {
            ValueHint::AnyPath | ValueHint::FilePath => return Completion::of(OfferKind::Files),
            ValueHint::DirPath => return Completion::of(OfferKind::Folders),
            _ => (OfferKind::Words, possible(arg)),
        },
    };
    Completion { kind, offers }.beginning_with(word)
}

/// The words of a fixed list.
fn possible(arg: &Arg) -> Vec<Offer> {
    let values = arg.get_possible_values();
    let visible = values.iter().filter(|value| !value.is_hide_set());
    let offer = |value: &clap::builder::PossibleValue| Offer {
        text: value.get_name().to_owned(),
        help: value.get_help().map(ToString::to_string).unwrap_or_default(),
    };
    visible.map(offer).collect()
}

/// The fields of a command's records behind those that are named already.
fn fields(word: &str, path: &[&str]) -> Completion {
    let (before, last) = word.rsplit_once(',').map_or(("", word), |(before, last)| (before, last));
    let is_named = |key: &str| before.split(',').any(|named| named == key);
    let comma = if word.contains(',') { "," } else { "" };
    let fitting = columns(path).iter().filter(|column| column.key.starts_with(last) && !is_named(column.key));
    let offers = fitting
        .map(|column| Offer { text: format!("{before}{comma}{}", column.key), help: column.title.to_lowercase() });
    Completion { kind: OfferKind::Begun, offers: offers.collect() }
}

/// The topics of the help, and the commands below what is named already.
pub fn help(typed: &TypedLine<'_>, root: &clap::Command) -> Vec<Offer> {
    let below = TypedLine::read(root, typed.words());
    if below.words().next().is_some() {
        return Vec::new();
    }
    let mut offers = commands(below.command);
    if below.path.is_empty() {
        offers.extend(TOPICS.iter().map(|(topic, _)| Offer { text: (*topic).to_owned(), help: "a topic".to_owned() }));
    }
    offers
}

/// The profiles of the configuration that is in force.
fn profiles(typed: &TypedLine<'_>, environment: &Environment) -> Vec<Offer> {
    let typed_path = typed.flags().filter(|(arg, _)| arg.get_id() == "config").filter_map(|(_, value)| value).last();
    let path = typed_path
        .map(|path| environment.expand_path(PathBuf::from(path)))
        .or_else(|| environment.var("SPECTRUM_CONFIG").map(PathBuf::from))
        .or_else(|| environment.config_file());
    // Nobody waits at a pipe for a Tab.
    let path = path.filter(|path| path.metadata().is_ok_and(|found| found.is_file()));
    let file = path.and_then(|path| ProfileFile::read(&path, "").ok()).unwrap_or_default();
    let help = |name: &str| match name {
        name if file.default_profile.as_deref() == Some(name) => "the default",
        SANDBOX => "built in, needs no account",
        _ => "",
    };
    file.names().map(|name| Offer { text: name.to_owned(), help: help(name).to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::fault::Rule;

    #[test]
    fn every_kind_of_fault_is_one_when_its_rate_follows() {
        for kind in FAULTS {
            let rest = if kind == "delivery-late:" { "1s" } else { "0.1" };
            assert!(format!("{kind}{rest}").parse::<Rule>().is_ok(), "{kind}");
        }
    }
}
