//! What a verb may touch: its settings, the streams, the prompt, and the client, which is built on first use.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::header::HeaderMap;
use url::Url;

use crate::config::environment::Environment;
use crate::config::proxy;
use crate::config::settings::{Origin, ProjectTarget, Setting, Settings, Source};
use crate::failure::{Code, Failure};
use crate::http::client::Attempt;
use crate::http::config::{Config, FailureContext, Server};
use crate::http::dialect::SPECTRUM;
use crate::http::retry::RetryPolicy;
use crate::http::transport::BuildError;
use crate::http::{Client, Observer, descriptors};
use crate::interrupt;
use crate::model::Phone;
use crate::model::words::{count, cut};
use crate::output::waiting::Waiting;
use crate::output::{Output, annotation};
use crate::prompt::Prompt;
use crate::sandbox;
use crate::secrets::credentials::{Credentials, Secret};
use crate::secrets::revealed;
use crate::secrets::source::{self, Limits, SecretSource};

/// What to do about numbers that are written as they are dialled within a country.
pub const NAME_REGION: &str = "if it is dialled within a country, name that: `--region CC`, such as `--region US`";

/// One command's world.
#[derive(Debug)]
pub struct Session {
    /// What the process was started with.
    pub environment: Environment,
    /// What it is to go by: flags, variables and the file, each value with its origin.
    pub settings: Settings,
    /// The way out.
    pub out: Arc<Output>,
    /// The way to ask.
    pub prompt: Prompt,
    connection: OnceCell<Connection>,
}

/// The client, and the sandbox behind it where it is our own.
#[derive(Debug)]
struct Connection {
    client: Client,
    sandbox: Option<sandbox::Running>,
}

impl Session {
    /// A session before anything was asked of it.
    pub fn new(environment: Environment, settings: Settings, out: Output, prompt: Prompt) -> Self {
        Self { environment, settings, out: Arc::new(out), prompt, connection: OnceCell::new() }
    }

    /// Reads a phone number that was typed, as it is dialled in the region that was named.
    ///
    /// # Errors
    /// Usage, when it is none; `place` is the flag or the argument.
    pub fn phone(&self, place: &str, text: &str) -> Result<Phone, Failure> {
        let region = self.settings.region;
        Phone::dialled(text, region).map_err(|error| {
            let hint =
                if error.fault.wants_region() && region.is_none() { NAME_REGION } else { "write it like +14155550123" };
            Failure::new(Code::Usage, format!("{place}: {error}")).hint(hint)
        })
    }

    /// Marks a place in a file where a workflow of GitHub runs, which shows such marks beside the file; elsewhere nothing.
    /// A line of 0 means the file as a whole.
    pub fn annotate(&self, file: Option<&str>, line: u32, text: &str) {
        if self.environment.flag("GITHUB_ACTIONS") {
            self.out.log(annotation::error(file, line, text));
        }
    }

    /// Whether somebody watches standard error, so that a bar or a spinner may move there.
    pub fn is_watched(&self) -> bool {
        self.environment.stderr_is_terminal && !self.out.is_quiet() && self.settings.verbosity == 0
    }

    /// The client; building it is what "needs credentials" means.
    ///
    /// # Errors
    /// Config, when the credentials are missing or unreadable.
    pub fn client(&self) -> Result<&Client, Failure> {
        if let Some(connection) = self.connection.get() {
            return Ok(&connection.client);
        }
        interrupt::install();
        let connection = self.connect()?;
        Ok(&self.connection.get_or_init(|| connection).client)
    }

    fn connect(&self) -> Result<Connection, Failure> {
        let target = self.target()?;
        if let Some(warning) = &self.settings.warning {
            self.out.warn(warning);
        }
        let Some(project_id) = &target.project_id else {
            let (credentials, running) = self.start_sandbox()?;
            let base_url =
                running.url.parse().map_err(|error| Failure::internal("the sandbox has no address", error))?;
            let client = self.build(credentials, base_url, true)?;
            return Ok(Connection { client, sandbox: Some(running) });
        };
        let secret = self.secret(target)?;
        let client = self.client_for(Credentials { project_id: project_id.value.clone(), secret })?;
        Ok(Connection { client, sandbox: None })
    }

    /// A client for a pair of the service, also for one that is not configured yet (`profiles add`).
    ///
    /// # Errors
    /// Config, when it cannot be built.
    pub fn client_for(&self, credentials: Credentials) -> Result<Client, Failure> {
        interrupt::install();
        self.build(credentials, self.base_url()?.value.clone(), false)
    }

    fn build(&self, credentials: Credentials, base_url: Url, shares_clock: bool) -> Result<Client, Failure> {
        self.out.hide(&credentials);
        let (server, proxy) = self.server(base_url)?;
        let config = Config {
            server,
            dialect: SPECTRUM,
            credentials,
            retry: RetryPolicy { retries: self.settings.retries.value },
            rate: self.settings.rate_limit.value,
            shares_clock,
            told: FailureContext { credentials: self.provenance(), way: self.way(proxy) },
        };
        Client::new(config, self.observer()).map_err(|error| self.unbuilt(&error))
    }

    /// A server, reached as the settings say, and the variable that names the proxy on the way.
    ///
    /// # Errors
    /// Config, when a proxy, a CA or the clock cannot be used.
    pub fn server(&self, url: Url) -> Result<(Server, Option<&'static str>), Failure> {
        self.environment.check_clock()?;
        let proxy = proxy::for_url(&url, &self.environment)?;
        // Plain HTTP goes to loopback and looks at no certificate, so a broken SSL_CERT_FILE is not in its way.
        let is_https = url.scheme() == "https";
        let read = |setting: &Option<Setting<_>>| setting.as_ref().filter(|_| is_https).map(read_ca).transpose();
        let (extra_ca, roots) = (read(&self.settings.ca_cert)?, read(&self.settings.roots)?);
        // On Linux the system's own roots are read from this variable's file already.
        let roots = roots.filter(|_| !cfg!(target_os = "linux"));
        let variable = proxy.as_ref().map(|proxy| proxy.variable);
        let proxy = proxy.map(|proxy| proxy.url);
        Ok((Server { url, timeout: self.settings.timeout.value, extra_ca, roots, proxy }, variable))
    }

    /// Where requests go.
    ///
    /// # Errors
    /// Config or usage, when what is configured is wrong.
    pub fn base_url(&self) -> Result<&Setting<Url>, Failure> {
        self.settings.base_url.as_ref().map_err(Clone::clone)
    }

    /// The source that was chosen and what belongs to it.
    ///
    /// # Errors
    /// Config, when there is none.
    pub fn target(&self) -> Result<&ProjectTarget, Failure> {
        self.settings.target.as_ref().map_err(Clone::clone)
    }

    /// The sandbox of `-P sandbox`, on its own store.
    ///
    /// # Errors
    /// Config, when it cannot start.
    pub fn sandbox(&self) -> Result<sandbox::Running, Failure> {
        self.start_sandbox().map(|(_, running)| running)
    }

    fn start_sandbox(&self) -> Result<(Credentials, sandbox::Running), Failure> {
        self.environment.check_clock()?;
        let store = self.environment.sandbox_store().ok_or_else(|| {
            Failure::new(Code::Config, "no place for the sandbox's store: this user has no home folder")
                .hint("set HOME, or run `spectrum sandbox exec -- CMD`, which keeps everything in memory")
        })?;
        let location = sandbox::options::Location::File(store.clone());
        let options = sandbox::SandboxOptions { store: location, ..sandbox::SandboxOptions::default() };
        let project =
            options.projects.first().ok_or_else(|| Failure::new(Code::Internal, "the sandbox has no project"))?;
        let credentials = Credentials { project_id: project.id.clone(), secret: project.secret.clone() };
        let running = sandbox::start(&options, None).map_err(|error| match error {
            sandbox::StartError::Store(error) => sandbox::unusable(&store, &error, true),
            sandbox::StartError::System(error) => unstarted(error),
            error => Failure::new(Code::Config, format!("the sandbox cannot start: {error}")),
        })?;
        // Both ends of a request lie in this process: with one of them alone it would wait for itself.
        descriptors::spare(descriptors::BOTH_ENDS).map_err(unstarted)?;
        Ok((credentials, running))
    }

    /// How many users the sandbox of this command has made; none where a service answers.
    pub fn users_made(&self) -> Option<u64> {
        self.connection.get()?.sandbox.as_ref().map(sandbox::Running::users_made)
    }

    /// What failed, or what the sandbox of this command met in its store: then its answer was only what came of that.
    pub fn look_behind(&self, failure: Failure) -> Failure {
        let running = self.connection.get().and_then(|connection| connection.sandbox.as_ref());
        match (failure.code, running.and_then(sandbox::Running::trouble), self.environment.sandbox_store()) {
            (Code::Server, Some(error), Some(store)) => {
                sandbox::unusable(&store, &sandbox::store_file::explained(error, &store), true)
            }
            _ => failure,
        }
    }

    /// Reads the secret from where its source says it is.
    ///
    /// # Errors
    /// Config, when it cannot be read.
    pub fn secret(&self, target: &ProjectTarget) -> Result<Secret, Failure> {
        let Some(setting) = &target.secret else {
            return Err(Failure::new(Code::Config, "no secret is configured"));
        };
        let Environment { stdin_is_terminal, stderr_is_terminal, .. } = self.environment;
        let limits = Limits { time: source::COMMAND_TIMEOUT, at_terminal: stdin_is_terminal || stderr_is_terminal };
        let secret = setting.value.read(limits).map_err(|reason| {
            let failure =
                Failure::new(Code::Config, reason).context(format!("named by {}", self.told(&setting.origin)));
            failure.hint("run `spectrum profiles check` when it is mended")
        })?;
        if let Some(oddity) = source::oddity(secret.expose()) {
            self.out.warn(format!("the secret from {} {oddity}", self.told(&setting.origin)));
        }
        Ok(secret)
    }

    /// Where a value came from, a profile with its file.
    fn told(&self, origin: &Origin) -> String {
        match origin {
            Origin::Profile(_) => format!("{origin} in {}", self.settings.config_shown),
            _ => origin.to_string(),
        }
    }

    /// What a connection depends on besides the network: who named the URL, and the proxy.
    fn way(&self, proxy: Option<&str>) -> Option<String> {
        let parts: Vec<String> = self.url_from().into_iter().chain(proxy.map(through)).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Who named the URL, unless it is the service's own.
    fn url_from(&self) -> Option<String> {
        let origin = &self.settings.base_url.as_ref().ok()?.origin;
        match origin {
            Origin::Default | Origin::Sandbox => None,
            Origin::Profile(_) => Some(format!("base_url from {}", self.settings.config_shown)),
            Origin::Flag(_) | Origin::Variable(_) => Some(format!("URL from {origin}")),
        }
    }

    /// Where the credentials and the URL came from, in a line.
    fn provenance(&self) -> Option<String> {
        let parts: Vec<String> = self.credentials_from().into_iter().chain(self.url_from()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Where the project id and the secret came from, in a line; none where there are none, or they are built in.
    pub fn credentials_from(&self) -> Option<String> {
        let target = self.settings.target.as_ref().ok()?;
        let (id, secret) = (target.project_id.as_ref()?, target.secret.as_ref()?);
        let place = match &secret.value {
            SecretSource::Literal(_) => None,
            SecretSource::File(path) => Some(format!("the file {}", path.display())),
            SecretSource::Command(_) => Some("its secret_command".to_owned()),
        };
        Some(match &target.source {
            Source::Profile(name, _) => format!(
                "profile {name}: project_id from {0}, secret from {1}",
                self.settings.config_shown,
                place.unwrap_or_else(|| self.settings.config_shown.clone())
            ),
            _ => {
                let place = place.map(|place| format!(", {place}")).unwrap_or_default();
                format!("project id from {}, secret from {}{place}", id.origin, secret.origin)
            }
        })
    }

    /// Why no client could be built, and which setting that hangs on.
    pub fn unbuilt(&self, error: &BuildError) -> Failure {
        let failure = Failure::new(Code::Config, error.to_string());
        match error {
            BuildError::Credentials => failure,
            BuildError::System(_) => failure.hint(LIMITS),
            BuildError::Proxy => failure.hint("write http://host:port, or name the host in NO_PROXY"),
            BuildError::Ca | BuildError::Other(_) => {
                let named = [&self.settings.ca_cert, &self.settings.roots].into_iter().flatten();
                let failure = named.fold(failure, |failure, ca| failure.context(origin_of(ca)));
                match failure.context.is_empty() {
                    true => failure
                        .hint("install the system's CA certificates, or name a file of them with `--ca-cert FILE`"),
                    false => failure,
                }
            }
        }
    }

    /// The URL that requests would go to and the project in it, without reading any secret (`--dry-run`).
    ///
    /// # Errors
    /// Config, when what is configured is wrong; missing credentials are no error.
    pub fn dry_target(&self) -> Result<(Url, String), Failure> {
        let project = match &self.settings.target {
            Ok(ProjectTarget { project_id: Some(id), .. }) => id.value.to_string(),
            Ok(ProjectTarget { source: Source::Sandbox(_), .. }) => sandbox::options::DEFAULT_PROJECT_ID.to_owned(),
            _ => "{projectId}".to_owned(),
        };
        Ok((self.base_url()?.value.clone(), project))
    }

    fn observer(&self) -> Option<Arc<dyn Observer>> {
        let bodies = self.settings.verbosity > 1;
        if self.settings.verbosity > 0 {
            return Some(Arc::new(Verbose { out: Arc::clone(&self.out), bodies }));
        }
        self.is_watched()
            .then(|| Arc::new(Watched { waiting: Waiting::start(), out: Arc::clone(&self.out) }) as Arc<dyn Observer>)
    }
}

/// What to type where the system gives no more.
const LIMITS: &str = "`ulimit -a` shows the limits of this shell";

/// No thread is to be had for a sandbox, or no descriptor.
pub fn unstarted(error: io::Error) -> Failure {
    let error = sandbox::StartError::System(error);
    Failure::new(Code::Config, format!("the sandbox cannot start: {error}")).hint(LIMITS)
}

/// What is told of the proxy that a variable names, for who gets no connection.
pub fn through(variable: &str) -> String {
    format!("{variable} is set, so it was tried through that proxy")
}

fn read_ca(ca: &Setting<PathBuf>) -> Result<Vec<u8>, Failure> {
    std::fs::read(&ca.value).map_err(|error| {
        Failure::new(Code::Config, format!("cannot read the CA file {}: {error}", ca.value.display()))
            .context(format!("named by {}", ca.origin))
    })
}

fn origin_of(ca: &Setting<PathBuf>) -> String {
    format!("{} named by {}", ca.value.display(), ca.origin)
}

/// Somebody at a terminal.
struct Watched {
    waiting: Waiting,
    /// Knows what is never shown.
    out: Arc<Output>,
}

impl Observer for Watched {
    fn begins(&self, number: u32) {
        self.waiting.begins(number);
    }

    fn ends(&self) {
        self.waiting.ends();
    }

    fn attempt(&self, attempt: &Attempt<'_>) {
        if let Some(wait) = attempt.next_in {
            let trouble = match attempt.result {
                Ok((status, ..)) => format!("HTTP {}", status.as_u16()),
                Err(error) => error.message.clone(),
            };
            self.waiting.repeats(self.out.redact(&trouble).into_owned(), wait);
        }
    }
}

/// `-v` and `-vv`.
struct Verbose {
    out: Arc<Output>,
    bodies: bool,
}

impl Observer for Verbose {
    fn attempt(&self, attempt: &Attempt<'_>) {
        let outcome = match attempt.result {
            Ok((status, _, _)) => status.as_u16().to_string(),
            Err(error) => error.message.clone(),
        };
        let next = attempt.next_in.map(|wait| format!(", next in {} ms", wait.as_millis())).unwrap_or_default();
        let (method, target, took) = (attempt.method, attempt.target, attempt.took.as_millis());
        let mut text = format!("{method} {target} {outcome} {took} ms (attempt {}{next})", attempt.number);
        if self.bodies {
            text.push_str("\n> authorization: Basic [redacted]");
            if let Some(body) = attempt.sent {
                text.push_str(&format!("\n> content-type: application/json\n> {}", revealed::hidden(body)));
            }
            if let Ok((_, headers, body)) = attempt.result {
                text.push_str(&revealed::hidden(&show_headers(headers)));
                text.push_str(&format!("\n< {}", shorten(&revealed::hidden(body))));
            }
        }
        self.out.log(text);
    }
}

fn show_headers(headers: &HeaderMap) -> String {
    let line = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        format!("\n< {name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    headers.iter().map(line).collect()
}

/// As much of a body as helps; a list of thousands does not.
fn shorten(body: &str) -> String {
    const SHOWN: usize = 4000;
    match cut(body, SHOWN) {
        Cow::Owned(start) => format!("{start} ({} in all)", count(body.len(), "byte")),
        Cow::Borrowed(whole) => whole.to_owned(),
    }
}
