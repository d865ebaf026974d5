//! The file of `--seed`: a roster for one project, or TOML with several and everything in them. Every problem of it is
//! told at once, and then nothing is started.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::failure::{Code, Failure};
use crate::model::words::count;
use crate::model::{Phone, ProjectId};
use crate::nouns::project::sandbox::seats;
use crate::nouns::users::model::UserType;
use crate::nouns::webhooks::address;
use crate::nouns::webhooks::model::Schema;
use crate::roster::format::RosterFormat;
use crate::roster::problem::{Place, Problem, Problems, shown};
use crate::roster::read::row::RosterRows;
use crate::roster::read::text::{self, Lines};
use crate::roster::read::{self, ReadOptions, Row, Terms};
use crate::sandbox::options::{self, SandboxProject};
use crate::sandbox::records::StoredMeta;
use crate::sandbox::seed::{Person, Seed, SeedWebhook};
use crate::secrets::credentials::Secret;
use crate::session::Session;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;
/// What a project of a seed has.
const PROJECT_FIELDS: [&str; 8] = ["id", "secret", "name", "tier", "max_shared_users", "lines", "users", "webhooks"];
/// What a user of a seed has beside the fields of a roster.
const USER_FIELDS: [&str; 3] = ["optedIn", "owner", "createdAt"];
/// What a webhook of a seed has.
const WEBHOOK_FIELDS: [&str; 2] = ["webhookUrl", "schemaVersion"];

/// What a seed holds.
#[derive(Debug)]
pub struct FoundSeed {
    /// The projects that it names; none when it is a roster.
    pub projects: Option<Vec<SandboxProject>>,
    /// What is in them.
    pub seed: Seed,
}

/// Reads a seed. `project` is the one that a roster is for.
///
/// # Errors
/// Invalid input, with every problem of the file.
pub fn read(path: &Path, project: &SandboxProject, session: &Session) -> Result<FoundSeed, Failure> {
    let file = path.display().to_string();
    let unreadable = |error: String| Failure::new(Code::InvalidInput, format!("cannot read the seed {file}: {error}"));
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > LARGEST {
        return Err(unreadable(format!("it is larger than {} MB", LARGEST >> 20)));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let terms = Terms { region: session.settings.region, ..Terms::default() };
    let mut warnings = Vec::new();
    let found = match of_projects(&bytes, path) {
        Some(text) => SeedReader::new(&text, &terms).read(&mut warnings),
        None => of_roster(&bytes, path, project, &terms, &mut warnings),
    };
    for warning in warnings {
        session.out.warn(warning.in_file(&file));
    }
    found.map_err(|Problems(problems)| {
        let context = problems.iter().map(|problem| problem.in_file(&file)).collect();
        let what = format!("the seed {file} has {}; nothing was started", count(problems.len(), "problem"));
        let failure = Failure::new(Code::InvalidInput, what);
        Failure { context, ..failure }.hint("run `spectrum help control-plane` to see what a seed looks like")
    })
}

/// The text of a file that names projects.
fn of_projects(bytes: &[u8], path: &Path) -> Option<String> {
    let text = text::decode(bytes).ok()?;
    let may_be = RosterFormat::of_path(path).is_none_or(|format| format == RosterFormat::Toml);
    let names = |line: &str| {
        let line = line.trim_start();
        line.starts_with("[[projects") || line.split_once('=').is_some_and(|(key, _)| key.trim() == "projects")
    };
    (may_be && text.lines().any(names)).then(|| text.into_owned())
}

fn of_roster(
    bytes: &[u8],
    path: &Path,
    project: &SandboxProject,
    terms: &Terms,
    warnings: &mut Vec<Problem>,
) -> Result<FoundSeed, Problems> {
    let roster = read::read_as(bytes, ReadOptions { format: None, name: Some(path) }, terms)?;
    let problems = misfits(&roster.rows, project);
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    warnings.extend(roster.warnings);
    let person =
        |row: Row| Person { project: project.id.clone(), user: row.user, meta: StoredMeta::default(), created: None };
    let people = roster.rows.into_iter().map(person).collect();
    Ok(FoundSeed { projects: None, seed: Seed { people, webhooks: Vec::new() } })
}

/// Users who would be refused by the project: on a line that it does not own, or above its seats.
fn misfits(rows: &[Row], project: &SandboxProject) -> Vec<Problem> {
    let is_foreign =
        |row: &&Row| row.user.assigned_phone_number.as_ref().is_some_and(|line| !project.lines.contains(line));
    let dedicated = rows.iter().filter(|row| row.user.kind == UserType::Dedicated).filter(is_foreign);
    let mut problems: Vec<Problem> = dedicated
        .map(|row| {
            let line = row.user.assigned_phone_number.as_ref().map(Phone::as_str).unwrap_or_default();
            let owned: Vec<&str> = project.lines.iter().map(Phone::as_str).collect();
            let advice =
                if owned.is_empty() { "it owns none".to_owned() } else { format!("it owns {}", owned.join(", ")) };
            Problem::new(row.line, "is not a line of the project").value(line).advice(advice)
        })
        .collect();
    let seats = project.max_shared_users;
    let mut shared = rows.iter().filter(|row| row.user.kind == UserType::Shared);
    if let Some(first) = usize::try_from(seats).ok().and_then(|seats| shared.nth(seats)) {
        let reason = format!("the project has no seat for this shared user and those that follow: it has {seats}");
        problems.push(Problem::new(first.line, reason));
    }
    problems
}

/// A document that names projects.
struct SeedReader<'a> {
    text: &'a str,
    lines: Lines<'a>,
    terms: &'a Terms,
    problems: Vec<Problem>,
    ids: HashSet<String>,
    owned: HashSet<Phone>,
    projects: Vec<SandboxProject>,
    seed: Seed,
}

/// A table of the document, and what it is called.
struct SeedTable<'t, 'd> {
    table: &'t DeTable<'d>,
    path: String,
    line: u32,
}

impl<'t, 'd> SeedTable<'t, 'd> {
    fn get(&self, name: &str) -> Option<&'t Spanned<DeValue<'d>>> {
        self.table.iter().find(|(key, _)| key.get_ref().as_ref() == name).map(|(_, value)| value)
    }

    fn place(&self, name: &str) -> Place {
        Place::Path { path: format!("{}.{name}", self.path) }
    }
}

impl<'a> SeedReader<'a> {
    fn new(text: &'a str, terms: &'a Terms) -> Self {
        Self {
            text,
            lines: Lines::new(text),
            terms,
            problems: Vec::new(),
            ids: HashSet::new(),
            owned: HashSet::new(),
            projects: Vec::new(),
            seed: Seed::default(),
        }
    }

    fn read(mut self, warnings: &mut Vec<Problem>) -> Result<FoundSeed, Problems> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            // The parser's words quote nothing of the file, which holds secrets.
            let what = error.message().lines().next().unwrap_or_default();
            self.problems.push(self.lines.problem(at, format!("is not TOML ({what})")));
        }
        if errors.is_empty() {
            for (key, value) in document.get_ref() {
                match value.get_ref() {
                    DeValue::Array(array) if key.get_ref() == "projects" => {
                        self.each("projects", array, |reader, table| {
                            reader.project(&table, warnings);
                        })
                    }
                    _ => {
                        let problem = self.lines.problem(key.span().start, "is no part of a seed").value(key.get_ref());
                        self.problems.push(problem.advice("a seed holds [[projects]], or is a roster"));
                    }
                }
            }
            if self.projects.is_empty() && self.problems.is_empty() {
                self.problems.push(Problem::new(0, "names no project"));
            }
        }
        if self.problems.is_empty() {
            return Ok(FoundSeed { projects: Some(self.projects), seed: self.seed });
        }
        self.problems.sort_by_key(|problem| problem.line);
        Err(Problems(self.problems))
    }

    /// Does something with each table of an array.
    fn each(&mut self, path: &str, array: &DeArray<'_>, mut work: impl FnMut(&mut Self, SeedTable<'_, '_>)) {
        for (at, value) in array.iter().enumerate() {
            let (path, line) = (format!("{path}[{at}]"), self.lines.at(value.span().start));
            match value.get_ref() {
                DeValue::Table(table) => work(self, SeedTable { table, path, line }),
                _ => self.problems.push(Problem::new(line, "is not a table").at(Place::Path { path })),
            }
        }
    }

    fn line_of(&self, value: &Spanned<DeValue<'_>>) -> u32 {
        self.lines.at(value.span().start)
    }

    fn refuse(&mut self, table: &SeedTable<'_, '_>, name: &str, reason: impl Into<String>) {
        let line = table.get(name).map_or(table.line, |value| self.line_of(value));
        self.problems.push(Problem::new(line, reason).at(table.place(name)));
    }

    fn refuse_unknown(&mut self, table: &SeedTable<'_, '_>, known: &[&str]) {
        for (key, _) in table.table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let path = format!("{}.{}", table.path, shown(key.get_ref()));
            let problem = Problem::new(self.lines.at(key.span().start), "is not known here").at(Place::Path { path });
            self.problems.push(problem.advice(format!("the known names are {}", known.join(", "))));
        }
    }

    /// A text, where there is one; what else stands there is a problem.
    fn text<'t>(&mut self, table: &'t SeedTable<'_, '_>, name: &str) -> Option<&'t str> {
        match table.get(name)?.get_ref() {
            DeValue::String(text) => Some(text),
            _ => {
                self.refuse(table, name, "has to be text");
                None
            }
        }
    }

    /// As [`Reader::text`], read by its type.
    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        table: &SeedTable<'_, '_>,
        name: &str,
    ) -> Option<T> {
        match self.text(table, name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(table, name, format!("is refused: {error}"));
                None
            }
        }
    }

    fn flag(&mut self, table: &SeedTable<'_, '_>, name: &str) -> bool {
        match table.get(name).map(Spanned::get_ref) {
            None => false,
            Some(DeValue::Boolean(flag)) => *flag,
            Some(_) => {
                self.refuse(table, name, "has to be true or false");
                false
            }
        }
    }

    fn project(&mut self, table: &SeedTable<'_, '_>, warnings: &mut Vec<Problem>) {
        self.refuse_unknown(table, &PROJECT_FIELDS);
        let Some(project) = self.head(table) else { return };
        if let Some(users) = table.get("users") {
            match users.get_ref() {
                DeValue::Array(users) => self.users(&format!("{}.users", table.path), users, &project, warnings),
                _ => self.refuse(table, "users", "is not a list of tables"),
            }
        }
        if let Some(webhooks) = table.get("webhooks") {
            match webhooks.get_ref() {
                DeValue::Array(webhooks) => {
                    let mut urls = HashSet::new();
                    let path = format!("{}.webhooks", table.path);
                    self.each(&path, webhooks, |reader, table| reader.webhook(&table, &project, &mut urls));
                }
                _ => self.refuse(table, "webhooks", "is not a list of tables"),
            }
        }
        self.projects.push(project);
    }

    /// A project without what is in it. The one that names neither id nor secret is the one that is there without a seed.
    fn head(&mut self, table: &SeedTable<'_, '_>) -> Option<SandboxProject> {
        let before = self.problems.len();
        let usual = options::default_project(options::DEFAULT_MAX_SHARED_USERS, options::default_lines())?;
        let is_usual = table.get("id").is_none() && table.get("secret").is_none();
        let id = if is_usual {
            Some(usual.id)
        } else {
            self.needed(table, "id").and_then(|()| self.parsed::<ProjectId>(table, "id"))
        };
        let secret = if is_usual {
            Some(usual.secret)
        } else {
            let text = self.needed(table, "secret").and_then(|()| self.text(table, "secret"));
            text.and_then(|text| {
                let secret = Secret::new(text);
                if secret.is_none() {
                    self.refuse(table, "secret", "is empty");
                }
                secret
            })
        };
        let name = self.text(table, "name").map(str::to_owned);
        let seats = self.seats(table);
        let lines = match table.get("lines") {
            None if is_usual => usual.lines,
            _ => self.own_lines(table),
        };
        if let Some(id) = &id
            && !self.ids.insert(id.as_str().to_ascii_lowercase())
        {
            self.refuse(table, "id", "is the id of another project too");
        }
        if let Some(line) = lines.iter().find(|line| !self.owned.insert((*line).clone())) {
            self.refuse(table, "lines", format!("{line} is owned twice"));
        }
        let (id, secret) = (id?, secret?);
        let name = name.unwrap_or_else(|| if is_usual { usual.name } else { options::unnamed(&id) });
        (self.problems.len() == before).then_some(SandboxProject { id, secret, name, max_shared_users: seats, lines })
    }

    fn needed(&mut self, table: &SeedTable<'_, '_>, name: &str) -> Option<()> {
        if table.get(name).is_none() {
            self.refuse(table, name, "is missing");
            return None;
        }
        Some(())
    }

    fn seats(&mut self, table: &SeedTable<'_, '_>) -> u32 {
        let of_tier = self.text(table, "tier").map(|tier| (seats(tier), tier.to_owned()));
        if let Some((None, tier)) = &of_tier {
            self.refuse(table, "tier", format!("{:?} is not free, pro or business", shown(tier)));
        }
        let named = match table.get("max_shared_users").map(Spanned::get_ref) {
            None => None,
            Some(DeValue::Integer(number)) => u32::from_str_radix(number.as_str(), number.radix()).ok().or_else(|| {
                self.refuse(table, "max_shared_users", "is not a number of seats");
                None
            }),
            Some(_) => {
                self.refuse(table, "max_shared_users", "has to be a number");
                None
            }
        };
        named.or(of_tier.and_then(|(seats, _)| seats)).unwrap_or(options::DEFAULT_MAX_SHARED_USERS)
    }

    fn own_lines(&mut self, table: &SeedTable<'_, '_>) -> Vec<Phone> {
        let array = match table.get("lines").map(Spanned::get_ref) {
            None => return Vec::new(),
            Some(DeValue::Array(array)) => array,
            Some(_) => {
                self.refuse(table, "lines", "is not a list of numbers such as \"+14155550100\"");
                return Vec::new();
            }
        };
        let mut lines = Vec::new();
        for value in array {
            let phone = value.get_ref().as_str().ok_or_else(|| "it has to be text".to_owned());
            match phone.and_then(|text| text.parse().map_err(|error| format!("{error}"))) {
                Ok(phone) => lines.push(phone),
                Err(reason) => {
                    let problem = Problem::new(self.line_of(value), format!("is no line: {reason}"));
                    self.problems.push(problem.at(table.place("lines")));
                }
            }
        }
        lines
    }

    fn users(&mut self, path: &str, array: &DeArray<'_>, project: &SandboxProject, warnings: &mut Vec<Problem>) {
        let mut own = Vec::new();
        self.each(path, array, |reader, table| {
            let meta =
                StoredMeta { opt_in: reader.flag(&table, "optedIn"), project_owner: reader.flag(&table, "owner") };
            own.push((meta, reader.created(&table)));
        });
        let mut rows = RosterRows::new(self.terms);
        read::toml::read_array(self.text, path, array, &USER_FIELDS, &mut rows);
        match rows.finish() {
            Err(Problems(problems)) => self.problems.extend(problems),
            Ok(found) => {
                warnings.extend(found.warnings);
                self.problems.extend(misfits(&found.rows, project));
                // None was left out: each has its table.
                let people = found.rows.into_iter().zip(own).map(|(row, (meta, created))| Person {
                    project: project.id.clone(),
                    user: row.user,
                    meta,
                    created,
                });
                self.seed.people.extend(people);
            }
        }
    }

    fn created(&mut self, table: &SeedTable<'_, '_>) -> Option<Timestamp> {
        let text = match table.get("createdAt")?.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            _ => String::new(),
        };
        let created = text.parse().ok();
        if created.is_none() {
            self.refuse(table, "createdAt", "is not a time such as 2026-05-01T12:00:00Z");
        }
        created
    }

    fn webhook(&mut self, table: &SeedTable<'_, '_>, project: &SandboxProject, urls: &mut HashSet<String>) {
        self.refuse_unknown(table, &WEBHOOK_FIELDS);
        let schema =
            if table.get("schemaVersion").is_some() { self.parsed::<Schema>(table, "schemaVersion") } else { None };
        let Some(url) = self.needed(table, "webhookUrl").and_then(|()| self.text(table, "webhookUrl")) else { return };
        let Some(compared) = address::taken(url) else {
            return self.refuse(table, "webhookUrl", "is not an http or https URL");
        };
        if !urls.insert(compared.clone()) {
            return self.refuse(table, "webhookUrl", "is the URL of another webhook of the project too");
        }
        let (project, url) = (project.id.clone(), url.to_owned());
        self.seed.webhooks.push(SeedWebhook { project, url, compared, schema: schema.unwrap_or_default() });
    }
}
