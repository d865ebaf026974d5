//! An endpoint is data: what is known of it without calling it. The client sends by it, the sandbox is mounted on it.

use std::fmt;

use reqwest::Method;

use super::answer::{AnswerKind, FromAnswer};
use crate::failure::Code;

/// Whether a request whose answer was lost may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing, or leaves the same state however often it is sent.
    Safe,
    /// It makes something that has an identity: sent again, it meets what it made.
    SameIdentity,
    /// It makes something anew each time.
    Never,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only with the credentials of the project that the path names.
    Project,
    /// Anybody.
    Open,
}

/// How we know of an endpoint; the best evidence counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The page that this tool was begun with.
    Seed,
    /// The vendor's documentation or SDK.
    Official,
    /// Captured from the service by somebody who published it.
    Live,
    /// Seen in public client code.
    Wild,
    /// Our own decision where nothing is known.
    Ours,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seed => "seed",
            Self::Official => "official",
            Self::Live => "live",
            Self::Wild => "wild",
            Self::Ours => "ours",
        })
    }
}

/// Everything that is known of an endpoint without calling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// The method.
    pub method: &'static Method,
    /// The canonical path; `{project}` is the credentials' project, other names are the endpoint's own.
    pub path: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Whether it may be repeated.
    pub repeat: Repeat,
    /// Who may ask.
    pub access: Access,
    /// How we know.
    pub evidence: Evidence,
    /// What of the sandbox's answers is our own guess, in words; empty where nothing is.
    pub guessed: &'static str,
    /// What a success holds.
    pub answer: AnswerKind,
    /// What to type next after a failure of this kind, where the noun knows better than the code alone.
    pub hints: &'static [(Code, &'static str)],
}

impl Spec {
    /// The hint for a failure, if the noun has one.
    pub fn hint(&self, code: Code) -> Option<&'static str> {
        self.hints.iter().find(|(known, _)| *known == code).map(|(_, hint)| *hint)
    }

    /// The names between braces in the path.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether a request for this path, in either slash form and without its query, asks for this endpoint.
    pub fn is_asked_by(&self, method: &Method, path: &str) -> bool {
        let (known, asked) = (segments(self.path), segments(path));
        self.method == method
            && known.clone().count() == asked.clone().count()
            && known.zip(asked).all(|(known, asked)| known.starts_with('{') || known == asked)
    }
}

/// A path's segments; both slash forms are one path.
fn segments(path: &str) -> std::str::Split<'_, char> {
    path.strip_suffix('/').unwrap_or(path).split('/')
}

/// An endpoint with what one call of it carries.
pub trait Endpoint {
    /// What is known of it.
    const SPEC: Spec;

    /// What its data is read as.
    type Answer<'a>: FromAnswer<'a>;

    /// The value of a parameter of the path.
    fn parameter(&self, _name: &str) -> &str {
        ""
    }

    /// The query's pairs, in order.
    fn query(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The body, JSON.
    fn body(&self) -> Option<String> {
        None
    }
}
