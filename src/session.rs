//! What a verb may touch: its settings, the streams, the prompt, and the client, which is built on first use.

use std::cell::OnceCell;
use std::sync::Arc;

use reqwest::header::HeaderMap;
use url::Url;

use crate::config::environment::Environment;
use crate::config::settings::{GlobalArgs, Origin, SERVICE, Settings, Source, Target};
use crate::failure::{Code, Failure};
use crate::http::client::Attempt;
use crate::http::config::{Config, Told};
use crate::http::dialect::SPECTRUM;
use crate::http::retry::RetryPolicy;
use crate::http::transport::BuildError;
use crate::http::{Client, Observer};
use crate::interrupt;
use crate::output::Output;
use crate::prompt::Prompt;
use crate::sandbox;
use crate::secrets::credentials::{Credentials, Secret};
use crate::secrets::source::{self, SecretSource};

/// One command's world.
#[derive(Debug)]
pub struct Session {
    /// What the process was started with.
    pub environment: Environment,
    /// The flags that every command takes, as typed.
    pub global: GlobalArgs,
    /// What they mean.
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
    _sandbox: Option<sandbox::Running>,
}

impl Session {
    /// A session before anything was asked of it.
    pub fn new(environment: Environment, global: GlobalArgs, settings: Settings, out: Output, prompt: Prompt) -> Self {
        Self { environment, global, settings, out: Arc::new(out), prompt, connection: OnceCell::new() }
    }

    /// Whether somebody watches standard error, so that a bar or a spinner may move there.
    pub fn is_watched(&self) -> bool {
        self.environment.stderr_is_terminal && !self.out.is_quiet() && self.global.verbose == 0
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
        let (credentials, base_url, sandbox) = match (&target.project_id, &target.base_url) {
            (Some(project_id), Some(base_url)) => {
                let secret = self.secret(target)?;
                (Credentials { project_id: project_id.value.clone(), secret }, base_url.value.clone(), None)
            }
            _ => {
                let (credentials, running) = self.start_sandbox()?;
                (
                    credentials,
                    running.url.parse().map_err(|error| Failure::internal("the sandbox has no address", error))?,
                    Some(running),
                )
            }
        };
        let client = self.build(credentials, base_url, sandbox.is_some())?;
        Ok(Connection { client, _sandbox: sandbox })
    }

    /// A client for a pair that is not configured yet (`profiles add`).
    ///
    /// # Errors
    /// Config, when it cannot be built.
    pub fn client_for(&self, credentials: Credentials, base_url: Url) -> Result<Client, Failure> {
        interrupt::install();
        self.build(credentials, base_url, false)
    }

    fn build(&self, credentials: Credentials, base_url: Url, shares_clock: bool) -> Result<Client, Failure> {
        self.out.hide(&credentials);
        // Plain HTTP goes to loopback and looks at no certificate, so a broken SSL_CERT_FILE is not in its way.
        let extra_ca = if base_url.scheme() == "https" { self.extra_ca()? } else { None };
        let config = Config {
            base_url,
            dialect: SPECTRUM,
            credentials,
            timeout: self.settings.timeout.value,
            retry: RetryPolicy { retries: self.settings.retries.value },
            rate: self.settings.rate_limit.value,
            extra_ca,
            shares_clock,
            told: Told { credentials: self.provenance(), way: self.proxy() },
        };
        Client::new(config, self.observer()).map_err(|error| self.unbuilt(&error))
    }

    /// The source that was chosen and what belongs to it.
    ///
    /// # Errors
    /// Config, when there is none.
    pub fn target(&self) -> Result<&Target, Failure> {
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
        let store = self.environment.sandbox_store().ok_or_else(|| {
            Failure::new(Code::Config, "no place for the sandbox's store: this user has no home folder")
                .hint("set HOME, or run `spectrum sandbox exec -- CMD`, which keeps everything in memory")
        })?;
        let options =
            sandbox::Options { store: sandbox::options::Location::File(store), ..sandbox::Options::default() };
        let project =
            options.projects.first().ok_or_else(|| Failure::new(Code::Internal, "the sandbox has no project"))?;
        let credentials = Credentials { project_id: project.id.clone(), secret: project.secret.clone() };
        let running = sandbox::start(&options, None)
            .map_err(|error| Failure::new(Code::Config, format!("the sandbox cannot start: {error}")))?;
        Ok((credentials, running))
    }

    /// Reads the secret from where its source says it is.
    ///
    /// # Errors
    /// Config, when it cannot be read.
    pub fn secret(&self, target: &Target) -> Result<Secret, Failure> {
        let Some(setting) = &target.secret else {
            return Err(Failure::new(Code::Config, "no secret is configured"));
        };
        setting.value.read(source::COMMAND_TIMEOUT).map_err(|reason| {
            let failure =
                Failure::new(Code::Config, reason).context(format!("named by {}", self.told(&setting.origin)));
            failure.hint("run `spectrum profiles check` when it is mended")
        })
    }

    /// Where a value came from, a profile with its file.
    fn told(&self, origin: &Origin) -> String {
        match origin {
            Origin::Profile(_) => format!("{origin} in {}", self.settings.config_shown),
            _ => origin.to_string(),
        }
    }

    /// The variable that names a proxy for where requests go; the transport reads it itself.
    fn proxy(&self) -> Option<String> {
        let base_url = self.settings.target.as_ref().ok()?.base_url.as_ref()?;
        let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let name = names.into_iter().find(|name| self.environment.var(name).is_some())?;
        (base_url.value.scheme() == "https")
            .then(|| format!("{name} is set, so it was tried through that proxy unless NO_PROXY names the host"))
    }

    /// Where the credentials came from, in a line.
    fn provenance(&self) -> Option<String> {
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

    fn extra_ca(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(ca) = &self.settings.ca_cert else { return Ok(None) };
        let pem = std::fs::read(&ca.value).map_err(|error| {
            Failure::new(Code::Config, format!("cannot read the CA file {}: {error}", ca.value.display()))
                .context(format!("named by {}", ca.origin))
        })?;
        // On Linux the system's own roots are read from this variable's file already.
        let is_read_anyway = cfg!(target_os = "linux") && matches!(ca.origin, Origin::Variable(_));
        Ok((!is_read_anyway).then_some(pem))
    }

    fn unbuilt(&self, error: &BuildError) -> Failure {
        let failure = Failure::new(Code::Config, error.to_string());
        match (error, &self.settings.ca_cert) {
            (BuildError::Credentials, _) => failure,
            (_, Some(ca)) => failure.context(format!("{} named by {}", ca.value.display(), ca.origin)),
            (_, None) => {
                failure.hint("install the system's CA certificates, or name a file of them with `--ca-cert FILE`")
            }
        }
    }

    /// The URL that requests would go to, without reading any secret (`--dry-run`).
    ///
    /// # Errors
    /// Config, when what is configured is wrong; missing credentials are no error.
    pub fn dry_target(&self) -> Result<(Url, String), Failure> {
        let placeholder = || "{projectId}".to_owned();
        let flag = self.global.base_url.as_deref().map(crate::config::settings::parse_base_url).transpose();
        let flag = flag.map_err(|reason| Failure::new(Code::Usage, format!("--base-url: {reason}")))?;
        let base = |own: Option<&Url>| match flag.as_ref().or(own) {
            Some(url) => Ok(url.clone()),
            None => {
                SERVICE.parse().map_err(|error| Failure::new(Code::Internal, format!("the service's URL: {error}")))
            }
        };
        match &self.settings.target {
            Ok(target) => {
                let project = match (&target.project_id, &target.source) {
                    (Some(id), _) => id.value.to_string(),
                    (None, Source::Sandbox(_)) => sandbox::options::DEFAULT_PROJECT_ID.to_owned(),
                    (None, _) => placeholder(),
                };
                Ok((base(target.base_url.as_ref().map(|url| &url.value))?, project))
            }
            Err(_) if self.settings.is_without_credentials => Ok((base(None)?, placeholder())),
            Err(failure) => Err(failure.clone()),
        }
    }

    fn observer(&self) -> Option<Arc<dyn Observer>> {
        let bodies = self.global.verbose > 1;
        (self.global.verbose > 0).then(|| Arc::new(Verbose { out: Arc::clone(&self.out), bodies }) as Arc<dyn Observer>)
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
                text.push_str(&format!("\n> content-type: application/json\n> {body}"));
            }
            if let Ok((_, headers, body)) = attempt.result {
                text.push_str(&show_headers(headers));
                text.push_str(&format!("\n< {}", shorten(body)));
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
    match body.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}… ({} bytes in all)", &body[..cut], body.len()),
        None => body.to_owned(),
    }
}
