//! The project itself, and what the vendor's SDK asks of it when it starts.

use crate::http::client::{Answer, Call, Client};
use crate::http::error::Error;
use crate::http::route::Route;
use crate::model::Phone;

/// The routes directly below `/projects/{project}/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectRoute {
    /// The project's name and profile.
    Show,
    /// Whether it talks through the shared pool or its own lines.
    Messaging,
    /// Whether a pool number could be assigned to a phone.
    Availability,
    /// The plan; asked by the vendor's SDK, without credentials.
    Subscription,
    /// The platforms switched on; asked by the vendor's SDK, without credentials.
    Platforms,
}

impl ProjectRoute {
    /// Every route of the noun.
    pub const ALL: [Self; 5] = [Self::Show, Self::Messaging, Self::Availability, Self::Subscription, Self::Platforms];

    pub(crate) fn tail(self) -> &'static str {
        match self {
            Self::Show => "",
            Self::Messaging => "imessage/",
            Self::Availability => "imessage/shared/availability",
            Self::Subscription => "billing/subscription",
            Self::Platforms => "platforms/",
        }
    }

    pub(crate) fn at(segments: &[&str]) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.tail().trim_end_matches('/') == segments.join("/"))
    }
}

impl Client {
    /// Shows the project.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn show_project(&self) -> Result<Answer, Error> {
        self.send(&Call::new(Route::Project(self.project(), ProjectRoute::Show)))
    }

    /// Asks how the project talks over iMessage.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn messaging(&self) -> Result<Answer, Error> {
        self.send(&Call::new(Route::Project(self.project(), ProjectRoute::Messaging)))
    }

    /// Asks whether a pool number could be assigned to this phone.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn availability(&self, phone: &Phone) -> Result<Answer, Error> {
        let mut call = Call::new(Route::Project(self.project(), ProjectRoute::Availability));
        call.query.push(("phoneNumber", phone.to_string()));
        self.send(&call)
    }
}
