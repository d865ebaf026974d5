//! Standard output and standard error: data on the one, everything else on the other.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};

use super::csv::CsvWriter;
use super::json::{self, Layout};
use super::plain::Plain;
use super::record::{Fields, Shape};
use super::sanitize;
use super::table::{self, Column, Look, Table};
use crate::failure::{self, Code, ExitStatus, Failure};
use crate::output::format::Format;
use crate::secrets::credentials::Credentials;
use crate::secrets::redactor::Redactor;

/// Bytes of many lines that are searched for secrets and written at once; whole lines, which no secret spans.
const LINES_AT_ONCE: usize = 64 * 1024;

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
pub struct Looks {
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
    format: Format,
    fields: Option<Vec<String>>,
    looks: Looks,
    redactor: Mutex<Redactor>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("format", &self.format).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn stdout() -> io::StdoutLock<'static> {
    io::stdout().lock()
}

/// Standard output for what is written in many small pieces.
fn buffered() -> BufWriter<io::StdoutLock<'static>> {
    BufWriter::with_capacity(64 * 1024, stdout())
}

/// Writes lines to standard error. A closed or full one must not end the work, so its errors are dropped.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn stderr(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

impl Output {
    /// A door for one command.
    pub fn new(format: Format, fields: Option<Vec<String>>, looks: Looks, redactor: Redactor) -> Self {
        Self { format, fields, looks, redactor: Mutex::new(redactor) }
    }

    /// The format that standard output speaks.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether notes are wanted on standard error.
    pub fn is_quiet(&self) -> bool {
        self.looks.quiet
    }

    /// Colours for standard error; none beside a machine format.
    pub fn palette(&self) -> Palette {
        Palette { on: self.looks.stderr_colour && !self.format.is_machine() }
    }

    /// How a table may look on standard output.
    pub fn look(&self) -> Look {
        Look { width: self.looks.stdout_width, bold: self.looks.stdout_colour }
    }

    /// The columns of the terminal behind standard error; none when there is none.
    pub fn stderr_width(&self) -> Option<u16> {
        self.looks.stderr_width
    }

    /// Hides one more pair's secret and its token on every stream from now on.
    pub fn hide(&self, credentials: &Credentials) {
        self.redactor.lock().unwrap_or_else(PoisonError::into_inner).absorb(credentials.redactor());
    }

    /// A text without any known secret.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redactor.lock().unwrap_or_else(PoisonError::into_inner).redact(text)
    }

    /// Says something on standard error, unless the person asked for quiet.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.looks.quiet {
            self.say(text.as_ref());
        }
    }

    /// Says what deserves a look, unless the person asked for quiet.
    pub fn warn(&self, text: impl AsRef<str>) {
        if !self.looks.quiet {
            self.say(&format!("{} {}", self.palette().warning("warning:"), sanitize::lines(text.as_ref())));
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
        if failure.code == Code::Interrupted && INTERRUPT_TOLD.swap(true, Ordering::SeqCst) {
            return;
        }
        self.say(&describe(failure, self.format, self.palette()));
    }

    /// Checks `--fields` against what a command can show; done before anything is sent.
    ///
    /// # Errors
    /// Usage, naming the unknown field and listing the known ones.
    pub fn check_fields(&self, columns: &[Column]) -> Result<(), Failure> {
        Fields::choose(columns, self.fields.as_deref(), self.format).map(|_| ())
    }

    /// Writes one record (`create`, `get`, `project show`).
    ///
    /// # Errors
    /// As [`Output::finish`] reads them.
    pub fn one(&self, columns: &[Column], record: &str) -> anyhow::Result<()> {
        self.records(columns, &[record], Shape::One)
    }

    /// Writes records as a list; a bare array in JSON.
    ///
    /// # Errors
    /// As [`Output::finish`] reads them.
    pub fn many<T: AsRef<str>>(&self, columns: &[Column], records: &[T]) -> anyhow::Result<()> {
        self.records(columns, records, Shape::Many)
    }

    fn records<T: AsRef<str>>(&self, columns: &[Column], records: &[T], shape: Shape) -> anyhow::Result<()> {
        let fields = Fields::choose(columns, self.fields.as_deref(), self.format)?;
        if (self.format, shape, self.looks.stdout_width) == (Format::Table, Shape::Many, None) {
            return self.plain(&fields, records);
        }
        // Everything is read once before the first byte goes out: a document is complete or it is not there.
        for record in records {
            fields.check(record.as_ref(), self.format)?;
        }
        let mut out = buffered();
        match self.format {
            Format::Json => {
                let level = usize::from(shape == Shape::Many);
                for (at, record) in records.iter().enumerate() {
                    match (shape, at) {
                        (Shape::One, _) => {}
                        (Shape::Many, 0) => out.write_all(b"[\n  ")?,
                        (Shape::Many, _) => out.write_all(b",\n  ")?,
                    }
                    json::write(&mut out, &fields.json(record.as_ref())?, Layout::Pretty, level)?;
                }
                match (shape, records.is_empty()) {
                    (Shape::One, _) => out.write_all(b"\n")?,
                    (Shape::Many, true) => out.write_all(b"[]\n")?,
                    (Shape::Many, false) => out.write_all(b"\n]\n")?,
                }
            }
            Format::Ndjson => {
                for record in records {
                    json::write(&mut out, &fields.json(record.as_ref())?, Layout::Compact, 0)?;
                    out.write_all(b"\n")?;
                }
            }
            Format::Csv => {
                let mut rows = CsvWriter::new(&mut out);
                rows.row(fields.columns().iter().map(|column| column.key))?;
                for record in records {
                    let cells = fields.cells(record.as_ref())?;
                    // Exact for a machine; a terminal is not driven by a cell.
                    let cleaned = |cell| if self.looks.stdout_is_terminal { sanitize::line(cell) } else { cell.into() };
                    rows.row(cells.iter().map(|cell| cleaned(cell)))?;
                }
                rows.finish()?;
            }
            Format::Id => {
                for record in records {
                    let id = fields.id(record.as_ref())?;
                    writeln!(out, "{}", sanitize::line(&id))?;
                }
            }
            // Cleaning may have joined the pieces of a secret.
            Format::Table => out.write_all(self.redact(&self.table(&fields, records, shape)?).as_bytes())?,
        }
        out.flush()?;
        Ok(())
    }

    /// Writes a table where no terminal bounds it: its rows are never held, however many there are.
    fn plain<T: AsRef<str>>(&self, fields: &Fields, records: &[T]) -> anyhow::Result<()> {
        let mut table = Plain::new(fields.columns());
        for record in records {
            table.measure(&fields.cells(record.as_ref())?);
        }
        let heading = table.heading();
        let heading = heading.trim_end();
        self.text(&match self.looks.stdout_colour {
            true => format!("\u{1b}[1m{heading}\u{1b}[0m\n"),
            false => format!("{heading}\n"),
        })?;
        // Searched for secrets when they are clean: cleaning may have joined the pieces of one.
        self.lines(records, |lines, record| {
            table.row(lines, &fields.cells(record.as_ref())?);
            Ok(())
        })
    }

    fn table<T: AsRef<str>>(&self, fields: &Fields, records: &[T], shape: Shape) -> anyhow::Result<String> {
        if let (Shape::One, [record]) = (shape, records) {
            let cells = fields.cells(record.as_ref())?;
            let pairs = fields.columns().iter().copied().zip(cells.into_iter().map(Cow::into_owned));
            return Ok(table::record(pairs, self.look()));
        }
        let mut table = Table::new(fields.columns().to_vec());
        for record in records {
            table.push(fields.cells(record.as_ref())?.into_iter().map(Cow::into_owned));
        }
        let (text, left_out) = table.render(self.look());
        if left_out > 0 {
            self.note(format!(
                "{} not fit this terminal; see them with `-o json` or choose with `--fields`",
                if left_out == 1 { "1 column does".to_owned() } else { format!("{left_out} columns do") }
            ));
        }
        Ok(text)
    }

    /// Writes one JSON document of ours.
    ///
    /// # Errors
    /// As [`Output::finish`] reads them.
    pub fn document<T: Serialize + ?Sized>(&self, value: &T) -> anyhow::Result<()> {
        let layout = if self.format == Format::Ndjson { Layout::Compact } else { Layout::Pretty };
        self.text(&format!("{}\n", json::text(value, layout)))
    }

    /// Writes text as it is: what is ours and known to be harmless.
    ///
    /// # Errors
    /// As [`Output::finish`] reads them.
    pub fn text(&self, text: &str) -> anyhow::Result<()> {
        let mut out = stdout();
        out.write_all(self.redact(text).as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Writes many lines that are all there already; `line` adds one to a text.
    ///
    /// # Errors
    /// As [`Output::finish`] reads them, and those of `line`.
    pub fn lines<I: IntoIterator>(
        &self,
        items: I,
        line: impl Fn(&mut String, I::Item) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
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
    /// As [`Output::finish`] reads them.
    pub fn foreign(&self, text: &str) -> anyhow::Result<()> {
        if self.looks.stdout_is_terminal { self.text(&sanitize::lines(text)) } else { self.text(text) }
    }

    /// The exit status for how a command ended, its failure printed. A closed pipe is success.
    pub fn finish(&self, result: anyhow::Result<ExitStatus>) -> u8 {
        let error = match result {
            Ok(status) => return status.status(),
            Err(error) => error,
        };
        let failure = match failure::diagnose(error) {
            Some(failure) => failure,
            None => return ExitStatus::Done.status(),
        };
        self.failure(&failure);
        failure.code.status()
    }
}

/// A failure as text, without a line break at its end.
pub fn describe(failure: &Failure, format: Format, palette: Palette) -> String {
    if format.is_machine() {
        return json::text(&ErrorDocument { error: failure }, Layout::Compact);
    }
    let mut text = format!("{} {}", palette.error("error:"), sanitize::lines(&failure.message));
    for line in &failure.context {
        let _ = write!(text, "\n  {}", sanitize::line(line));
    }
    if let Some(hint) = &failure.hint {
        let _ = write!(text, "\n  {} {}", palette.hint("hint:"), sanitize::lines(hint));
    }
    text
}

/// Whether somebody has said that the person stopped the command.
static INTERRUPT_TOLD: AtomicBool = AtomicBool::new(false);

/// Says that the person stopped the command; for the signal handler, which has no session.
pub fn interrupted(format: Format) {
    if INTERRUPT_TOLD.swap(true, Ordering::SeqCst) {
        return;
    }
    let failure = Failure::new(Code::Interrupted, "interrupted");
    // The first newline leaves the line on which a prompt or a bar may stand.
    let lead = if format.is_machine() { "" } else { "\n" };
    stderr(lead);
    eprint_failure(&failure, format);
}

/// Prints a failure when there is no door to print it through.
pub fn eprint_failure(failure: &Failure, format: Format) {
    stderr(&format!("{}\n", describe(failure, format, Palette::default())));
}

/// Text of ours for standard output where there is no door (completions, the sandbox's three lines).
///
/// # Errors
/// Whatever the stream says.
pub fn print_plain(text: &str) -> io::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Text for standard error before there is a session.
pub fn eprint_plain(text: &str) {
    stderr(text);
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
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        details: &'a [String],
    }
    let object = Object {
        code: failure.code.as_str(),
        message: &failure.message,
        status: failure.status,
        api_code: failure.api_code.as_deref(),
        retryable: failure.code.is_retryable(),
        hint: failure.hint.as_deref(),
        exit_code: failure.code.status(),
        details: &failure.context,
    };
    object.serialize(serializer)
}
