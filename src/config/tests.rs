use clap::Parser as _;

use super::*;
use crate::cli::Cli;
use crate::config::source::FAMILIES;
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
    let cli = Cli::try_parse_from(line.split(' ')).unwrap();
    Settings::resolve(&cli.global, &Environment::with_variables(variables))
}

fn base_url(settings: &Settings) -> String {
    settings.target.as_ref().unwrap().base_url.as_ref().unwrap().value.to_string()
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
    assert_eq!(sandbox.target.unwrap().base_url, None, "the sandbox looks at none of it");
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
fn credentials_never_travel_in_clear_text() {
    for good in [
        "https://spectrum.photon.codes",
        "http://127.0.0.1:8787",
        "http://localhost:1",
        "http://[::1]:80",
        "https://h/base/",
    ] {
        assert!(parse_base_url(good).is_ok(), "{good}");
    }
    for bad in [
        "http://spectrum.photon.codes",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://user:pw@h",
        "ftp://127.0.0.1",
        "https://h?x=1",
        "spectrum.photon.codes",
        "http://0.0.0.0:1",
        "",
    ] {
        assert!(parse_base_url(bad).is_err(), "{bad}");
    }
}
