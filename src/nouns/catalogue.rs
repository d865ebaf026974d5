//! Everything that can be asked of the service, noun by noun, and what answers it in the sandbox.

use super::{lines, project, tokens, users};
use crate::sandbox::exchange::Route;

/// Every endpoint with its handler.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    [].iter()
        .chain(&users::sandbox::ROUTES)
        .chain(&lines::sandbox::ROUTES)
        .chain(&project::sandbox::ROUTES)
        .chain(&tokens::sandbox::ROUTES)
}
