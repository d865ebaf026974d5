//! The words that every noun shares as types: parsed once, never bare strings. Imports nothing of ours.

pub(crate) mod blank;
pub(crate) mod email;
pub mod ids;
pub(crate) mod number;
pub(crate) mod phone;
pub(crate) mod region;
pub(crate) mod time;
pub(crate) mod words;

pub use email::{Email, EmailError};
pub use ids::{IdError, ProjectId, UserId};
pub use phone::{Phone, PhoneError, PhoneFault};
pub use region::{Region, RegionError};
pub use time::{DurationError, parse_age, parse_duration};
