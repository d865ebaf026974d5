//! What can be asked of lines.

use std::borrow::Cow;

use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::model::Line;
use crate::failure::Code;
use crate::http::{Access, Answer, AnswerKind, Endpoint, Error, Evidence, FromAnswer, Many, Repeat, Spec, answer};

/// Lists the project's dedicated lines, all or those of one platform.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Only lines of this platform.
    pub platform: Option<String>,
}

impl Endpoint for List {
    const SPEC: Spec = Spec {
        method: &Method::GET,
        path: "/projects/{project}/lines/",
        summary: "list the lines that the project owns",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed: "ids and dates; a profile of three nulls",
        answer: AnswerKind::Many("lines"),
        hints: &[],
    };

    type Answer<'a> = Many<'a>;

    fn query(&self) -> Vec<(&'static str, String)> {
        self.platform.iter().map(|platform| ("platform", platform.clone())).collect()
    }
}

/// Asks which line the service would choose for a new user; 404 when the project owns none.
#[derive(Debug, Clone, Copy)]
pub struct Best;

impl Endpoint for Best {
    const SPEC: Spec = Spec {
        method: &Method::GET,
        path: "/projects/{project}/lines/route",
        summary: "show the line that the service would choose for a new user",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        guessed: "ids and dates; which of two equal lines is chosen (the first)",
        answer: AnswerKind::One("a line"),
        hints: &[(Code::NotFound, "a project without lines has shared users only; run `spectrum lines list` to see")],
    };

    type Answer<'a> = BestLine<'a>;
}

/// The line that the service would choose, whichever shape its answer had.
#[derive(Debug)]
pub struct BestLine<'a> {
    /// The line.
    pub line: Line<'a>,
    /// The line's own text with `isBestAvailable` among its fields.
    pub record: Cow<'a, str>,
}

impl<'a> FromAnswer<'a> for BestLine<'a> {
    fn from_answer(answer: &'a Answer, shape: AnswerKind) -> Result<Self, Error> {
        /// `{line: {…}, isBestAvailable}`, as two independent clients read it; the flat shape has no `line`.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Nested<'a> {
            #[serde(borrow, default)]
            line: Option<&'a RawValue>,
            #[serde(default)]
            is_best_available: Option<bool>,
        }
        let Nested { line, is_best_available } = answer.one(shape.name())?;
        let Some(line) = line else {
            return Ok(Self { line: answer.one(shape.name())?, record: Cow::Borrowed(answer.data()?) });
        };
        let read = answer::record(line, shape.name())?;
        let fields = line.get().strip_suffix('}').unwrap_or_default().trim_end();
        let record = match is_best_available {
            Some(best) if fields != "{" => Cow::Owned(format!("{fields},\"isBestAvailable\":{best}}}")),
            _ => Cow::Borrowed(line.get()),
        };
        Ok(Self { line: read, record })
    }
}
