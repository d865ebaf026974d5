//! The lines of a project.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::client::{Answer, Call, Client};
use crate::http::error::Error;
use crate::http::route::Route;

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

    pub(crate) fn tail(self) -> &'static str {
        match self {
            Self::List => "",
            Self::Best => "route",
        }
    }

    pub(crate) fn at(segments: &[&str]) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.tail() == segments.join("/"))
    }
}

/// `data` of a list of lines.
#[derive(Deserialize)]
struct ListData<'a> {
    #[serde(borrow)]
    lines: Vec<&'a RawValue>,
}

impl Answer {
    /// Reads the answer as a list of lines, each the answer's own text, in the service's order.
    ///
    /// # Errors
    /// [`Code::BadResponse`](crate::Code::BadResponse) when it is not one.
    pub fn lines(&self) -> Result<Vec<&RawValue>, Error> {
        if self.data()?.starts_with('[') {
            return self.decode("a list of lines");
        }
        Ok(self.object::<ListData<'_>>("a list of lines")?.lines)
    }
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
    /// Whatever the call met; [`Code::NotFound`](crate::Code::NotFound) when the project owns no line.
    pub fn best_line(&self) -> Result<Answer, Error> {
        self.send(&Call::new(Route::Lines(self.project(), LinesRoute::Best)))
    }
}
