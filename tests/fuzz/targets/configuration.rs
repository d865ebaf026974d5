//! What is configured: the file of profiles, variables, flags, proxies, and changes of the file. An input is lines up to
//! `---` (`NAME=value`, `-P name`, `--base-url url`, `put name`, `use name`, `remove name`) and the file.
#![no_main]

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use spectrum_cli::config::environment::Environment;
use spectrum_cli::config::profiles_file::{ProfileFile, SANDBOX};
use spectrum_cli::config::settings::{GlobalArgs, Settings};
use spectrum_cli::config::{profiles_editor, proxy};
use spectrum_cli::failure::Failure;
use spectrum_cli::output::format::OutputFormat;
use spectrum_cli::output::{Palette, streams};
use spectrum_cli::secrets::credentials::Secret;
use spectrum_fuzz::{SECRET, assert_clean, assert_hidden};
use url::{Host, Url};

const PROJECT: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
/// Every variable that a value can come from.
const NAMES: [&str; 19] = [
    "SPECTRUM_PROJECT_ID",
    "SPECTRUM_PROJECT_SECRET",
    "SPECTRUM_PROJECT_SECRET_FILE",
    "PHOTON_PROJECT_ID",
    "PHOTON_PROJECT_SECRET",
    "SPECTRUM_PROFILE",
    "SPECTRUM_CLOUD_URL",
    "SPECTRUM_OUTPUT",
    "SPECTRUM_TIMEOUT",
    "SPECTRUM_RETRIES",
    "SPECTRUM_RATE_LIMIT",
    "SPECTRUM_REGION",
    "SSL_CERT_FILE",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// A folder in memory where the system has one.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder").keep().join("config.toml")
});

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let Some((head, file)) = text.split_once("---\n") else { return };
    let (mut variables, mut args, mut changes) = (HashMap::new(), GlobalArgs::default(), Vec::new());
    for line in head.lines() {
        let word = line.split_once(' ');
        match (word, line.split_once('=')) {
            (Some(("-P", name)), _) => args.profile = Some(name.to_owned()),
            (Some(("--base-url", url)), _) => args.base_url = Some(url.to_owned()),
            (Some((change @ ("put" | "use" | "remove"), name)), _) => changes.push((change, name)),
            (_, Some((name, value))) => drop(variables.insert(name, value)),
            _ => {}
        }
    }
    let variable = |name| (name, variables.get(name).copied().unwrap_or_default());
    let environment = Environment::with_variables(NAMES.map(variable));
    args.config = Some(FILE.clone());
    std::fs::write(&*FILE, file).expect("a file in memory");
    let keeps = keeps_its_secret(head, file);
    let heard = |failure: &Failure| check_failure(failure, keeps);
    match Settings::resolve(&args, &environment, None) {
        Err(failure) => heard(&failure),
        Ok(settings) => {
            for failure in [settings.target.as_ref().err(), settings.base_url.as_ref().err()].into_iter().flatten() {
                heard(failure);
            }
            assert!(settings.timeout.value > Duration::ZERO && settings.timeout.value <= Duration::from_secs(3600));
            let rate = settings.rate_limit.value;
            assert!(rate == 0.0 || (0.01..=100_000.0).contains(&rate), "{rate}");
            if keeps {
                assert_hidden(&format!("{settings:?}"), SECRET);
            }
            if let Ok(url) = &settings.base_url {
                check_base_url(&url.value);
                check_proxy(&url.value, &environment, &heard);
            }
        }
    }
    changes.into_iter().take(4).for_each(|(what, name)| check_change(what, name, &heard));
});

/// Whether the secret stands in its place and nowhere else, so that whoever shows it has leaked it.
fn keeps_its_secret(head: &str, file: &str) -> bool {
    let places = [
        r#"project_secret = ""#,
        "SPECTRUM_PROJECT_SECRET=",
        "PHOTON_PROJECT_SECRET=",
        "proxy=http://u:",
        "PROXY=http://u:",
    ];
    let in_place = |line: &&str| {
        let begin = places.into_iter().find_map(|place| line.split_once(place));
        begin.is_some_and(|(before, rest)| {
            ["", "https_", "HTTPS_", "all_", "ALL_"].contains(&before) && rest.starts_with(SECRET)
        })
    };
    let has = |line: &&str| line.contains(SECRET);
    // In a text of several lines it would be part of any value.
    !file.contains(r#"""""#)
        && !file.contains("'''")
        && head.lines().chain(file.lines()).filter(has).all(|line| in_place(&line))
}

fn check_failure(failure: &Failure, keeps: bool) {
    for format in [OutputFormat::Table, OutputFormat::Json] {
        let said = streams::describe(failure, format, Palette::default());
        assert_clean(&said);
        if keeps {
            assert_hidden(&said, SECRET);
        }
    }
}

/// Credentials never travel in clear text, nor with somebody else's name in the URL.
fn check_base_url(url: &Url) {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name == "sandbox.localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    assert!(url.scheme() == "https" && url.has_host() || url.scheme() == "http" && is_here, "{url}");
    assert!(url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none());
}

/// A value that is there is a proxy or an error, and its password is known for a secret.
fn check_proxy(url: &Url, environment: &Environment, heard: &dyn Fn(&Failure)) {
    let passwords = proxy::passwords(environment);
    match proxy::for_url(url, environment) {
        Err(failure) => heard(&failure),
        Ok(None) => {}
        Ok(Some(proxy)) => {
            assert!(url.scheme() == "https" && ["http", "https", "socks5", "socks5h"].contains(&proxy.url.scheme()));
            assert!(proxy.url.host_str().is_some_and(|host| !host.is_empty()));
            if let Some(password) = proxy.url.password() {
                let is_meant = |known: &String| known == password || meant(known) == meant(password);
                assert!(passwords.iter().any(is_meant), "{password:?} is not hidden: {passwords:?}");
            }
        }
    }
}

/// A password as it is meant.
fn meant(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

/// A change does what it says, and nothing else: all other profiles stay, and a file that is not understood stays whole.
fn check_change(what: &str, name: &str, heard: &dyn Fn(&Failure)) {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(is_name) || name == SANDBOX {
        return;
    }
    let read = || ProfileFile::read(&FILE, "config.toml");
    let (before, text) = (read(), std::fs::read(&*FILE).expect("the file"));
    let secret = Secret::new("a \"new\"\\ secret\u{7}").expect("a secret");
    let changed = profiles_editor::change(&FILE, "config.toml", |editor| {
        match what {
            "put" => editor.put(name, PROJECT, &secret, None),
            "use" => editor.set_default(name),
            _ => drop(editor.remove(name)),
        }
        Ok(())
    });
    if let Err(failure) = changed {
        heard(&failure);
        assert!(before.is_err(), "{failure:?}");
        return assert_eq!(std::fs::read(&*FILE).ok(), Some(text), "a file that was not understood");
    }
    let before = before.unwrap_or_else(|failure| panic!("{failure:?}, and was changed"));
    let written = || String::from_utf8_lossy(&std::fs::read(&*FILE).unwrap_or_default()).into_owned();
    let after = read().unwrap_or_else(|failure| panic!("{failure:?} in what we wrote: {}", written()));
    let (mut default, mut names) = (before.default_profile.clone(), before.profiles.keys().collect::<BTreeSet<_>>());
    let name = &name.to_owned();
    match what {
        "put" => {
            default.get_or_insert_with(|| name.clone());
            names.insert(name);
            let profile = after.get(name, "").expect("the profile");
            assert_eq!(profile.project_id.as_deref(), Some(PROJECT));
            let source = profile.secret_source().expect("one secret").expect("a secret");
            assert_eq!(format!("{source:?}"), "Literal(Secret(…))");
        }
        "use" => default = Some(name.clone()),
        _ => {
            default = default.filter(|default| default != name);
            names.remove(name);
        }
    }
    assert_eq!(after.default_profile, default, "{what} {name}: {}", written());
    assert_eq!(after.profiles.keys().collect::<BTreeSet<_>>(), names, "{what} {name}: {}", written());
    for (other, profile) in after.profiles.iter().filter(|(other, _)| what == "use" || *other != name) {
        let known = &before.profiles[other];
        assert_eq!(format!("{profile:?}"), format!("{known:?}"), "{what} {name}: {}", written());
        assert!(profile.secret_source() == known.secret_source(), "{what} {name}: {}", written());
    }
}
