//! The words that every noun shares as types: parsed once, never bare strings. Imports nothing of ours.

pub mod blank;
pub mod email;
pub mod ids;
pub mod number;
pub mod phone;
pub mod time;
pub mod words;

pub use email::{Email, EmailError};
pub use ids::{IdError, ProjectId, UserId};
pub use phone::{Phone, PhoneError, PhoneFault};
pub use time::{DurationError, parse_age, parse_duration};
