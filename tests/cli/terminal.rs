//! The binary at a real terminal: a pseudo-terminal of a width that a test chooses, its keys and its screen.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::ttyname;

#[cfg(target_os = "linux")]
use crate::world::BINARY;
use crate::world::{PATIENCE, Run, World};

/// Written behind the last byte of a process, so that the reader knows that it was the last.
const END: u8 = 0;

impl World {
    /// Starts a command line at a terminal of so many columns.
    pub fn at_terminal(&self, columns: u16, line: &str) -> Terminal<'_> {
        self.start_at_terminal(columns, |_| self.command(&line.split_whitespace().collect::<Vec<_>>()))
    }

    /// As [`World::at_terminal`], with the terminal's own signals: Ctrl-C and Ctrl-Z are sent by it, as to a program
    /// that a shell starts. Linux has a program that makes it so.
    #[cfg(target_os = "linux")]
    pub fn at_own_terminal(&self, columns: u16, line: &str) -> Terminal<'_> {
        self.start_at_terminal(columns, |path| {
            self.shell(&format!("exec setsid sh -c 'exec {BINARY} {line} <>{path} >&0 2>&0'"))
        })
    }

    /// As [`World::at_own_terminal`], with a shell at it that knows the binary by its name.
    #[cfg(target_os = "linux")]
    pub fn shell_at_terminal(&self, columns: u16, shell: &str) -> Terminal<'_> {
        self.start_at_terminal(columns, |path| {
            self.shell(&format!("exec setsid -c sh -c 'exec {shell} <{path} >{path} 2>&1' <{path}"))
        })
    }

    fn start_at_terminal(&self, columns: u16, command: impl FnOnce(&str) -> Command) -> Terminal<'_> {
        let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).unwrap();
        // Copies are closed in the processes that other tests start; what `openpty` gives is not.
        let (keyboard, line_end) = (pty.master.try_clone().unwrap(), pty.slave.try_clone().unwrap());
        drop(pty);
        let before = Mode::of(&line_end);
        let mut command = command(&ttyname(&line_end).unwrap().display().to_string());
        command.env("TERM", "xterm-256color");
        let stream = || Stdio::from(line_end.try_clone().unwrap());
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        let screen = Arc::new(Screen::default());
        let (watched, mut output) = (Arc::clone(&screen), File::from(keyboard.try_clone().unwrap()));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length) = output.read(&mut bytes) {
                let end = bytes[..length].iter().position(|byte| *byte == END);
                watched.add(&bytes[..end.unwrap_or(length)], end.is_some());
                if end.is_some() {
                    break;
                }
            }
        });
        Terminal {
            world: PhantomData,
            child,
            keyboard: keyboard.into(),
            line_end: line_end.into(),
            before,
            screen,
            columns: usize::from(columns),
            seen: 0,
        }
    }
}

/// What was written so far, and whether that is all.
#[derive(Default)]
struct Screen {
    written: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Screen {
    fn add(&self, bytes: &[u8], is_last: bool) {
        let mut written = self.written.lock().unwrap();
        written.0.extend_from_slice(bytes);
        written.1 |= is_last;
        self.changed.notify_all();
    }

    /// Waits until what was written is enough; none when that takes too long.
    fn wait<T>(&self, enough: impl Fn(&[u8], bool) -> Option<T>) -> Option<T> {
        let mut written = self.written.lock().unwrap();
        loop {
            if let Some(found) = enough(&written.0, written.1) {
                return Some(found);
            }
            let (next, time) = self.changed.wait_timeout(written, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            if time.timed_out() {
                return None;
            }
            written = next;
        }
    }
}

/// What a terminal does with keys and text.
#[derive(Clone, Debug)]
pub struct Mode(Termios);

impl Mode {
    fn of(terminal: impl AsFd) -> Self {
        Self(tcgetattr(terminal).unwrap())
    }
}

impl PartialEq for Mode {
    /// The system fills in the first of the control characters alone; what lies behind them is anything.
    fn eq(&self, other: &Self) -> bool {
        let parts = |Self(mode): &Self| {
            let keys: Vec<u8> = mode.control_chars.iter().take(17).copied().collect();
            (mode.input_flags, mode.output_flags, mode.control_flags, mode.local_flags, keys)
        };
        parts(self) == parts(other)
    }
}

/// A process at a terminal; killed when the test is over.
pub struct Terminal<'a> {
    /// Its home has to outlive it.
    world: PhantomData<&'a World>,
    pub child: Child,
    /// The terminal's mode before it.
    pub before: Mode,
    keyboard: File,
    line_end: File,
    screen: Arc<Screen>,
    columns: usize,
    /// How much of the text was looked at already.
    seen: usize,
}

impl Terminal<'_> {
    /// Waits until this is shown, behind what was waited for before.
    #[track_caller]
    pub fn shows(&mut self, words: &str) -> &mut Self {
        let seen = self.seen;
        let found = self.screen.wait(|bytes, _| Some(seen + plain(bytes).get(seen..)?.find(words)? + words.len()));
        let Some(end) = found else { panic!("{words:?} in {:?}", self.text()) };
        self.seen = end;
        self
    }

    /// Presses keys, once somebody reads them one by one or hidden: what is typed before a secret is asked for is
    /// thrown away, and Ctrl-C is no key then.
    #[track_caller]
    pub fn types(&mut self, keys: &str) -> &mut Self {
        let begin = Instant::now();
        while tcgetattr(&self.line_end).unwrap().local_flags.contains(LocalFlags::ECHO) {
            assert!(begin.elapsed() < PATIENCE, "nobody asks in {:?}", self.text());
            std::thread::yield_now();
        }
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Presses keys though nobody reads them.
    pub fn types_early(&mut self, keys: &str) -> &mut Self {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// The terminal's mode.
    pub fn mode(&self) -> Mode {
        Mode::of(&self.line_end)
    }

    /// Sets the terminal's mode, as a shell does.
    pub fn set_mode(&self, mode: &Mode) {
        tcsetattr(&self.line_end, SetArg::TCSANOW, &mode.0).unwrap();
    }

    /// Everything shown so far, without what moves the cursor or colours it.
    pub fn text(&self) -> String {
        self.screen.wait(|bytes, _| Some(plain(bytes))).unwrap_or_default()
    }

    /// Everything shown so far, as it was written.
    pub fn raw(&self) -> String {
        self.screen.wait(|bytes, _| Some(String::from_utf8_lossy(bytes).into_owned())).unwrap_or_default()
    }

    /// Waits until the screen's lines and the cursor's row and column are such.
    #[track_caller]
    pub fn looks(&self, is_right: impl Fn(&[String], (usize, usize)) -> bool) {
        let columns = self.columns;
        let found = self.screen.wait(|bytes, _| {
            let (lines, cursor) = draw(&String::from_utf8_lossy(bytes), columns);
            is_right(&lines, cursor).then_some(())
        });
        let drawn = draw(&self.raw(), columns);
        assert!(found.is_some(), "{:?}\n{}", drawn.1, drawn.0.join("\n"));
    }

    /// Waits for the end; the text of both streams stands in `stdout`.
    pub fn ends(&mut self) -> Run {
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        self.line_end.write_all(&[END]).unwrap();
        let stdout = self.screen.wait(|bytes, is_all| is_all.then(|| plain(bytes))).expect("the last byte comes");
        Run { status, stdout, stderr: String::new() }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.line_end.write_all(&[END]);
    }
}

/// The text without escape sequences; lines end as in a file.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // CSI: parameters, and a letter at the end. Anything else is one character long.
        let rest = match part.strip_prefix('[') {
            Some(csi) => csi.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).get(1..),
            None => part.char_indices().nth(1).map(|(at, _)| &part[at..]),
        };
        plain.push_str(rest.unwrap_or_default());
    }
    plain
}

/// The screen after a text that was written to an empty one, without blanks at the end of a line, and the cursor's row
/// and column. Knows what the questions use.
fn draw(text: &str, columns: usize) -> (Vec<String>, (usize, usize)) {
    let mut rows: Vec<Vec<String>> = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let csi = rest.strip_prefix('[').unwrap_or(rest);
                let length = csi.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                let number = csi[..length].parse().unwrap_or(1);
                match &csi[length..=length] {
                    "A" => row -= number,
                    "B" => row += number,
                    "C" => column += number,
                    "D" => column -= number,
                    "J" => {
                        rows.truncate(row + 1);
                        rows[row].truncate(column);
                    }
                    "K" => rows[row].clear(),
                    _ => {}
                }
                rest = &csi[length + 1..];
            }
            c => {
                let width = console_width(c);
                if column + width > columns {
                    (row, column) = (row + 1, 0);
                }
                rows.resize(rows.len().max(row + 1), Vec::new());
                let cells = &mut rows[row];
                cells.resize(cells.len().max(column + width), " ".to_owned());
                if width == 0 {
                    cells[column - 1].push(c);
                } else {
                    cells[column] = c.to_string();
                    // The other half of a wide character.
                    cells[column + 1..column + width].fill(String::new());
                }
                column += width;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    (rows.iter().map(|cells| cells.concat().trim_end().to_owned()).collect(), (row, column))
}

fn console_width(c: char) -> usize {
    spectrum_cli::output::table::width(&c.to_string())
}
