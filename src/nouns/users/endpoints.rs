//! What can be asked of users.

use reqwest::Method;

use super::model::{NewUser, User, UserType};
use crate::failure::Code;
use crate::http::{Access, Answer, AnswerKind, Endpoint, Error, Evidence, FromAnswer, Many, Repeat, Spec};

/// What to type when a user is not there.
const WHO_IS_THERE: (Code, &str) = (Code::NotFound, "run `spectrum users list` to see who is registered");

/// Registers a user, or returns the one that is there.
///
/// Safe to repeat: identity is the phone, or for dedicated users the tuple with the line.
#[derive(Debug, Clone, Copy)]
pub struct Create<'a>(pub &'a NewUser);

impl Endpoint for Create<'_> {
    const SPEC: Spec = Spec {
        method: &Method::POST,
        path: "/projects/{project}/users/",
        summary: "register a user, or return the one that is there",
        repeat: Repeat::SameIdentity,
        access: Access::Project,
        evidence: Evidence::Seed,
        guessed: "the statuses of a wrong field (422), a foreign line (422), a full project (402) and an empty pool (503)",
        answer: AnswerKind::One("a user"),
        hints: &[
            (Code::Conflict, "run `spectrum users list` and `spectrum lines list` to see what stands in the way"),
            (
                Code::Capacity,
                "run `spectrum users delete USER` for whoever is no longer needed, or ask for a larger plan",
            ),
        ],
    };

    type Answer<'a> = User<'a>;

    fn body(&self) -> Option<String> {
        // Our own types always serialize: no map with keys that are not text, no failing impl.
        serde_json::to_string(self.0).ok()
    }
}

/// Lists active users; the fields are the API's query parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Only this type.
    pub kind: Option<UserType>,
    /// Only these ids.
    pub ids: Vec<String>,
    /// Partial, case-insensitive, over names, phone and e-mail.
    pub search: Option<String>,
    /// 1..=500; none asks for everything.
    pub limit: Option<u32>,
    /// 0..=1000000.
    pub offset: Option<u32>,
}

impl Endpoint for List {
    const SPEC: Spec = Spec {
        method: &Method::GET,
        path: "/projects/{project}/users/",
        summary: "list active users",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed: "the order (oldest first); the status of a wrong value (422)",
        answer: AnswerKind::Many("users"),
        hints: &[],
    };

    type Answer<'a> = Many<'a>;

    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.kind.map(|kind| ("type", kind.to_string())));
        query.extend(self.ids.iter().map(|id| ("id", id.clone())));
        query.extend(self.search.iter().map(|text| ("search", text.clone())));
        query.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        query.extend(self.offset.map(|offset| ("offset", offset.to_string())));
        query
    }
}

/// Reads one user by id.
#[derive(Debug, Clone, Copy)]
pub struct Get<'a>(pub &'a str);

impl Endpoint for Get<'_> {
    const SPEC: Spec = Spec {
        method: &Method::GET,
        path: "/projects/{project}/users/{user}/",
        summary: "show one user",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed: "the words for a user who is not there",
        answer: AnswerKind::One("a user"),
        hints: &[WHO_IS_THERE],
    };

    type Answer<'a> = User<'a>;

    fn parameter(&self, _: &str) -> &str {
        self.0
    }
}

/// Soft-deletes one user by id.
#[derive(Debug, Clone, Copy)]
pub struct Delete<'a>(pub &'a str);

impl Endpoint for Delete<'_> {
    const SPEC: Spec = Spec {
        method: &Method::DELETE,
        path: "/projects/{project}/users/{user}/",
        summary: "delete a user; the number is remembered for the phone",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed: "the words for a user who is not there",
        answer: AnswerKind::Yes,
        hints: &[WHO_IS_THERE],
    };

    type Answer<'a> = ();

    fn parameter(&self, _: &str) -> &str {
        self.0
    }
}

/// The public link that opens a message to a user's number; for browsers, never called from here.
#[derive(Debug, Clone, Copy)]
pub struct Redirect<'a>(pub &'a str);

impl Endpoint for Redirect<'_> {
    const SPEC: Spec = Spec {
        method: &Method::GET,
        path: "/users/{user}/redirect",
        summary: "open a message to the user's number",
        repeat: Repeat::Safe,
        access: Access::Open,
        evidence: Evidence::Official,
        guessed: "the message where `msg` is left out",
        answer: AnswerKind::Redirect,
        hints: &[],
    };

    type Answer<'a> = ();

    fn parameter(&self, _: &str) -> &str {
        self.0
    }
}

impl<'a> FromAnswer<'a> for User<'a> {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}
