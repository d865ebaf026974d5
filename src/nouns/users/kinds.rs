//! Which users are shared and which dedicated: they say so themselves, and where a revision keeps silent, the project's
//! lines tell.

use std::collections::HashSet;

use super::model::{User, UserType};
use crate::failure::Failure;
use crate::http::{Client, answer};
use crate::model::number::{self, Written};
use crate::nouns::lines;
use crate::nouns::lines::model::Line;

/// What tells the types apart.
#[derive(Debug, Default)]
pub struct Kinds {
    /// The numbers of the project's lines; empty where the users say what they are.
    lines: HashSet<String>,
}

impl Kinds {
    /// Asks for the project's lines where somebody's type is not told.
    ///
    /// # Errors
    /// Whatever the call met.
    pub fn of<'u>(mut users: impl Iterator<Item = &'u User<'u>>, client: &Client) -> Result<Self, Failure> {
        if users.all(|user| user.kind.is_some()) {
            return Ok(Self::default());
        }
        let reply = match client.call(&lines::endpoints::List::default()) {
            // A project without lines may say so with a 404.
            Err(error) if error.is_absent() => return Ok(Self::default()),
            other => other?,
        };
        let mut numbers = HashSet::new();
        for raw in reply.read()?.items {
            let line: Line<'_> = answer::record(raw, "a line")?;
            numbers.extend(line.phone_number.as_deref().and_then(whole));
        }
        Ok(Self { lines: numbers })
    }

    /// A user's type. A word that nobody knows is no dedicated user's.
    pub fn of_user(&self, user: &User<'_>) -> UserType {
        let is_dedicated = match &user.kind {
            Some(_) => user.is_dedicated(),
            None => {
                let number = user.assigned_phone_number.as_deref().and_then(whole);
                number.is_some_and(|number| self.lines.contains(&number))
            }
        };
        if is_dedicated { UserType::Dedicated } else { UserType::Shared }
    }

    /// Whether the person can be messaged: they have texted their number, or they talk over a line of the project's own.
    pub fn is_reachable(&self, user: &User<'_>) -> bool {
        user.meta.opt_in || self.of_user(user) == UserType::Dedicated
    }
}

/// A number whose digits are all there, in the one form in which it can be compared.
pub fn whole(number: &str) -> Option<String> {
    match number::read(number) {
        Written::Whole(number) => Some(number.into_owned()),
        Written::Part(_) => None,
    }
}
