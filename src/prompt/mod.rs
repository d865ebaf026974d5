//! Questions to the person at the terminal; nobody is asked where nobody can answer.

mod keys;
mod line;
mod screen;

use std::fmt;
use std::io;

use console::Key;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};

use crate::failure::{Code, Failure};
use crate::interrupt;
use crate::output::sanitize;
use crate::secrets::credentials::Secret;
use crate::secrets::source;
use crate::terminal::Asking;
use keys::Keys;
use line::{EditedLine, Pressed};
use screen::Screen;

/// Asks on standard error, or refuses.
#[derive(Debug, Clone, Copy)]
pub struct Prompt {
    /// Whether there is a terminal, and nothing said never to prompt.
    pub can_ask: bool,
    /// Whether questions may be coloured.
    pub colour: bool,
}

/// Why a question has no answer.
enum Unanswered {
    /// Esc, or Ctrl-D.
    GivenUp,
    /// The terminal is gone, or Ctrl-C was read as a key.
    Unread(io::Error),
}

impl From<io::Error> for Unanswered {
    fn from(error: io::Error) -> Self {
        Self::Unread(error)
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        let why = match unanswered {
            Unanswered::GivenUp => "given up".to_owned(),
            Unanswered::Unread(error) if error.kind() == io::ErrorKind::Interrupted => {
                interrupt::tell();
                return Self::new(Code::Interrupted, "interrupted");
            }
            Unanswered::Unread(error) => error.to_string(),
        };
        Self::new(Code::Usage, format!("the question was not answered ({why})")).hint("give the values as flags")
    }
}

/// A question that stands at the terminal: its keys, and what is drawn of it.
struct Question {
    keys: Keys,
    screen: Screen,
    theme: Box<dyn Theme>,
    /// The last to go: it puts the terminal back.
    asking: Asking,
}

impl Question {
    fn draw(&mut self, before: &str, after: &str) {
        self.screen.draw(before, after, &self.asking);
    }

    /// Leaves the answer, on lines of their own.
    fn leave(&mut self, answer: &str) {
        self.screen.leave(answer, &self.asking);
    }

    /// What the theme makes of something.
    fn told(&self, write: impl FnOnce(&dyn Theme, &mut dyn fmt::Write) -> fmt::Result) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = write(&*self.theme, &mut text);
        text
    }
}

impl Prompt {
    /// Begins a question: what was typed before it stands there is no answer to it.
    fn begin(self) -> Result<Question, Unanswered> {
        interrupt::install();
        let theme: Box<dyn Theme> =
            if self.colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        let asking = Asking::begin();
        Ok(Question { keys: Keys::open()?, screen: Screen::default(), theme, asking })
    }

    fn yes(self, question: &str, default: bool) -> Result<bool, Failure> {
        // It may hold names that are not ours.
        let text = &*sanitize::line(question);
        let ask = || -> Result<bool, Unanswered> {
            let mut question = self.begin()?;
            let head = question.told(|theme, out| theme.format_confirm_prompt(out, text, Some(default)));
            question.draw(&head, "");
            let is_yes = loop {
                match question.keys.read()? {
                    Key::Char('y' | 'Y') => break true,
                    Key::Char('n' | 'N' | line::CTRL_D) | Key::Escape => break false,
                    Key::Enter => break default,
                    _ => {}
                }
            };
            let answer = question.told(|theme, out| theme.format_confirm_prompt_selection(out, text, Some(is_yes)));
            question.leave(&answer);
            Ok(is_yes)
        };
        Ok(ask()?)
    }

    /// Asks for a yes before something is destroyed; `flag` is what says yes in a script.
    ///
    /// # Errors
    /// Confirmation required, when nobody can answer; interrupted, when the answer was no.
    pub fn confirm(self, question: &str, flag: &str) -> Result<(), Failure> {
        if !self.can_ask {
            return Err(Failure::new(Code::ConfirmationRequired, format!("not confirmed: {question}"))
                .hint(format!("nobody can be asked here; add `{flag}` to confirm")));
        }
        if self.yes(question, false)? {
            return Ok(());
        }
        Err(Failure::new(Code::ConfirmationRequired, "not confirmed, so nothing was changed"))
    }

    /// Asks whether to go on with what was just put together.
    ///
    /// # Errors
    /// When the answer was no, or the question cannot be asked.
    pub fn agree(self, question: &str) -> Result<(), Failure> {
        if self.yes(question, true)? {
            return Ok(());
        }
        Err(Failure::new(Code::ConfirmationRequired, "not confirmed, so nothing was sent"))
    }

    /// Asks for one of several; the index of the answer.
    ///
    /// # Errors
    /// When the question cannot be asked, or was given up.
    pub fn choose(self, question: &str, items: &[String]) -> Result<usize, Failure> {
        let items: Vec<_> = items.iter().map(|item| sanitize::line(item)).collect();
        let text = question;
        let ask = || -> Result<usize, Unanswered> {
            let mut question = self.begin()?;
            question.screen.hide_cursor();
            let head = question.told(|theme, out| theme.format_select_prompt(out, text));
            let mut chosen = 0;
            loop {
                let item = |(at, item): (usize, &std::borrow::Cow<'_, str>)| {
                    question.told(|theme, out| theme.format_select_prompt_item(out, item, at == chosen))
                };
                let mut lines = vec![head.clone()];
                lines.extend(screen::window(items.len(), chosen).map(|at| item((at, &items[at]))));
                question.draw(&lines.join("\n"), "");
                match question.keys.read()? {
                    Key::ArrowUp | Key::BackTab | Key::Char('k') => {
                        chosen = chosen.checked_sub(1).unwrap_or(items.len().saturating_sub(1));
                    }
                    Key::ArrowDown | Key::Tab | Key::Char('j') => chosen = (chosen + 1) % items.len().max(1),
                    Key::Home => chosen = 0,
                    Key::End => chosen = items.len().saturating_sub(1),
                    Key::Enter | Key::Char(' ') if !items.is_empty() => break,
                    Key::Escape | Key::Char(line::CTRL_D) => return Err(Unanswered::GivenUp),
                    _ => {}
                }
            }
            let answer = question.told(|theme, out| theme.format_select_prompt_selection(out, text, &items[chosen]));
            question.leave(&answer);
            Ok(chosen)
        };
        Ok(ask()?)
    }

    /// Asks for a line until `check` accepts it; what is wrong with it stands above it until then.
    fn line<T>(self, text: &str, check: impl Fn(&str) -> Result<T, String>) -> Result<T, Unanswered> {
        let mut question = self.begin()?;
        let head = question.told(|theme, out| theme.format_input_prompt(out, text, None));
        let (mut line, mut error) = (EditedLine::default(), String::new());
        loop {
            let (before, after) = line.around();
            question.draw(&format!("{error}{head}{}", sanitize::line(before)), &sanitize::line(after));
            match line.press(question.keys.read()?) {
                Pressed::Edited => {}
                Pressed::GivenUp => return Err(Unanswered::GivenUp),
                Pressed::Entered => match check(line.text()) {
                    Ok(answer) => {
                        let typed = sanitize::line(line.text());
                        let answered =
                            question.told(|theme, out| theme.format_input_prompt_selection(out, text, &typed));
                        question.leave(&answered);
                        return Ok(answer);
                    }
                    Err(reason) => {
                        let reason = sanitize::line(&reason);
                        error = question.told(|theme, out| theme.format_error(out, &reason)) + "\n";
                    }
                },
            }
        }
    }

    /// Asks for a text until `check` accepts it.
    ///
    /// # Errors
    /// When the question cannot be asked, or was given up.
    pub fn text<T>(self, question: &str, check: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
        Ok(self.line(question, check)?)
    }

    /// Asks for a text that may stay empty.
    ///
    /// # Errors
    /// When the question cannot be asked, or was given up.
    pub fn optional(
        self,
        question: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Option<String>, Failure> {
        let check = |text: &str| match text {
            "" => Ok(None),
            text => check(text).map(|()| Some(text.to_owned())),
        };
        Ok(self.line(question, check)?)
    }

    /// Asks for a secret; what is typed is not shown.
    ///
    /// # Errors
    /// When the question cannot be asked, was given up, or the answer is no secret.
    pub fn secret(self, text: &str) -> Result<Secret, Failure> {
        let ask = || -> Result<String, Unanswered> {
            let mut question = self.begin()?;
            let head = question.told(|theme, out| theme.format_password_prompt(out, text));
            question.draw(&head, "");
            let mut line = EditedLine::default();
            loop {
                let key = question.keys.read()?;
                // The question was asked again: what was typed before counts no more.
                if question.asking.was_asked_again() {
                    line = EditedLine::default();
                }
                match line.press(key) {
                    Pressed::Entered if !line.text().is_empty() => break,
                    Pressed::GivenUp => return Err(Unanswered::GivenUp),
                    Pressed::Entered | Pressed::Edited => {}
                }
            }
            let answer = question.told(|theme, out| theme.format_password_prompt_selection(out, text));
            question.leave(&answer);
            Ok(line.text().to_owned())
        };
        source::understand(ask()?.as_bytes())
            .map_err(|reason| Failure::new(Code::InvalidInput, format!("the secret {reason}")))
    }
}
