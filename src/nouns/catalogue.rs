//! Everything that can be asked of the service, noun by noun, and what answers it in the sandbox.

use super::{lines, project, users};
use crate::sandbox::exchange::Route;

/// Every endpoint with its handler.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    let nouns: [&'static [Route]; 3] = [&users::sandbox::ROUTES, &lines::sandbox::ROUTES, &project::sandbox::ROUTES];
    nouns.into_iter().flatten()
}
