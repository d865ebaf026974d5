//! Questions to the person at the terminal; nobody is asked where nobody can answer.

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Password, Select};

use crate::failure::{Code, Failure};
use crate::interrupt;
use crate::secrets::credentials::Secret;

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
        // The handler restores the cursor that a choice hides.
        interrupt::install();
        if self.colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) }
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
        match Confirm::with_theme(&*self.theme()).with_prompt(question).default(false).interact() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::new(Code::ConfirmationRequired, "not confirmed, so nothing was changed")),
            Err(error) => Err(unanswered(error)),
        }
    }

    /// Asks whether to go on with what was just put together.
    ///
    /// # Errors
    /// When the answer was no, or the question cannot be asked.
    pub fn agree(self, question: &str) -> Result<(), Failure> {
        match Confirm::with_theme(&*self.theme()).with_prompt(question).default(true).interact() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::new(Code::ConfirmationRequired, "not confirmed, so nothing was sent")),
            Err(error) => Err(unanswered(error)),
        }
    }

    /// Asks for one of several; the index of the answer.
    ///
    /// # Errors
    /// When the question cannot be asked.
    pub fn choose(self, question: &str, items: &[String]) -> Result<usize, Failure> {
        Select::with_theme(&*self.theme()).with_prompt(question).items(items).default(0).interact().map_err(unanswered)
    }

    /// Asks for a text until `check` accepts it.
    ///
    /// # Errors
    /// When the question cannot be asked.
    pub fn text<T>(self, question: &str, check: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
        let theme = self.theme();
        let answer: String = Input::with_theme(&*theme)
            .with_prompt(question)
            .validate_with(|text: &String| check(text).map(|_| ()))
            .interact_text()
            .map_err(unanswered)?;
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
        let theme = self.theme();
        let answer: String = Input::with_theme(&*theme)
            .with_prompt(question)
            .allow_empty(true)
            .validate_with(|text: &String| if text.is_empty() { Ok(()) } else { check(text) })
            .interact_text()
            .map_err(unanswered)?;
        Ok((!answer.is_empty()).then_some(answer))
    }

    /// Asks for a secret; what is typed is not shown.
    ///
    /// # Errors
    /// When the question cannot be asked, or the answer is empty.
    pub fn secret(self, question: &str) -> Result<Secret, Failure> {
        let answer = Password::with_theme(&*self.theme()).with_prompt(question).interact().map_err(unanswered)?;
        Secret::new(&answer).ok_or_else(|| Failure::new(Code::InvalidInput, "the secret is empty"))
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
