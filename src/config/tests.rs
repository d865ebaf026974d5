use clap::Parser as _;

use super::*;
use crate::cli::Cli;
use crate::config::base_url::SERVICE;
use crate::config::source::FAMILIES;
use crate::config::source::{Candidates, NoSource};
use crate::failure::{Code, Failure};

const ID: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

fn candidates(
    flag: bool,
    spectrum: (bool, bool, bool),
    photon: (bool, bool, bool),
    variable: bool,
    default: bool,
) -> Candidates {
    let name = |is_set: bool, name: &str| is_set.then(|| name.to_owned());
    Candidates {
        flag: name(flag, "flagged"),
        families: [spectrum, photon],
        variable: name(variable, "exported"),
        default: name(default, "default"),
    }
}

/// The truth table: every combination of what may be there, against the documented order.
#[test]
fn the_first_source_that_applies_wins_and_halves_are_never_joined() {
    let bits = [false, true];
    for flag in bits {
        for (id, secret, file) in
            bits.into_iter().flat_map(|a| bits.into_iter().flat_map(move |b| bits.map(|c| (a, b, c))))
        {
            for (photon_id, photon_secret) in bits.into_iter().flat_map(|a| bits.map(|b| (a, b))) {
                for (variable, default) in bits.into_iter().flat_map(|a| bits.map(|b| (a, b))) {
                    let got =
                        candidates(flag, (id, secret, file), (photon_id, photon_secret, false), variable, default)
                            .choose();
                    let spectrum_complete = id && (secret || file);
                    let spectrum_touched = id || secret || file;
                    let expected = if flag {
                        Ok(Source::Profile("flagged".to_owned(), Origin::Flag("--profile")))
                    } else if spectrum_complete {
                        Ok(Source::Variables(FAMILIES[0]))
                    } else if spectrum_touched {
                        Err(match (id, secret) {
                            (true, _) => NoSource::Half("SPECTRUM_PROJECT_ID", "SPECTRUM_PROJECT_SECRET"),
                            (false, true) => NoSource::Half("SPECTRUM_PROJECT_SECRET", "SPECTRUM_PROJECT_ID"),
                            (false, false) => NoSource::Half("SPECTRUM_PROJECT_SECRET_FILE", "SPECTRUM_PROJECT_ID"),
                        })
                    } else if photon_id && photon_secret {
                        Ok(Source::Variables(FAMILIES[1]))
                    } else if photon_id {
                        Err(NoSource::Half("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET"))
                    } else if photon_secret {
                        Err(NoSource::Half("PHOTON_PROJECT_SECRET", "PHOTON_PROJECT_ID"))
                    } else if variable {
                        Ok(Source::Profile("exported".to_owned(), Origin::Variable("SPECTRUM_PROFILE")))
                    } else if default {
                        Ok(Source::Profile("default".to_owned(), Origin::Default))
                    } else {
                        Err(NoSource::Nothing)
                    };
                    assert_eq!(got, expected);
                }
            }
        }
    }
}

fn resolve<const N: usize>(line: &str, variables: [(&str, &str); N]) -> Result<Settings, Failure> {
    let cli = Cli::read(&line.split(' ').map(Into::into).collect::<Vec<_>>()).unwrap();
    Settings::resolve(&cli.global, &Environment::with_variables(variables), cli.command.new_profile())
}

fn base_url(settings: &Settings) -> String {
    settings.base_url.as_ref().unwrap().value.to_string()
}

#[test]
fn the_base_url_belongs_to_the_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, format!("[profiles.p]\nproject_id = \"{ID}\"\nproject_secret = \"s\"\n")).unwrap();
    let line = format!("spectrum --config {} -P p project show", file.display());
    let exported = ("SPECTRUM_CLOUD_URL", "https://elsewhere.example");
    assert_eq!(
        base_url(&resolve(&line, [exported]).unwrap()),
        format!("{SERVICE}/"),
        "a profile's secret goes to the service"
    );
    let pair = [("SPECTRUM_PROJECT_ID", ID), ("SPECTRUM_PROJECT_SECRET", "s"), exported];
    assert_eq!(base_url(&resolve("spectrum project show", pair).unwrap()), "https://elsewhere.example/");
    let flagged = resolve("spectrum --base-url https://flag.example project show", pair).unwrap();
    assert_eq!(base_url(&flagged), "https://flag.example/");
    let sandbox = resolve("spectrum -P sandbox project show", pair).unwrap();
    assert_eq!(base_url(&sandbox), "http://sandbox.localhost/", "the sandbox looks at none of it");
}

#[test]
fn other_settings_are_flag_then_variable_then_default() {
    let settings =
        resolve("spectrum --retries 1 project show", [("SPECTRUM_RETRIES", "2"), ("SPECTRUM_TIMEOUT", "2m")]).unwrap();
    assert_eq!((settings.retries.value, settings.retries.origin), (1, Origin::Flag("--retries")));
    assert_eq!(settings.timeout.value, Duration::from_secs(120));
    assert_eq!(settings.rate_limit.value, 5.0);
    let failure = resolve("spectrum project show", [("SPECTRUM_OUTPUT", "yaml")]).unwrap_err();
    assert_eq!(failure.code, Code::Config);
    assert!(failure.message.contains("SPECTRUM_OUTPUT"), "{}", failure.message);
}

#[test]
fn nothing_at_all_offers_all_three_ways() {
    let failure = resolve("spectrum --config /nonexistent/config.toml project show", []).unwrap().target.unwrap_err();
    assert_eq!(failure.code, Code::Config);
    let failure = resolve("spectrum project show", []).unwrap().target.unwrap_err();
    let hint = failure.hint.unwrap();
    for way in ["SPECTRUM_PROJECT_ID", "SPECTRUM_PROJECT_SECRET", "profiles add", "-P sandbox"] {
        assert!(hint.contains(way), "{hint}");
    }
}

#[test]
fn a_swapped_pair_does_not_show_the_secret() {
    let pair = [("SPECTRUM_PROJECT_ID", "sk-very-secret"), ("SPECTRUM_PROJECT_SECRET", ID)];
    let failure = resolve("spectrum project show", pair).unwrap().target.unwrap_err();
    assert!(!format!("{failure:?}").contains("sk-very-secret"), "{failure:?}");
}

#[test]
fn a_pair_is_checked_with_the_settings_of_the_profile_that_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let profile = |name: &str, retries: u8| {
        format!(
            "[profiles.{name}]\nproject_id = \"{ID}\"\nproject_secret = \"s\"\nbase_url = \"https://{name}.example\"\nretries = {retries}\nca_cert = \"/{name}.pem\"\n"
        )
    };
    std::fs::write(&file, format!("default_profile = \"prod\"\n{}{}", profile("prod", 1), profile("staging", 2)))
        .unwrap();
    let of = |line: &str| {
        let exported = [("SPECTRUM_PROFILE", "prod"), ("SPECTRUM_CLOUD_URL", "https://elsewhere.example")];
        let settings = resolve(&format!("spectrum --config {} {line}", file.display()), exported).unwrap();
        let ca = settings.ca_cert.as_ref().map(|ca| ca.value.display().to_string());
        (base_url(&settings), settings.retries.value, ca)
    };
    let staging = ("https://staging.example/".to_owned(), 2, Some("/staging.pem".to_owned()));
    assert_eq!(of("-P staging project show"), staging);
    assert_eq!(of("profiles add staging"), staging);
    assert_eq!(of("login staging"), staging);
    assert_eq!(of("profiles add new"), (format!("{SERVICE}/"), 4, None));
    assert_eq!(of("profiles add staging --retries 3 --base-url https://flag.example").0, "https://flag.example/");
    assert_eq!(of("profiles check"), ("https://prod.example/".to_owned(), 1, Some("/prod.pem".to_owned())));
}

#[test]
fn the_ca_of_a_profile_and_the_roots_of_the_environment_are_two_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(
        &file,
        format!("[profiles.p]\nproject_id = \"{ID}\"\nproject_secret = \"s\"\nca_cert = \"/own.pem\"\n"),
    )
    .unwrap();
    let line = format!("spectrum --config {} -P p project show", file.display());
    let settings = resolve(&line, [("SSL_CERT_FILE", "/roots.pem")]).unwrap();
    assert_eq!(settings.ca_cert.unwrap().value, PathBuf::from("/own.pem"));
    assert_eq!(settings.roots.unwrap().value, PathBuf::from("/roots.pem"));
    let settings = resolve(&format!("{line} --ca-cert /flag.pem"), []).unwrap();
    assert_eq!(settings.ca_cert.unwrap().origin, Origin::Flag("--ca-cert"));
}

#[test]
fn a_hint_can_repeat_what_was_given() {
    let given = |args: &[&str]| {
        let args = [&["spectrum"], args, &["project", "show"]].concat();
        let cli = Cli::try_parse_from(args).unwrap();
        Settings::resolve(&cli.global, &Environment::default(), None).unwrap().given().to_owned()
    };
    assert_eq!(given(&[]), "");
    assert_eq!(given(&["-P", "staging", "--timeout", "3s"]), " -P staging");
    let all = given(&["--base-url", "https://h.example", "--config", "a b'c.toml", "-P", "p"]);
    let expected = if cfg!(windows) { "\"a b'c.toml\"" } else { r"'a b'\''c.toml'" };
    assert_eq!(all, format!(" -P p --config {expected} --base-url https://h.example"));
    assert_eq!(given(&["--base-url", "https://u:s3cret@h"]), "", "what is no base URL may be a secret");
}
