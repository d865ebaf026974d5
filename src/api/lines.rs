//! The lines of a project.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Answer, Call, Client};
use super::error::Error;
use super::route::Route;

/// The routes below `/projects/{project}/lines/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinesRoute {
    /// All lines of the project.
    List,
    /// The best line for a new user.
    Best,
}

impl LinesRoute {
    /// Every route of the noun.
    pub const ALL: [Self; 2] = [Self::List, Self::Best];

    pub(super) fn tail(self) -> &'static str {
        match self {
            Self::List => "",
            Self::Best => "route",
        }
    }

    pub(super) fn at(segments: &[&str]) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.tail() == segments.join("/"))
    }
}

/// The lines of one list answer, each the answer's own text.
#[derive(Debug, Deserialize)]
pub struct LineList<'a> {
    /// In the service's order.
    #[serde(borrow)]
    pub lines: Vec<&'a RawValue>,
}

impl Client {
    /// Lists the project's dedicated lines, all or those of one platform.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn list_lines(&self, platform: Option<&str>) -> Result<Answer, Error> {
        let mut call = Call::new(Route::Lines(self.project(), LinesRoute::List));
        call.query.extend(platform.map(|platform| ("platform", platform.to_owned())));
        self.send(&call)
    }

    /// Asks which line the service would choose for a new user.
    ///
    /// # Errors
    /// Whatever the call met; [`Kind::NotFound`](super::Kind::NotFound) when the project owns no line.
    pub fn best_line(&self) -> Result<Answer, Error> {
        self.send(&Call::new(Route::Lines(self.project(), LinesRoute::Best)))
    }
}
