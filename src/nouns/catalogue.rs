//! Everything that can be asked of the service, noun by noun, and what answers it in the sandbox.

use crate::sandbox::exchange::Route;

/// Every endpoint with its handler.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    [].iter()
        .chain(&super::users::sandbox::ROUTES)
        .chain(&super::lines::sandbox::ROUTES)
        .chain(&super::project::sandbox::ROUTES)
        .chain(&super::tokens::sandbox::ROUTES)
}
