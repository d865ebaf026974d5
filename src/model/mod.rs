//! The words of the API as types: parsed once, never bare strings. Imports nothing of ours.

pub mod duration;
pub mod email;
pub mod ids;
pub mod line;
pub mod phone;
pub mod project;
pub mod user;

pub use duration::{DurationError, parse_duration};
pub use email::{Email, EmailError};
pub use ids::{IdError, ProjectId, UserId};
pub use line::Line;
pub use phone::{Phone, PhoneError};
pub use project::{Messaging, Project};
pub use user::{NewUser, User, UserType};
