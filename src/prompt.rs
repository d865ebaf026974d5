//! Questions to the person at the terminal; nobody is asked where nobody can answer.

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Password, Select};

use crate::failure::{Code, Failure};
use crate::interrupt;
use crate::output::sanitize;
use crate::secrets::credentials::Secret;
use crate::secrets::source;
use crate::terminal::Asking;

/// Asks on standard error, or refuses.
#[derive(Debug, Clone, Copy)]
pub struct Prompt {
    /// Whether there is a terminal, and nothing said never to prompt.
    pub can_ask: bool,
    /// Whether questions may be coloured.
    pub colour: bool,
}

impl Prompt {
    fn theme(self) -> Box<dyn Theme> {
        if self.colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) }
    }

    /// Asks, and leaves the terminal as it was whatever happens meanwhile.
    fn ask<T>(
        self,
        question: &str,
        is_hidden: bool,
        interact: impl FnOnce(&dyn Theme) -> dialoguer::Result<T>,
    ) -> Result<T, Failure> {
        let theme = self.theme();
        let mut line = String::new();
        // Writing into a text does not fail.
        let _ = theme.format_password_prompt(&mut line, question);
        interrupt::install();
        let answer = {
            let _asking = Asking::new(&line, is_hidden);
            interact(&*theme)
        };
        answer.map_err(unanswered)
    }

    fn yes(self, question: &str, default: bool) -> Result<bool, Failure> {
        // It may hold names that are not ours.
        let question = &*sanitize::line(question);
        self.ask(question, false, |theme| Confirm::with_theme(theme).with_prompt(question).default(default).interact())
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
    /// When the question cannot be asked.
    pub fn choose(self, question: &str, items: &[String]) -> Result<usize, Failure> {
        let items: Vec<_> = items.iter().map(|item| sanitize::line(item)).collect();
        self.ask(question, false, |theme| {
            Select::with_theme(theme).with_prompt(question).items(items).default(0).interact()
        })
    }

    /// Asks for a text until `check` accepts it.
    ///
    /// # Errors
    /// When the question cannot be asked.
    pub fn text<T>(self, question: &str, check: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
        let answer: String = self.ask(question, false, |theme| {
            let input = Input::with_theme(theme).with_prompt(question);
            input.validate_with(|text: &String| check(text).map(|_| ())).interact_text()
        })?;
        check(&answer).map_err(|reason| Failure::new(Code::InvalidInput, reason))
    }

    /// Asks for a text that may stay empty.
    ///
    /// # Errors
    /// When the question cannot be asked.
    pub fn optional(
        self,
        question: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Option<String>, Failure> {
        let answer: String = self.ask(question, false, |theme| {
            let input = Input::with_theme(theme).with_prompt(question).allow_empty(true);
            input.validate_with(|text: &String| if text.is_empty() { Ok(()) } else { check(text) }).interact_text()
        })?;
        Ok((!answer.is_empty()).then_some(answer))
    }

    /// Asks for a secret; what is typed is not shown.
    ///
    /// # Errors
    /// When the question cannot be asked, or the answer is empty.
    pub fn secret(self, question: &str) -> Result<Secret, Failure> {
        let answer = self.ask(question, true, |theme| Password::with_theme(theme).with_prompt(question).interact())?;
        source::understand(answer.as_bytes())
            .map_err(|reason| Failure::new(Code::InvalidInput, format!("the secret {reason}")))
    }
}

fn unanswered(error: dialoguer::Error) -> Failure {
    let dialoguer::Error::IO(error) = error;
    if error.kind() == std::io::ErrorKind::Interrupted {
        interrupt::tell();
        return Failure::new(Code::Interrupted, "interrupted");
    }
    Failure::new(Code::Usage, format!("the question was not answered ({error})")).hint("give the values as flags")
}
