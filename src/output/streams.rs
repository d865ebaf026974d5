//! Standard output and standard error: data on the one, everything else on the other.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::csv::CsvWriter;
use super::json::{self, Layout};
use super::plain::Plain;
use super::record::{self, Fields, Shape};
use super::sanitize;
use super::spinner::is_moving;
use super::table::{self, Column, Look, Table};
use crate::failure::{Code, Exit, Failure};
use crate::model::words;
use crate::output::format::OutputFormat;
use crate::secrets::credentials::{Credentials, Secret};
use crate::secrets::redactor::Redactor;

/// The commands that `--fields` belongs to.
pub const TAKES_FIELDS: [&str; 30] = [
    "users create",
    "users list",
    "users get",
    "users wait",
    "users link",
    "users delete",
    "users apply",
    "lines list",
    "lines route",
    "project show",
    "project usage",
    "webhooks list",
    "webhooks create",
    "webhooks ensure",
    "webhooks update",
    "webhooks rotate",
    "webhooks delete",
    "webhooks egress-ips",
    "webhooks verify",
    "webhooks send",
    "profiles list",
    "profiles check",
    "profiles path",
    "sandbox wait",
    "sandbox requests",
    "sandbox faults",
    "sandbox deliveries",
    "sandbox status",
    "sandbox text",
    "doctor",
];
/// How many of a failure's causes are told.
const CAUSES: usize = 8;
/// Bytes of many lines that are searched for secrets and written at once; whole lines, which no secret spans.
const LINES_AT_ONCE: usize = 64 * 1024;
/// Bytes of many small pieces that are written at once.
const BUFFER: usize = 64 * 1024;

/// Escape sequences for human text, or empty strings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Palette {
    /// Whether there is any colour at all.
    pub on: bool,
}

impl Palette {
    fn paint(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// What went wrong.
    pub fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// What deserves a look.
    pub fn warning(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// What to type next.
    pub fn hint(self, text: &str) -> String {
        self.paint("36", text)
    }
}

/// What the streams lead to, and how loud to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Streams {
    /// No notes.
    pub quiet: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// The columns of a terminal behind standard output.
    pub stdout_width: Option<u16>,
    /// Whether human text on standard output may be coloured.
    pub stdout_colour: bool,
    /// The columns of a terminal behind standard error.
    pub stderr_width: Option<u16>,
    /// Whether human text on standard error may be coloured.
    pub stderr_colour: bool,
}

/// The one door out of the process.
pub struct Output {
    format: OutputFormat,
    fields: Option<Vec<String>>,
    streams: Streams,
    redactor: Mutex<Redactor>,
    no_headings: AtomicBool,
    /// Flags that commands in hints repeat, with a blank before them.
    repeated: String,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Whether the reader of standard output has gone.
static READER_GONE: AtomicBool = AtomicBool::new(false);

/// Standard output. What is written once its reader has gone is dropped: a closed pipe must neither stop the work nor
/// hide how it ended.
struct Stdout(io::StdoutLock<'static>);

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn stdout() -> Stdout {
    Stdout(io::stdout().lock())
}

impl Stdout {
    fn unless_closed<T>(
        &mut self,
        dropped: T,
        work: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<T>,
    ) -> io::Result<T> {
        if READER_GONE.load(Ordering::Relaxed) {
            return Ok(dropped);
        }
        match work(&mut self.0) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                READER_GONE.store(true, Ordering::Relaxed);
                Ok(dropped)
            }
            other => other,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), Write::flush)
    }
}

/// Why data could not be written: the operating system's words.
fn unwritten(error: io::Error) -> Failure {
    Failure::internal("standard output cannot be written", error)
}

/// Writes lines to standard error. A closed or full one must not end the work, so its errors are dropped.
fn stderr(text: &str) {
    let _ = try_stderr(text);
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn try_stderr(text: &str) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(text.as_bytes())?;
    stderr.flush()
}

impl Output {
    /// A door for one command.
    pub fn new(format: OutputFormat, fields: Option<Vec<String>>, streams: Streams, redactor: Redactor) -> Self {
        Self {
            format,
            fields,
            streams,
            redactor: Mutex::new(redactor),
            no_headings: AtomicBool::new(false),
            repeated: String::new(),
        }
    }

    /// The same door, whose hints repeat these flags in every command that they name: ready for a shell, each with a
    /// blank before it (` -P staging`).
    #[must_use]
    pub fn repeating(self, flags: String) -> Self {
        Self { repeated: flags, ..self }
    }

    /// A hint whose commands carry the flags that were given.
    pub fn repeat<'a>(&self, hint: &'a str) -> Cow<'a, str> {
        repeat(hint, &self.repeated)
    }

    /// The format that standard output speaks.
    pub fn format(&self) -> OutputFormat {
        self.format
    }

    /// Whether notes are wanted on standard error.
    pub fn is_quiet(&self) -> bool {
        self.streams.quiet
    }

    /// Colours for standard error; none beside a machine format.
    pub fn palette(&self) -> Palette {
        Palette { on: self.streams.stderr_colour && !self.format.is_machine() }
    }

    /// How a table may look on standard output.
    pub fn look(&self) -> Look {
        Look { width: self.streams.stdout_width, bold: self.streams.stdout_colour, headings: self.has_headings() }
    }

    fn has_headings(&self) -> bool {
        !self.no_headings.load(Ordering::Relaxed)
    }

    /// Leaves the headings of tables and csv out from now on, or not.
    pub fn leave_headings_out(&self, leave_out: bool) {
        self.no_headings.store(leave_out, Ordering::Relaxed);
    }

    /// The columns of the terminal behind standard error; none when there is none.
    pub fn stderr_width(&self) -> Option<u16> {
        self.streams.stderr_width
    }

    /// Hides one more pair's secret and its token on every stream from now on.
    pub fn hide(&self, credentials: &Credentials) {
        self.redactor.lock().unwrap_or_else(PoisonError::into_inner).absorb(credentials.redactor());
    }

    /// Hides more secrets on every stream from now on.
    pub fn hide_all<'a>(&self, secrets: impl IntoIterator<Item = &'a Secret>) {
        self.redactor.lock().unwrap_or_else(PoisonError::into_inner).hide_all(secrets);
    }

    /// A text without any known secret.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redactor.lock().unwrap_or_else(PoisonError::into_inner).redact(text)
    }

    /// Says something in a line on standard error, unless the person asked for quiet.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.streams.quiet {
            self.say(&sanitize::line(&repeat(text.as_ref(), &self.repeated)));
        }
    }

    /// The same on a line of its own: the terminal has written `^C` where the cursor is.
    pub fn note_below(&self, text: impl AsRef<str>) {
        if !self.streams.quiet {
            self.say(&format!("{}{}", below(), sanitize::line(text.as_ref())));
        }
    }

    /// Says what came of a command, and of whom, unless the person asked for quiet.
    pub fn outcome(&self, outcome: &str, whom: impl AsRef<str>) {
        if !self.streams.quiet {
            self.say(&format!("{} {}", self.palette().good(outcome), sanitize::line(whom.as_ref())));
        }
    }

    /// Shows something that was drawn here on standard error, unless the person asked for quiet.
    pub fn picture(&self, text: &str) {
        if !self.streams.quiet {
            stderr(text);
        }
    }

    /// Says what deserves a look, unless the person asked for quiet.
    pub fn warn(&self, text: impl AsRef<str>) {
        if !self.streams.quiet {
            let text = repeat(text.as_ref(), &self.repeated);
            self.say(&format!("{} {}", self.palette().warning("warning:"), sanitize::lines(&text)));
        }
    }

    /// Says something on standard error whatever was asked for (`-v`, a server's log).
    pub fn log(&self, text: impl AsRef<str>) {
        self.say(&sanitize::lines(text.as_ref()));
    }

    fn say(&self, text: &str) {
        stderr(&format!("{}\n", self.redact(text)));
    }

    /// Prints a failure: for people in lines, for machines as one line of JSON.
    pub fn failure(&self, failure: &Failure) {
        // A prompt that was interrupted fails too: whoever comes first has said it.
        if failure.code == Code::Interrupted {
            return tell_interrupt(|| self.say(&describe(failure, self.format, self.palette())));
        }
        let hint = failure.hint.as_ref().map(|hint| repeat(hint, &self.repeated).into_owned());
        self.say(&describe(&Failure { hint, ..failure.clone() }, self.format, self.palette()));
    }

    /// Checks `--fields` against what a command can show; done before anything is sent.
    ///
    /// # Errors
    /// Usage, naming the unknown field and listing the known ones.
    pub fn check_fields(&self, columns: &[Column]) -> Result<(), Failure> {
        Fields::choose(columns, self.fields.as_deref(), self.format).map(|_| ())
    }

    /// Refuses `--fields` for a command that shows no record; done before anything is sent.
    ///
    /// # Errors
    /// Usage, when fields were named.
    pub fn check_no_fields(&self) -> Result<(), Failure> {
        if self.fields.is_none() {
            return Ok(());
        }
        let failure = Failure::new(Code::Usage, "--fields: this command shows no record to choose fields of");
        Err(failure.hint(format!("leave `--fields` out; it belongs to {}", TAKES_FIELDS.join(", "))))
    }

    /// Whether what is printed of a record holds a field.
    pub fn shows(&self, columns: &[Column], key: &str) -> bool {
        let fields = Fields::choose(columns, self.fields.as_deref(), self.format);
        self.format != OutputFormat::Id
            && fields.is_ok_and(|fields| fields.shown().iter().any(|field| field.key == key))
    }

    /// Whether the reader of standard output has gone; for what would otherwise go on for ever.
    pub fn is_closed(&self) -> bool {
        READER_GONE.load(Ordering::Relaxed)
    }

    /// Writes one record of ours.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn one_of_ours<T: Serialize>(&self, columns: &[Column], record: &T) -> Result<(), Failure> {
        self.one(columns, &json::text(record, Layout::Compact))
    }

    /// Writes records of ours as a list.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn many_of_ours<T: Serialize>(&self, columns: &[Column], records: &[T]) -> Result<(), Failure> {
        let records: Vec<String> = records.iter().map(|record| json::text(record, Layout::Compact)).collect();
        self.many(columns, &records)
    }

    /// Writes one record (`create`, `get`, `project show`).
    ///
    /// # Errors
    /// When the record is not an object, or standard output cannot be written.
    pub fn one(&self, columns: &[Column], record: &str) -> Result<(), Failure> {
        self.records(columns, &[record], Shape::One)
    }

    /// Writes records as a list; a bare array in JSON.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn many<T: AsRef<str>>(&self, columns: &[Column], records: &[T]) -> Result<(), Failure> {
        self.records(columns, records, Shape::Many)
    }

    fn records<T: AsRef<str>>(&self, columns: &[Column], records: &[T], shape: Shape) -> Result<(), Failure> {
        let fields = Fields::choose(columns, self.fields.as_deref(), self.format)?;
        if (self.format, shape, self.streams.stdout_width) == (OutputFormat::Table, Shape::Many, None) {
            return self.plain(&fields, records);
        }
        // Everything is read once before the first byte goes out: a document is complete or it is not there.
        for record in records {
            fields.check(record.as_ref(), self.format)?;
        }
        let mut out = BufWriter::with_capacity(BUFFER, stdout());
        self.write_records(&mut out, &fields, records, shape)?;
        out.flush().map_err(unwritten)
    }

    fn write_records<T: AsRef<str>>(
        &self,
        out: &mut impl Write,
        fields: &Fields,
        records: &[T],
        shape: Shape,
    ) -> Result<(), Failure> {
        match self.format {
            OutputFormat::Json => {
                let level = usize::from(shape == Shape::Many);
                for (at, record) in records.iter().enumerate() {
                    match (shape, at) {
                        (Shape::One, _) => {}
                        (Shape::Many, 0) => out.write_all(b"[\n  ").map_err(unwritten)?,
                        (Shape::Many, _) => out.write_all(b",\n  ").map_err(unwritten)?,
                    }
                    json::write(out, &fields.json(record.as_ref())?, Layout::Pretty, level).map_err(unwritten)?;
                }
                match (shape, records.is_empty()) {
                    (Shape::One, _) => out.write_all(b"\n").map_err(unwritten)?,
                    (Shape::Many, true) => out.write_all(b"[]\n").map_err(unwritten)?,
                    (Shape::Many, false) => out.write_all(b"\n]\n").map_err(unwritten)?,
                }
            }
            OutputFormat::Ndjson => {
                for record in records {
                    json::write(out, &fields.json(record.as_ref())?, Layout::Compact, 0).map_err(unwritten)?;
                    out.write_all(b"\n").map_err(unwritten)?;
                }
            }
            OutputFormat::Csv => {
                let mut rows = CsvWriter::new(out);
                if self.has_headings() {
                    rows.row(fields.shown().iter().map(|field| self.exact(&field.key))).map_err(unwritten)?;
                }
                for record in records {
                    let cells = fields.cells(record.as_ref())?;
                    rows.row(cells.iter().map(|cell| self.exact(cell))).map_err(unwritten)?;
                }
                rows.finish().map_err(unwritten)?;
            }
            OutputFormat::Id => {
                for record in records {
                    let id = fields.id(record.as_ref())?;
                    writeln!(out, "{}", self.clean(&id)).map_err(unwritten)?;
                }
            }
            // Cleaning may have joined the pieces of a secret.
            OutputFormat::Table => {
                out.write_all(self.redact(&self.table(fields, records, shape)?).as_bytes()).map_err(unwritten)?
            }
        }
        Ok(())
    }

    /// Writes a table where no terminal bounds it: its rows are never held, however many there are.
    fn plain<T: AsRef<str>>(&self, fields: &Fields, records: &[T]) -> Result<(), Failure> {
        let mut table = Plain::new(fields.shown(), self.has_headings());
        for record in records {
            table.measure(&fields.told(record.as_ref(), None)?);
        }
        if self.has_headings() {
            let heading = table.heading();
            let heading = heading.trim_end();
            self.text(&match self.streams.stdout_colour {
                true => format!("\u{1b}[1m{heading}\u{1b}[0m\n"),
                false => format!("{heading}\n"),
            })?;
        }
        // Searched for secrets when they are clean: cleaning may have joined the pieces of one.
        self.lines(records, |lines, record| {
            table.row(lines, &fields.told(record.as_ref(), None)?);
            Ok(())
        })
    }

    fn table<T: AsRef<str>>(&self, fields: &Fields, records: &[T], shape: Shape) -> Result<String, Failure> {
        let now = self.streams.stdout_width.map(|_| Timestamp::now());
        if let (Shape::One, [record]) = (shape, records) {
            let mut cells = fields.told(record.as_ref(), None)?;
            for (_, cell) in fields.shown().iter().zip(&mut cells).filter(|(field, _)| field.is_moment) {
                // There is room for both.
                if let Some(age) = now.and_then(|now| record::age(cell, now)) {
                    *cell = Cow::Owned(format!("{cell} ({age})"));
                }
            }
            return Ok(table::record(fields.shown().iter().zip(cells), self.look()));
        }
        let mut table = Table::new(fields.shown().to_vec());
        for record in records {
            table.push(fields.told(record.as_ref(), now)?.into_iter().map(Cow::into_owned));
        }
        let (text, left_out) = table.render(self.look());
        if !left_out.is_empty() {
            self.note(unfitting(&left_out));
        }
        Ok(text)
    }

    /// Writes one JSON document of ours.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn document<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Failure> {
        let layout = if self.format == OutputFormat::Ndjson { Layout::Compact } else { Layout::Pretty };
        self.text(&format!("{}\n", json::text(value, layout)))
    }

    /// Writes text as it is: what is ours and known to be harmless.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn text(&self, text: &str) -> Result<(), Failure> {
        print_plain(&self.redact(text))
    }

    /// Writes many lines that are all there already; `line` adds one to a text.
    ///
    /// # Errors
    /// When standard output cannot be written, and those of `line`.
    pub fn lines<I: IntoIterator>(
        &self,
        items: I,
        line: impl Fn(&mut String, I::Item) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut lines = String::new();
        for item in items {
            line(&mut lines, item)?;
            if lines.len() >= LINES_AT_ONCE {
                self.text(&lines)?;
                lines.clear();
            }
        }
        self.text(&lines)
    }

    /// Writes a body that is not ours: raw into a pipe or file, cleaned onto a terminal.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn foreign(&self, text: &str) -> Result<(), Failure> {
        if self.streams.stdout_is_terminal { self.text(&sanitize::lines(text)) } else { self.text(text) }
    }

    /// A cell as it is for a machine; a terminal is not driven by it.
    fn exact<'a>(&self, cell: &'a str) -> Cow<'a, str> {
        if self.streams.stdout_is_terminal { self.clean(cell) } else { Cow::Borrowed(cell) }
    }

    /// A line that drives no terminal. Cleaning may have joined the pieces of a secret.
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match sanitize::line(text) {
            Cow::Owned(clean) => Cow::Owned(self.redact(&clean).into_owned()),
            unchanged => unchanged,
        }
    }

    /// The exit status for how a command ended, its failure printed.
    pub fn finish(&self, result: Result<Exit, Failure>) -> u8 {
        match result {
            Ok(exit) => exit.status(),
            Err(failure) => {
                self.failure(&failure);
                failure.code.status()
            }
        }
    }
}

/// A failure as text, without a line break at its end.
pub fn describe(failure: &Failure, format: OutputFormat, palette: Palette) -> String {
    if format.is_machine() {
        return json::text(&ErrorDocument { error: failure }, Layout::Compact);
    }
    let mut text = format!("{} {}", palette.error("error:"), sanitize::lines(&failure.message));
    for line in
        failure.context.iter().cloned().chain(causes(failure).into_iter().map(|cause| format!("because: {cause}")))
    {
        let _ = write!(text, "\n  {}", sanitize::line(&line));
    }
    if let Some(hint) = &failure.hint {
        let _ = write!(text, "\n  {} {}", palette.hint("hint:"), sanitize::lines(hint));
    }
    text
}

/// What is told of columns that a terminal has no room for, by their headings.
fn unfitting(titles: &[String]) -> String {
    let verb = if titles.len() == 1 { "does" } else { "do" };
    format!(
        "{} {verb} not fit this terminal: {}; see them with `-o json` or choose with `--fields`",
        words::count(titles.len(), "column"),
        titles.join(", ")
    )
}

/// The causes that say more than what stands above them, as many as help.
fn causes(failure: &Failure) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let mut more = 0;
    for cause in failure.causes() {
        let cause = cause.trim();
        // Libraries like to end a message with its cause.
        if std::iter::once(&failure.message).chain(&told).any(|above| above.trim_end().ends_with(cause)) {
            continue;
        }
        if told.len() < CAUSES { told.push(cause.to_owned()) } else { more += 1 }
    }
    if more > 0 {
        told.push(format!("{} further down", words::count(more, "cause")));
    }
    told
}

/// A text whose commands in backticks carry these flags too; those that say such a thing themselves, and those that ask
/// no account, do not.
fn repeat<'a>(text: &'a str, flags: &str) -> Cow<'a, str> {
    const OWN: [&str; 4] = ["-P", "--profile", "--config", "--base-url"];
    if flags.is_empty() || !text.contains("`spectrum ") {
        return Cow::Borrowed(text);
    }
    let carry = |(at, piece): (usize, &str)| match piece.strip_prefix("spectrum ") {
        // Every other piece stands between backticks.
        Some(rest)
            if at % 2 == 1
                && !["help", "sandbox"].iter().any(|verb| rest.starts_with(verb))
                && !rest.split(' ').any(|word| OWN.contains(&word)) =>
        {
            format!("spectrum{flags} {rest}")
        }
        _ => piece.to_owned(),
    };
    Cow::Owned(text.split('`').enumerate().map(carry).collect::<Vec<_>>().join("`"))
}

/// Whether somebody has said that the person stopped the command.
static INTERRUPT_TOLD: Mutex<bool> = Mutex::new(false);

/// Says it once. Whoever comes second waits until it is said: what follows is the end of the process.
fn tell_interrupt(say: impl FnOnce()) {
    let mut told = INTERRUPT_TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if !std::mem::replace(&mut *told, true) {
        say();
    }
}

/// What leaves the line on which a prompt may stand; a bar goes, and with it the `^C` behind it.
fn below() -> &'static str {
    if is_moving() { "\r\u{1b}[2K" } else { "\n" }
}

/// Says that the person stopped the command, once `restore` has put the terminal back; for the signal handler, which has
/// no session.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn interrupted(format: OutputFormat, restore: impl FnOnce()) {
    tell_interrupt(|| {
        // Held to the end of the process: a prompt that goes on beside must not hide the cursor again.
        std::mem::forget(io::stderr().lock());
        restore();
        let failure = Failure::new(Code::Interrupted, "interrupted");
        let lead = if format.is_machine() && !is_moving() { "" } else { below() };
        stderr(lead);
        eprint_failure(&failure, format);
    });
}

/// Prints a failure when there is no door to print it through.
pub fn eprint_failure(failure: &Failure, format: OutputFormat) {
    stderr(&format!("{}\n", describe(failure, format, Palette::default())));
}

/// Text of ours for standard output where there is no door (completions, the sandbox's three lines).
///
/// # Errors
/// When standard output cannot be written.
pub fn print_plain(text: &str) -> Result<(), Failure> {
    let mut out = stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(unwritten)
}

/// Text for standard error before there is a session.
pub fn eprint_plain(text: &str) {
    stderr(text);
}

/// Shows what would be lost for ever, past the redaction: on standard error, or else on standard output.
pub fn last_resort(text: &str) {
    if try_stderr(text).is_err() {
        // There is nowhere else.
        let _ = print_plain(text);
    }
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    #[serde(serialize_with = "error_object")]
    error: &'a Failure,
}

fn error_object<S: Serializer>(failure: &Failure, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Object<'a> {
        code: &'a str,
        message: &'a str,
        status: Option<u16>,
        api_code: Option<&'a str>,
        retryable: bool,
        hint: Option<&'a str>,
        exit_code: u8,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        details: Vec<String>,
    }
    let details = failure.context.iter().cloned().chain(causes(failure)).collect();
    let object = Object {
        code: failure.code.as_str(),
        message: &failure.message,
        status: failure.status,
        api_code: failure.api_code.as_deref(),
        retryable: failure.retryable,
        hint: failure.hint.as_deref(),
        exit_code: failure.code.status(),
        details,
    };
    object.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of errors, the first of them around all others.
    fn chain(links: &[String]) -> anyhow::Error {
        let mut links = links.iter().rev().cloned();
        let root = anyhow::Error::msg(links.next().unwrap());
        links.fold(root, anyhow::Error::context)
    }

    fn failure(message: &str, links: &[&str]) -> Failure {
        let links: Vec<String> = links.iter().map(|link| (*link).to_owned()).collect();
        Failure::new(Code::Internal, message).because(chain(&links))
    }

    #[test]
    fn a_cause_is_told_once() {
        assert_eq!(causes(&failure("cannot read x: no such file", &["no such file"])), [""; 0]);
        assert_eq!(causes(&failure("cannot connect", &["tcp: refused", "refused"])), ["tcp: refused"]);
        assert_eq!(causes(&failure("cannot connect", &["tcp", "refused", ""])), ["tcp", "refused"]);
        assert!(describe(&failure("a", &["b"]), OutputFormat::Table, Palette::default()).ends_with("\n  because: b"));
        assert!(describe(&failure("a", &["b"]), OutputFormat::Json, Palette::default()).contains(r#""details":["b"]"#));
    }

    #[test]
    fn columns_without_room_are_named() {
        let told = |titles: &[&str]| unfitting(&titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>());
        assert!(told(&["EMAIL"]).starts_with("1 column does not fit this terminal: EMAIL; "));
        assert!(told(&["EMAIL", "CREATED"]).starts_with("2 columns do not fit this terminal: EMAIL, CREATED; "));
    }

    #[test]
    fn a_long_chain_is_cut() {
        let links: Vec<String> = (0..1000).map(|link| format!("link {link}.")).collect();
        let told = causes(&Failure::new(Code::Internal, "a").because(chain(&links)));
        assert_eq!(told.len(), CAUSES + 1);
        assert_eq!(told.last().unwrap(), "992 causes further down");
    }

    #[test]
    fn commands_in_backticks_carry_the_flags_that_were_given() {
        for (text, carried) in [
            ("run `spectrum users list`", "run `spectrum -P staging users list`"),
            (
                "`spectrum lines list` or `spectrum login`",
                "`spectrum -P staging lines list` or `spectrum -P staging login`",
            ),
            ("see `spectrum help exit-codes`", "see `spectrum help exit-codes`"),
            ("run `spectrum sandbox reset`", "run `spectrum sandbox reset`"),
            ("try `spectrum -P sandbox users list`", "try `spectrum -P sandbox users list`"),
            ("type spectrum users list", "type spectrum users list"),
            ("`a` spectrum `b`", "`a` spectrum `b`"),
            ("`chmod 600 x`", "`chmod 600 x`"),
        ] {
            assert_eq!(repeat(text, " -P staging"), carried);
            assert_eq!(repeat(text, ""), text);
        }
    }
}
