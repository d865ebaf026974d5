//! The credentials on this machine.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config::profiles_editor;
use crate::config::profiles_file::{ProfileFile, SANDBOX};
use crate::config::settings::{self, Origin, Setting, Source};
use crate::failure::{Code, Exit, Failure};
use crate::model::words::count;
use crate::nouns::users;
use crate::output::format::OutputFormat;
use crate::output::{Column, sanitize};
use crate::secrets::source::{self, SecretSource};
use crate::session::Session;
use crate::verbs::end_list;

/// What can be done with profiles.
#[derive(Debug, Subcommand)]
pub enum ProfilesVerb {
    #[command(after_help = ADD_HELP)]
    Add(AddArgs),
    /// List the profiles
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  spectrum profiles list\n  spectrum profiles list -o json"
    )]
    List,
    #[command(after_help = "Examples:\n  spectrum profiles use prod\n  spectrum profiles use sandbox")]
    Use(UseArgs),
    #[command(
        visible_alias = "rm",
        after_help = "Examples:\n  spectrum profiles remove staging --yes\n  spectrum profiles rm prod -y\n\n`spectrum logout` is the same."
    )]
    Remove(RemoveArgs),
    /// Show where each value comes from and whether the service accepts it
    #[command(
        after_help = "Examples:\n  spectrum profiles check\n  spectrum -P prod profiles check -o json\n\n`spectrum whoami` and `spectrum auth status` are the same. Exit codes: 3 nothing usable is configured, 4 refused, 8 the service cannot be reached."
    )]
    Check,
    /// Print where the configuration file is
    #[command(after_help = "Examples:\n  spectrum profiles path\n  cat \"$(spectrum profiles path)\"")]
    Path,
}

/// Examples, and what it does.
const ADD_HELP: &str = "\
Examples:
  printf %s \"$SPECTRUM_PROJECT_SECRET\" |
      spectrum profiles add local --secret-stdin \\
      --project-id \"$SPECTRUM_PROJECT_ID\" \\
      --base-url \"$SPECTRUM_CLOUD_URL\"
  spectrum -P local users list

At a terminal what is missing is asked for, the secret without showing it, as
in `spectrum profiles add prod`. The pair is checked with one
request before it is saved. A profile of that name is replaced only when you
say so: asked at a terminal, elsewhere with --yes. Its other settings stay.
`spectrum login` is the same. Exit codes: 4 the service refused the pair.";

/// Check a project's credentials and save them
#[derive(Debug, Args)]
#[command(after_help = ADD_HELP)]
pub struct AddArgs {
    /// The profile's name
    #[arg(default_value = "default", value_parser = profile_name)]
    pub name: String,
    /// The project's id
    #[arg(long, value_name = "ID")]
    pub project_id: Option<String>,
    /// Read the secret from standard input
    #[arg(long)]
    pub secret_stdin: bool,
    /// Replace a profile of that name without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Make a profile the default
#[derive(Debug, Args)]
pub struct UseArgs {
    /// The profile's name
    pub name: String,
}

/// Remove a profile
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// The profile's name
    pub name: String,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

fn profile_name(text: &str) -> Result<String, String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && !text.is_empty();
    if !fits {
        return Err("a profile's name has letters, digits, - _ and . only".to_owned());
    }
    if text == SANDBOX {
        return Err("sandbox is built in; choose another name".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs a verb.
///
/// # Errors
/// Whatever the verb met.
pub fn run(verb: ProfilesVerb, session: &Session) -> Result<Exit, Failure> {
    match verb {
        ProfilesVerb::Add(args) => add(&args, session),
        ProfilesVerb::List => list(session),
        ProfilesVerb::Use(args) => set_default(&args.name, session),
        ProfilesVerb::Remove(args) => remove(&args, session),
        ProfilesVerb::Check => check(session),
        ProfilesVerb::Path => {
            session.out.check_fields(&PATH)?;
            let path = path(session)?;
            match session.out.format() {
                OutputFormat::Table | OutputFormat::Id => session.out.foreign(&format!("{}\n", path.display()))?,
                _ => {
                    let record = serde_json::json!({ "path": path.display().to_string() }).to_string();
                    session.out.one(&PATH, &record)?;
                }
            }
            Ok(Exit::Done)
        }
    }
}

/// Where the file is.
pub const PATH: [Column; 1] = [Column::shown("path", "PATH", 0, true)];

fn path(session: &Session) -> Result<PathBuf, Failure> {
    session.settings.config_path.clone().ok_or_else(|| {
        Failure::new(Code::Config, "no place for a configuration file: this user has no home folder")
            .hint("name one with `--config FILE`")
    })
}

/// Adds a profile.
///
/// # Errors
/// Invalid input, or whatever the check met; then nothing is saved.
fn add(args: &AddArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let path = path(session)?;
    let shown = &session.settings.config_shown;
    let mut missing = Vec::new();
    if args.project_id.is_none() && !session.prompt.can_ask {
        missing.push("--project-id ID");
    }
    if !args.secret_stdin && !session.prompt.can_ask {
        missing.push("--secret-stdin");
    }
    if !missing.is_empty() {
        return Err(Failure::new(Code::Usage, format!("missing {}", missing.join(", ")))
            .hint("for example: `printf %s \"$SECRET\" | spectrum profiles add prod --project-id ID --secret-stdin`"));
    }
    profiles_editor::check(&path, shown)?;
    let is_there = ProfileFile::read(&path, shown)?.profiles.contains_key(&args.name);
    if is_there && !args.yes {
        session.prompt.confirm(&format!("Replace profile {} in {shown}?", args.name), "--yes")?;
    }
    let project_id = match &args.project_id {
        Some(text) => settings::parse_project_id(text)
            .map_err(|error| Failure::new(Code::InvalidInput, format!("--project-id is {error}")))?,
        None => session.prompt.text("Project id", settings::parse_project_id)?,
    };
    let secret =
        if args.secret_stdin { read_secret()? } else { session.prompt.secret("Project secret (not shown)")? };
    if let Some(oddity) = source::oddity(secret.expose()) {
        session.out.warn(format!("the secret {oddity}"));
    }
    let base_url = session.base_url()?;
    let credentials = crate::secrets::credentials::Credentials { project_id, secret };
    let checked =
        session.client_for(credentials.clone())?.call(&users::endpoints::List { limit: Some(1), ..Default::default() });
    checked.map_err(|error| {
        let failure = Failure::from(error).context(format!("nothing was saved in {shown}"));
        match failure.code {
            Code::Unauthorized | Code::Forbidden => failure.hint("copy the id and the secret of the project once more"),
            _ => failure,
        }
    })?;
    let own_url = matches!(base_url.origin, Origin::Flag(_)).then(|| base_url.value.as_str());
    // Read again while nobody else writes: others may have changed the file while a question was answered.
    profiles_editor::change(&path, shown, |editor| {
        if editor.has(&args.name) && !is_there && !args.yes {
            return Err(Failure::new(
                Code::ConfirmationRequired,
                format!("profile {} has been added to {shown} meanwhile", args.name),
            )
            .hint("choose another name, or add `--yes` to replace it"));
        }
        editor.put(&args.name, credentials.project_id.as_str(), &credentials.secret, own_url);
        Ok(())
    })?;
    session.out.note(sanitize::line(&format!("saved profile {} in {shown}; the service accepts it", args.name)));
    Ok(Exit::Done)
}

fn read_secret() -> Result<crate::secrets::credentials::Secret, Failure> {
    source::read_stream(std::io::stdin())
        .map_err(|reason| Failure::new(Code::InvalidInput, format!("the secret on standard input {reason}")))
}

/// A profile.
pub const PROFILE: [Column; 5] = [
    Column::shown("name", "NAME", 0, true),
    Column::shown("default", "DEFAULT", 1, true),
    Column::shown("projectId", "PROJECT", 2, true),
    Column::shown("secret", "SECRET", 3, false),
    Column::shown("baseUrl", "BASE URL", 4, false),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedProfile<'a> {
    name: &'a str,
    default: bool,
    project_id: Option<&'a str>,
    secret: &'static str,
    base_url: Option<&'a str>,
}

fn list(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&PROFILE)?;
    path(session)?;
    let file = session.settings.file()?;
    let default = file.default_profile.as_deref();
    let listed = file.names().map(|name| {
        let profile = file.profiles.get(name);
        let place = |profile: &crate::config::profiles_file::Profile| match profile.secret_source() {
            Ok(Some(SecretSource::Literal(_))) => "in the file",
            Ok(Some(SecretSource::File(_))) => "secret_file",
            Ok(Some(SecretSource::Command(_))) => "secret_command",
            Ok(None) => "missing",
            Err(_) => "named twice",
        };
        ListedProfile {
            name,
            default: default == Some(name),
            project_id: profile.and_then(|profile| profile.project_id.as_deref()),
            secret: profile.map_or("built in", place),
            base_url: profile.and_then(|profile| profile.base_url.as_deref()),
        }
    });
    if session.out.format() == OutputFormat::Id {
        session.out.foreign(&file.names().map(|name| format!("{name}\n")).collect::<String>())?;
        return Ok(Exit::Done);
    }
    let listed: Vec<_> = listed.collect();
    session.out.many_of_ours(&PROFILE, &listed)?;
    end_list(session, &count(listed.len(), "profile"));
    Ok(Exit::Done)
}

fn set_default(name: &str, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let (path, shown) = (path(session)?, &session.settings.config_shown);
    let known = || if name == SANDBOX { Ok(()) } else { ProfileFile::read(&path, shown)?.get(name, shown).map(|_| ()) };
    profiles_editor::ordinary_file(&path, shown)?;
    // Looked up before anything is made or locked, and again while nobody else writes.
    known()?;
    profiles_editor::change(&path, shown, |editor| {
        known()?;
        editor.set_default(name);
        Ok(())
    })?;
    session.out.note(sanitize::line(&format!("{name} is the default profile now")));
    Ok(Exit::Done)
}

fn remove(args: &RemoveArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_no_fields()?;
    let (path, shown) = (path(session)?, &session.settings.config_shown);
    if args.name == SANDBOX {
        return Err(Failure::new(Code::Usage, "the profile sandbox is built in and cannot be removed")
            .hint("forget its users with `spectrum sandbox reset`"));
    }
    profiles_editor::ordinary_file(&path, shown)?;
    ProfileFile::read(&path, shown)?.get(&args.name, shown)?;
    if !args.yes {
        session.prompt.confirm(&format!("Remove profile {} and its secret from {shown}?", args.name), "--yes")?;
    }
    profiles_editor::change(&path, shown, |editor| {
        // Gone meanwhile is as good.
        editor.remove(&args.name);
        Ok(())
    })?;
    session.out.note(sanitize::line(&format!("removed profile {}", args.name)));
    Ok(Exit::Done)
}

/// Who asks whom.
pub const CHECK: [Column; 7] = [
    Column::shown("source", "SOURCE", 0, false),
    Column::shown("projectId", "PROJECT", 0, true),
    Column::shown("projectIdFrom", "PROJECT FROM", 1, false),
    Column::shown("secretFrom", "SECRET FROM", 1, false),
    Column::shown("baseUrl", "BASE URL", 0, false),
    Column::shown("baseUrlFrom", "BASE URL FROM", 1, false),
    Column::shown("accepted", "ACCEPTED", 0, false),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    source: String,
    project_id: String,
    project_id_from: String,
    secret_from: String,
    base_url: String,
    base_url_from: String,
    accepted: bool,
}

fn check(session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&CHECK)?;
    let target = session.target()?;
    let shown = &session.settings.config_shown;
    let source = match &target.source {
        Source::Sandbox(origin) => format!("the built-in sandbox, chosen by {origin}"),
        Source::Profile(name, Origin::Default) => format!("profile {name} in {shown}, its default_profile"),
        Source::Profile(name, origin) => format!("profile {name} in {shown}, chosen by {origin}"),
        Source::Variables(_) => "environment variables".to_owned(),
    };
    let Setting { value: base_url, origin: base_url_from } = session.base_url()?;
    let secret_from = match &target.secret {
        Some(secret) => match &secret.value {
            SecretSource::Literal(_) => secret.origin.to_string(),
            SecretSource::File(path) => format!("{}, the file {}", secret.origin, path.display()),
            SecretSource::Command(argv) => {
                format!("{}, its secret_command {}", secret.origin, argv.first().map_or("", String::as_str))
            }
        },
        None => "built in".to_owned(),
    };
    let mut checked = Checked {
        source,
        project_id: target
            .project_id
            .as_ref()
            .map_or_else(|| crate::sandbox::options::DEFAULT_PROJECT_ID.to_owned(), |id| id.value.to_string()),
        project_id_from: target.project_id.as_ref().map_or_else(|| "built in".to_owned(), |id| id.origin.to_string()),
        secret_from,
        base_url: base_url.to_string(),
        base_url_from: base_url_from.to_string(),
        accepted: false,
    };
    let asked = session.client().and_then(|client| {
        client.call(&users::endpoints::List { limit: Some(1), ..Default::default() })?;
        Ok(())
    });
    checked.accepted = asked.is_ok();
    // Where the values come from helps most when the service refuses them; a program gets its document only from a success.
    if asked.is_ok() && session.out.format() == OutputFormat::Id {
        session.out.foreign(&format!("{}\n", checked.project_id))?;
    } else if asked.is_ok() || session.out.format() == OutputFormat::Table {
        session.out.one_of_ours(&CHECK, &checked)?;
    }
    asked.map(|()| Exit::Done).map_err(|failure| match failure.code {
        Code::Unauthorized | Code::Forbidden => {
            let context = vec![
                format!("{}: project id from {}", checked.source, checked.project_id_from),
                format!("secret from {}", checked.secret_from),
                format!("sent to {} from {}", checked.base_url, checked.base_url_from),
            ];
            Failure { context, ..failure }.hint(renewal(&target.source))
        }
        _ => failure,
    })
}

/// What to type when the service refuses a pair.
pub(super) fn renewal(source: &Source) -> String {
    match source {
        Source::Profile(name, _) => {
            format!("get the project's current secret and run `spectrum profiles add {name}`")
        }
        _ => "get the project's current secret and export it".to_owned(),
    }
}
