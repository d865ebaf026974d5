//! What can be asked of lines.

use reqwest::Method;

use super::model::Line;
use crate::failure::Code;
use crate::http::{Access, Answer, Endpoint, Error, Evidence, FromAnswer, Many, Repeat, Shape, Spec};

/// Lists the project's dedicated lines, all or those of one platform.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Only lines of this platform.
    pub platform: Option<String>,
}

impl Endpoint for List {
    const SPEC: Spec = Spec {
        method: Method::GET,
        path: "/projects/{project}/lines/",
        summary: "list the lines that the project owns",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        answer: Shape::Many("lines"),
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
        method: Method::GET,
        path: "/projects/{project}/lines/route",
        summary: "show the line that the service would choose for a new user",
        repeat: Repeat::Safe,
        access: Access::Project,
        evidence: Evidence::Official,
        answer: Shape::One("a line"),
        hints: &[(Code::NotFound, "a project without lines has shared users only; run `spectrum lines list` to see")],
    };

    type Answer<'a> = Line<'a>;
}

impl<'a> FromAnswer<'a> for Line<'a> {
    fn from_answer(answer: &'a Answer, shape: Shape) -> Result<Self, Error> {
        answer.one(shape.name())
    }
}
