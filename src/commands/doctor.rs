//! `doctor`: everything that a command hangs on, looked at one by one.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap};
use serde::Serialize;
use url::Url;

use super::profiles::renewal;
use crate::config::proxy::{self, Proxy};
use crate::config::settings::{Origin, ProjectTarget, Setting};
use crate::failure::{Code, Exit, Failure};
use crate::http::{Client, Error, names, transport};
use crate::model::time;
use crate::model::words::count;
use crate::nouns::users;
use crate::output::format::OutputFormat;
use crate::output::{Column, Palette, sanitize};
use crate::secrets::credentials::Credentials;
use crate::session::Session;

/// Examples, what is looked at, and exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum -P sandbox doctor
  spectrum -P sandbox doctor -o json

Looks at the configuration, the credentials, the URL, the proxy, the CA
certificates, the name's address, TLS, the service's answer, the clock and the
rate. One request is sent; nothing is changed. Exit code: that of the first
check that failed (3 configuration, 4 credentials, 8 the network).";

/// How far the clocks may stand apart. Answers name whole seconds, and some proxies keep them for a moment.
const APART: Duration = Duration::from_secs(60);
/// Requests a second that the service takes of a project, as its documentation says.
const SERVICE_RATE: f64 = 5.0;
/// How long a look-up may take: as long as opening a connection.
const LOOK_UP: Duration = Duration::from_secs(10);
/// Addresses that are shown.
const SHOWN_ADDRESSES: usize = 3;

/// Everything that is looked at, in the order in which it is shown.
const CHECKS: [&str; 10] = ["config", "credentials", "url", "proxy", "ca", "dns", "tls", "service", "clock", "rate"];
/// Why a check that concerns the network alone has nothing to look at.
const PLAIN: &str = "plain HTTP, which stays on this machine";

/// What was looked at.
pub const FINDING: [Column; 4] = [
    Column::shown("check", "CHECK", 0, true),
    Column::shown("state", "STATE", 0, true),
    Column::shown("detail", "DETAIL", 0, false),
    Column::shown("hint", "HINT", 1, false),
];

/// Look at everything that a command hangs on, and say what to do
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum CheckState {
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// What a check found.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: CheckState,
    detail: String,
    hint: Option<String>,
}

/// What was found so far.
#[derive(Default)]
struct Findings {
    all: Vec<Finding>,
    /// The first failure, which decides how the command ends.
    failure: Option<Failure>,
}

impl Findings {
    fn add(&mut self, check: &'static str, state: CheckState, detail: impl Into<String>, hint: Option<String>) {
        self.all.push(Finding { check, state, detail: sanitize::line(&detail.into()).into_owned(), hint });
    }

    fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, CheckState::Ok, detail, None);
    }

    fn skipped(&mut self, check: &'static str, why: impl Into<String>) {
        self.add(check, CheckState::Skipped, why, None);
    }

    fn warning(&mut self, check: &'static str, detail: impl Into<String>, hint: impl Into<String>) {
        self.add(check, CheckState::Warning, detail, Some(hint.into()));
    }

    fn failed(&mut self, check: &'static str, failure: Failure) {
        let detail = std::iter::once(&failure.message).chain(&failure.context).cloned().collect::<Vec<_>>().join("; ");
        self.add(check, CheckState::Failed, detail, failure.hint.clone());
        self.failure.get_or_insert(failure);
    }

    /// Takes what came of a check that others hang on. One cause is told once: what fails as another check did is skipped.
    fn take<T>(&mut self, check: &'static str, result: Result<T, Failure>) -> Option<T> {
        let told = |failure: &Failure| self.failure.as_ref().is_some_and(|told| told.message == failure.message);
        match result {
            Ok(value) => return Some(value),
            Err(failure) if told(&failure) => {}
            Err(failure) => self.failed(check, failure),
        }
        None
    }

    /// Every check, in order; what was not come to hangs on one that failed.
    fn complete(&mut self) {
        for check in CHECKS {
            if self.all.iter().all(|finding| finding.check != check) {
                self.skipped(check, "not looked at: it hangs on what failed");
            }
        }
        self.all.sort_by_key(|finding| CHECKS.iter().position(|check| *check == finding.check));
    }
}

/// Looks at everything.
///
/// # Errors
/// The first check's that failed.
pub fn doctor(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&FINDING)?;
    if session.out.format() == OutputFormat::Id {
        return Err(Failure::new(Code::Usage, "-o id: a check has no id").hint("use `-o json`"));
    }
    let mut findings = Findings::default();
    config(session, &mut findings);
    let target = findings.take("credentials", session.target());
    let credentials = target.and_then(|target| credentials(target, session, &mut findings));
    let url = findings.take("url", session.base_url());
    match url {
        Some(Setting { origin: Origin::Sandbox, .. }) => {
            findings.ok("url", "a free port of this machine, for this command")
        }
        Some(url) => findings.ok("url", format!("{} from {}", url.value, url.origin)),
        None => {}
    }
    let clock = findings.take("clock", session.environment.check_clock());
    if let (Some(url), Some(())) = (url, clock) {
        network(url, credentials, session, &mut findings);
    }
    rate(url, session, &mut findings);
    findings.complete();
    for hint in findings.all.iter_mut().filter_map(|finding| finding.hint.as_mut()) {
        *hint = session.out.repeat(hint).into_owned();
    }
    show(&findings.all, session)?;
    let Some(first) = findings.failure else { return Ok(Exit::Done) };
    let failed = |finding: &&Finding| finding.state == CheckState::Failed;
    let checks: Vec<&str> = findings.all.iter().filter(failed).map(|finding| finding.check).collect();
    let message = format!("{} of {} failed: {}", checks.len(), count(findings.all.len(), "check"), checks.join(", "));
    // A person has read above what to do.
    let hint = first.hint.filter(|_| session.out.format().is_machine());
    Err(Failure { message, context: Vec::new(), hint, cause: None, ..first })
}

/// The file of profiles.
fn config(session: &Session, findings: &mut Findings) {
    const CHECK: &str = "config";
    let shown = &session.settings.config_shown;
    let Some(path) = &session.settings.config_path else {
        return findings.warning(
            CHECK,
            "no place for it: this user has no home folder",
            "set HOME, or SPECTRUM_CONFIG",
        );
    };
    let Some(file) = findings.take(CHECK, session.settings.file()) else { return };
    match &session.settings.warning {
        Some(warning) => {
            let (what, run) = warning.split_once("; ").unwrap_or((warning, ""));
            findings.warning(CHECK, what, run);
        }
        None if path.exists() => {
            findings.ok(CHECK, format!("{shown} has {}", count(file.profiles.len(), "profile")));
        }
        None => findings.ok(CHECK, format!("{shown} is not there, and need not be")),
    }
}

/// Who asks.
enum Asker {
    /// The sandbox of this command knows its own.
    Sandbox,
    Pair(Credentials),
}

fn credentials(target: &ProjectTarget, session: &Session, findings: &mut Findings) -> Option<Asker> {
    const CHECK: &str = "credentials";
    let Some(id) = &target.project_id else {
        findings.ok(CHECK, "the sandbox's own, built in");
        return Some(Asker::Sandbox);
    };
    let secret = findings.take(CHECK, session.secret(target))?;
    findings.ok(CHECK, session.credentials_from().unwrap_or_default());
    Some(Asker::Pair(Credentials { project_id: id.value.clone(), secret }))
}

/// The way to the service, and its answer.
fn network(url: &Setting<Url>, asker: Option<Asker>, session: &Session, findings: &mut Findings) {
    let Setting { value: url, origin } = url;
    let is_https = url.scheme() == "https";
    let proxy = findings.take("proxy", proxy::for_url(url, &session.environment));
    if let Some(proxy) = &proxy {
        findings.ok("proxy", proxy.as_ref().map_or_else(|| "none".to_owned(), shown_proxy));
    }
    let built;
    let client = match asker.filter(|_| proxy.is_some()) {
        None => None,
        Some(Asker::Sandbox) => findings.take("service", session.client()),
        Some(Asker::Pair(pair)) => {
            let client = session.client_for(pair);
            let client = client.map_err(|failure| or_hint(failure, "name a file of PEM certificates"));
            built = findings.take("ca", client);
            built.as_ref()
        }
    };
    match (is_https, &client) {
        (false, _) => {
            findings.skipped("ca", PLAIN);
            findings.skipped("tls", PLAIN);
        }
        (true, Some(_)) => findings.ok("ca", trusted(session)),
        (true, None) => {}
    }
    let is_known = match proxy {
        Some(_) if *origin == Origin::Sandbox => {
            findings.skipped("dns", PLAIN);
            true
        }
        Some(proxy) => host(url, proxy.as_ref(), session, findings),
        None => false,
    };
    if let Some(client) = client.filter(|_| is_known) {
        answer(client, is_https, session, findings);
    }
}

fn shown_proxy(proxy: &Proxy) -> String {
    let host = proxy.url.host_str().unwrap_or_default();
    let port = proxy.url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{} leads to {}://{host}{port}", proxy.variable, proxy.url.scheme())
}

/// Whose certificates are trusted.
fn trusted(session: &Session) -> String {
    let named = |ca: &Setting<std::path::PathBuf>| format!("{} from {}", ca.value.display(), ca.origin);
    let roots = session.settings.roots.as_ref().map_or_else(|| "those of the system".to_owned(), named);
    session.settings.ca_cert.as_ref().map_or_else(|| roots.clone(), |ca| format!("{roots}, and {}", named(ca)))
}

/// The host's address; whether a request can be sent to it.
fn host(url: &Url, proxy: Option<&Proxy>, session: &Session, findings: &mut Findings) -> bool {
    const CHECK: &str = "dns";
    let name = match url.host() {
        Some(url::Host::Domain(name)) if proxy.is_none_or(|proxy| !proxy.looks_names_up()) => name,
        Some(url::Host::Domain(_)) => {
            findings.skipped(CHECK, "the proxy looks the name up");
            return true;
        }
        _ => {
            findings.skipped(CHECK, "the URL holds an address");
            return true;
        }
    };
    let begun = Instant::now();
    match names::look_up(name, LOOK_UP.min(session.settings.timeout.value)) {
        Ok(addresses) => {
            findings
                .ok(CHECK, format!("{name} is {} ({} ms)", shown_addresses(&addresses), begun.elapsed().as_millis()));
            true
        }
        Err(error) => {
            let failure = Failure::new(Code::Network, format!("no address of {name} is found ({error})"));
            let hint = proxy.map_or_else(
                || "look at the network, at /etc/resolv.conf or its like, and at the URL".to_owned(),
                |proxy| format!("write socks5h:// in {}, so that the proxy looks it up", proxy.variable),
            );
            findings.failed(CHECK, failure.hint(hint));
            false
        }
    }
}

fn shown_addresses(addresses: &[IpAddr]) -> String {
    let shown = addresses.iter().take(SHOWN_ADDRESSES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match addresses.len().saturating_sub(SHOWN_ADDRESSES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Asks for one user, which every pair may, and looks at how the answer came.
fn answer(client: &Client, is_https: bool, session: &Session, findings: &mut Findings) {
    let begun = Instant::now();
    let answer = client.call(&users::endpoints::List { limit: Some(1), ..Default::default() });
    let took = begun.elapsed().as_millis();
    let error = answer.as_ref().err();
    let has_come = error.is_none_or(|error| error.status.is_some());
    if is_https && has_come {
        findings.ok("tls", "the certificate is trusted");
    }
    match error {
        None => findings.ok("service", format!("it accepts the credentials ({took} ms)")),
        Some(error) => {
            let check = if is_https && !has_come { "tls" } else { "service" };
            findings.failed(check, refusal(error, session));
        }
    }
    let headers = match &answer {
        Ok(reply) => Some(&reply.headers),
        Err(error) => error.exchange().map(|(_, headers, _)| headers),
    };
    clock(headers, findings);
}

fn refusal(error: &Error, session: &Session) -> Failure {
    let failure = Failure::from(error.clone());
    match (failure.code, session.target()) {
        (Code::Unauthorized | Code::Forbidden, Ok(target)) => failure.hint(renewal(&target.source)),
        (Code::Network | Code::Timeout, _) if !error.is_untrusted => {
            failure.hint("look at the network, a firewall and the URL, or name a proxy in HTTPS_PROXY")
        }
        _ => or_hint(failure, "run it again with `-vv` to see the request and the answer"),
    }
}

/// A failure that says what to do, if it does not yet.
fn or_hint(failure: Failure, hint: &str) -> Failure {
    if failure.hint.is_some() { failure } else { failure.hint(hint) }
}

/// This machine's clock beside the service's.
fn clock(headers: Option<&HeaderMap>, findings: &mut Findings) {
    const CHECK: &str = "clock";
    let date = headers.and_then(|headers| transport::parse_date(headers.get(DATE)?.to_str().ok()?));
    let Some(date) = date else { return findings.skipped(CHECK, "no answer to compare it with") };
    let apart = Timestamp::now().duration_since(date);
    if apart.unsigned_abs() <= APART {
        return findings.ok(CHECK, "it agrees with the service's");
    }
    let way = if apart.is_negative() { "behind" } else { "ahead of" };
    findings.warning(
        CHECK,
        format!("it is {} {way} the service's", time::show(Duration::from_secs(apart.unsigned_abs().as_secs()))),
        "set the clock: certificates, signatures of webhooks and `created` depend on it",
    );
}

/// Requests a second.
fn rate(url: Option<&Setting<Url>>, session: &Session, findings: &mut Findings) {
    const CHECK: &str = "rate";
    let Setting { value: rate, origin } = &session.settings.rate_limit;
    let told = if *rate > 0.0 { format!("{rate}/s") } else { "not limited".to_owned() };
    let is_here = url.is_some_and(|url| url.value.scheme() == "http");
    if !is_here && (*rate <= 0.0 || *rate > SERVICE_RATE) {
        let detail = format!("{told} by {origin}; the service takes {SERVICE_RATE}/s of a project, and refuses more");
        return findings.warning(CHECK, detail, "leave it out, or name at most 5");
    }
    let by = if *origin == Origin::Default { String::new() } else { format!(" by {origin}") };
    findings.ok(CHECK, format!("{told}{by}"));
}

fn show(findings: &[Finding], session: &Session) -> Result<(), Failure> {
    if session.out.format() != OutputFormat::Table || session.settings.fields.is_some() {
        return session.out.many_of_ours(&FINDING, findings);
    }
    let palette = Palette { on: session.out.look().bold };
    let lines = findings.iter().map(|finding| line(finding, palette));
    session.out.text(&lines.collect::<String>())
}

/// A finding for a person: what was found, and below it what to do.
fn line(finding: &Finding, palette: Palette) -> String {
    let state = match finding.state {
        CheckState::Ok => palette.good("ok     "),
        CheckState::Warning => palette.warning("warning"),
        CheckState::Failed => palette.error("failed "),
        CheckState::Skipped => "skipped".to_owned(),
    };
    let hint = finding.hint.as_ref().map(|hint| format!("{:21}{} {hint}\n", "", palette.hint("hint:")));
    format!("{state}  {:11} {}\n{}", finding.check, finding.detail, hint.unwrap_or_default())
}
